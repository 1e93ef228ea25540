//! `linewatch alert`: acknowledge, shelve and review alerts of a running daemon, over its HTTP listener.

use std::io::Write;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context;
use serde_json::{Value, json};

use super::Failure;
use crate::clock::Clock;
use crate::time::Span;
use crate::tls;

/// Longer than the daemon waits for its own disk.
const PATIENCE: Duration = Duration::from_secs(15);

/// What to do with an alert.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// List the open alerts.
    #[command(
        after_help = "Examples:\n  linewatch alert list\n  linewatch alert list --json | jq '.alerts[].alert'"
    )]
    List {
        /// Which daemon.
        #[command(flatten)]
        daemon: Daemon,
        /// The daemon's JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Say that you have seen an alert: it is not passed on to the next recipients.
    #[command(after_help = "Examples:\n  linewatch alert acknowledge 3fa9 --by \"Ada Lovelace\"\n  \
        linewatch alert acknowledge 3fa9 --by ada --reason \"patrol sent\" --http 127.0.0.1:8080")]
    Acknowledge {
        /// Which alert, and who.
        #[command(flatten)]
        of: Of,
        /// A note.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Be silent about an alert for a time; it returns by itself. Urgent alerts cannot be shelved.
    #[command(
        after_help = "Examples:\n  linewatch alert shelve 3fa9 --by ada --reason \"known works\" --for 2h"
    )]
    Shelve {
        /// Which alert, and who.
        #[command(flatten)]
        of: Of,
        /// Why.
        #[arg(long)]
        reason: String,
        /// For how long, at most a day.
        #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
        duration: Duration,
    },
    /// Be silent no longer.
    #[command(after_help = "Examples:\n  linewatch alert unshelve 3fa9 --by ada")]
    Unshelve {
        /// Which alert, and who.
        #[command(flatten)]
        of: Of,
        /// A note.
        #[arg(long)]
        reason: Option<String>,
    },
    /// Say what an alert was: confirmed, a false alarm and its cause, or exempt and by which document.
    #[command(after_help = "Examples:\n  linewatch alert review 3fa9 --by ada --verdict confirmed\n  \
        linewatch alert review 3fa9 --by ada --verdict false_alarm --cause \"herd of cattle\"\n  \
        linewatch alert review 3fa9 --by ada --verdict exempt --document \"Note 7/2026\"")]
    Review {
        /// Which alert, and who.
        #[command(flatten)]
        of: Of,
        /// What it was.
        #[arg(long, value_parser = ["confirmed", "false_alarm", "exempt"])]
        verdict: String,
        /// What was taken for it, for a false alarm.
        #[arg(long)]
        cause: Option<String>,
        /// The document that allows it, for what is exempt.
        #[arg(long)]
        document: Option<String>,
        /// A note.
        #[arg(long)]
        reason: Option<String>,
    },
}

/// Which daemon.
#[derive(Debug, clap::Args)]
pub struct Daemon {
    /// Where the daemon's HTTP listens, on this machine.
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    http: SocketAddr,
}

/// Which alert, and who.
#[derive(Debug, clap::Args)]
pub struct Of {
    /// The alert's id, or how that of one open alert begins.
    alert: String,
    /// Who you are: it is recorded.
    #[arg(long, value_name = "NAME")]
    by: String,
    #[command(flatten)]
    daemon: Daemon,
}

/// Does it.
///
/// # Errors
/// The daemon cannot be reached, or refuses and says why.
pub fn run(command: &Command) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("starting the runtime")?.block_on(perform(command))
}

async fn perform(command: &Command) -> Result<(), Failure> {
    let (deed, of, mut body) = match command {
        Command::List { daemon, json } => return list(daemon, *json).await,
        Command::Acknowledge { of, reason } => ("acknowledge", of, json!({ "reason": reason })),
        Command::Unshelve { of, reason } => ("unshelve", of, json!({ "reason": reason })),
        Command::Shelve { of, reason, duration } => {
            let until = Clock::system().now().plus(Span::from_secs_f64(duration.as_secs_f64()));
            ("shelve", of, json!({ "reason": reason, "until": until }))
        }
        Command::Review { of, verdict, cause, document, reason } => {
            let said = json!({ "verdict": verdict, "cause": cause, "document": document, "reason": reason });
            ("review", of, said)
        }
    };
    body["actor"] = of.by.as_str().into();
    let client = client()?;
    let alert = whole_id(&client, of).await?;
    let url = format!("http://{}/api/v1/alerts/{alert}/{deed}", of.daemon.http);
    let request = client.post(url).header("content-type", "application/json").body(body.to_string());
    let answer = answered(request, of.daemon.http).await?;
    let what = if answer["changed"] == true { "done" } else { "so already" };
    say(&format!("{what}: {deed} {alert}, record {}\n", answer["position"]))
}

async fn list(daemon: &Daemon, json: bool) -> Result<(), Failure> {
    let picture = get_alerts(&client()?, daemon.http).await?;
    if json {
        return say(&format!("{picture}\n"));
    }
    let word = |notice: &Value, key: &str| notice[key].as_str().unwrap_or_default().to_owned();
    let mut text = String::new();
    for notice in picture["alerts"].as_array().into_iter().flatten() {
        let marks: Vec<&str> =
            ["acknowledged", "shelved", "review"].into_iter().filter(|key| !notice[*key].is_null()).collect();
        let [id, severity, kind, rule, at] =
            ["alert", "severity", "kind", "rule", "event_time"].map(|key| word(notice, key));
        let id = id.get(..12).unwrap_or(&id);
        text += &format!("{id}  {severity:<8} {kind:<12} {rule:<20} {at}  {}\n", marks.join(" "));
    }
    say(if text.is_empty() { "no open alert\n" } else { &text })
}

/// The id that begins so: of a whole one the daemon knows better.
async fn whole_id(client: &reqwest::Client, of: &Of) -> Result<String, Failure> {
    if of.alert.len() >= 64 {
        return Ok(of.alert.clone());
    }
    let picture = get_alerts(client, of.daemon.http).await?;
    let ids =
        picture["alerts"].as_array().into_iter().flatten().filter_map(|notice| notice["alert"].as_str());
    let found: Vec<&str> = ids.filter(|id| id.starts_with(&of.alert)).collect();
    match found.as_slice() {
        [id] => Ok((*id).to_owned()),
        [] => Err(Failure::Input(format!(
            "no open alert begins with {:?}; `linewatch alert list` shows them, others need their whole id",
            of.alert
        ))),
        several => Err(Failure::Input(format!("{} open alerts begin with {:?}", several.len(), of.alert))),
    }
}

async fn get_alerts(client: &reqwest::Client, http: SocketAddr) -> Result<Value, Failure> {
    answered(client.get(format!("http://{http}/api/v1/alerts")), http).await
}

async fn answered(request: reqwest::RequestBuilder, http: SocketAddr) -> Result<Value, Failure> {
    let unreachable = |error: reqwest::Error| {
        let why = error.without_url();
        Failure::Machine(format!("{http}: {why}; is the daemon running, with [http] listen there?"))
    };
    let answer = request.send().await.map_err(unreachable)?;
    let status = answer.status();
    let text = answer.text().await.map_err(unreachable)?;
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    if status.is_success() {
        return Ok(value);
    }
    let why = value["error"].as_str().unwrap_or(text.trim());
    Err(Failure::Input(format!("refused ({status}): {why}")))
}

fn client() -> Result<reqwest::Client, Failure> {
    let tls = tls::client_config(None, None).map_err(Failure::input)?;
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(PATIENCE);
    Ok(client.build().context("an HTTP client")?)
}

fn say(text: &str) -> Result<(), Failure> {
    std::io::stdout().write_all(text.as_bytes()).context("writing to standard output")?;
    Ok(())
}
