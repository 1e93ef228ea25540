//! CAP messages against the standard's own schema, and their references against a reader that is not ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::http::HeaderMap;
use linewatch::outbox::{Limits, Outbox};
use linewatch::sinks::{Couriers, Kind, cap};
use linewatch::watch::Notice;
use linewatch::watch::alert::{Count, Severity, State};

use crate::rig::sample::{at_s, metrics, notice, owe_at, sink, utc};
use crate::rig::{program, run, until};

const SENDER: &str = "linewatch.example.org";

/// The life of three alerts: one opened, updated twice and cleared; one opened again after it was cleared; and one
/// whose texts have everything XML must escape.
fn lives() -> Vec<Notice> {
    use State::{Cleared, Opened, Updated};
    let lives = [
        (1, vec![Opened, Updated, Updated, Cleared]),
        (2, vec![Opened, Cleared, Updated, Updated, Cleared]),
        (3, vec![Opened, Updated]),
    ];
    let mut notices = Vec::new();
    for (n, states) in lives {
        for (revision, state) in (1..).zip(states) {
            let mut said = Notice { revision, state, ..notice(n) };
            said.exercise = n != 2;
            if n == 3 {
                said.clause = Some("§ 2 <b>\"A\" & 'B'</b> ]]> Grüße \u{fffe}".into());
                (said.line, said.zone, said.direction) = (None, Some("north-buffer".into()), None);
                (said.severity, said.confidence) = (Severity::Urgent, 0.3);
                said.count =
                    Some(Count { expected: 3.5, limit: 2, unseen: Some(0.0), interval: (3, Some(4)) });
            }
            notices.push(said);
        }
    }
    notices
}

fn settings(dir: Option<PathBuf>, url: Option<String>) -> cap::Settings {
    cap::Settings { dir, url, sender: SENDER.to_owned(), language: "en".to_owned() }
}

fn outbox_owing_lives() -> Arc<Outbox> {
    let outbox = Arc::new(Outbox::new(&["cap"], Limits::default(), &metrics(&["cap"])));
    for (second, notice) in (20..).step_by(7).zip(lives()) {
        owe_at(&outbox, &notice, at_s(second));
    }
    outbox
}

/// Every message of those lives, as files; name and bytes of each, by name.
async fn delivered(outbox: &Arc<Outbox>, folder: &Path) -> Vec<(String, Vec<u8>)> {
    let sinks = [sink("cap", Kind::Cap(settings(Some(folder.to_owned()), None)))];
    let couriers = Couriers::start(&sinks, None, "east-3", outbox, &utc()).unwrap();
    assert_eq!(couriers.drain(Duration::from_secs(20)).await, []);
    let mut files: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), fs::read(entry.path()).unwrap()))
        .collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_message_validates_against_the_standards_schema() {
    let schema = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/data/cap/cap12.xsd"));
    if !schema.exists() {
        eprintln!("SKIPPED: ../shared/data/cap/cap12.xsd is not there");
        return;
    }
    let Some(xmllint) = program("xmllint") else { return };
    let folder = tempfile::tempdir().unwrap();
    let files = delivered(&outbox_owing_lives(), folder.path()).await;
    assert_eq!(files.len(), 11);
    let validate = |text: &[u8]| {
        let file = folder.path().join("one.xml");
        fs::write(&file, text).unwrap();
        let validated = run(Command::new(&xmllint).arg("--noout").arg("--schema").arg(schema).arg(file), "");
        (validated.status.success(), String::from_utf8_lossy(&validated.stderr).into_owned())
    };
    for (name, bytes) in &files {
        let (good, says) = validate(bytes);
        assert!(good, "{name}: {says}\n{}", String::from_utf8_lossy(bytes));
    }
    // It would say so.
    let first = String::from_utf8(files[0].1.clone()).unwrap();
    for (good, bad) in [("-00:00</sent>", "Z</sent>"), ("<scope>", "<reach>"), ("Immediate", "Soon")] {
        assert!(first.contains(good) && !validate(first.replace(good, bad).as_bytes()).0, "{bad}");
    }
}

/// Reads messages in the order they were sent, keeps its own books of what stands, and says every disagreement.
const READER: &str = r#"
import sys, pathlib, xml.etree.ElementTree as tree
ns = "{urn:oasis:names:tc:emergency:cap:1.2}"
messages, faults, seen = [], [], set()
for path in pathlib.Path(sys.argv[1]).glob("*.xml"):
    alert = tree.parse(path).getroot()
    say = lambda name, alert=alert: alert.findtext(ns + name)
    parameters = {p.findtext(ns + "valueName"): p.findtext(ns + "value") for p in alert.iter(ns + "parameter")}
    messages.append((say("incidents"), int(parameters["revision"]), say, parameters, alert))
stands = {}
for incident, revision, say, parameters, alert in sorted(messages, key=lambda m: m[:2]):
    name = say("incidents")[-1] + "." + str(revision)
    standing = stands.setdefault(incident, [])
    if (say("sender"), say("identifier")) in seen: faults.append(name + ": identifier used twice")
    seen.add((say("sender"), say("identifier")))
    references = say("references").split(" ") if say("references") else []
    if references != standing: faults.append(f"{name}: refers to {references}, and {standing} stands")
    state = parameters["state"]
    want = "Alert" if not standing else "Cancel" if state == "cleared" else "Update"
    if say("msgType") != want: faults.append(f"{name}: {say('msgType')}, not {want}")
    if say("scope") == "Restricted" and not say("restriction"): faults.append(name + ": restricted to nobody")
    if (say("status") == "Exercise") != (parameters.get("exercise") == "true"): faults.append(name + ": status")
    if any(c in say("identifier") + say("sender") for c in " ,<&"): faults.append(name + ": forbidden in names")
    lat_lon, radius = alert.find(f".//{ns}circle").text.split(" ")
    lat, lon = map(float, lat_lon.split(","))
    if (lat, lon) != (35.1, 33.3) or not 0.02 < float(radius) < 0.03: faults.append(f"{name}: circle {lat_lon} {radius}")
    standing.append(",".join([say("sender"), say("identifier"), say("sent")]))
    if state == "cleared": standing.clear()
    print(name, say("msgType"), len(references), parameters.get("clause"), sep="|")
sys.exit("\n".join(faults) or 0)
"#;

#[tokio::test]
async fn references_name_what_stands_for_a_reader_that_is_not_ours() {
    let Some(python) = program("python3") else { return };
    let folder = tempfile::tempdir().unwrap();
    delivered(&outbox_owing_lives(), folder.path()).await;
    let read = run(Command::new(python).arg("-c").arg(READER).arg(folder.path()), "");
    assert!(read.status.success(), "{}", String::from_utf8_lossy(&read.stderr));
    let said = String::from_utf8(read.stdout).unwrap();
    let kinds: Vec<String> =
        said.lines().map(|line| line.split('|').take(3).collect::<Vec<_>>().join(" ")).collect();
    let expected = [
        "1.1 Alert 0",
        "1.2 Update 1",
        "1.3 Update 2",
        "1.4 Cancel 3",
        "2.1 Alert 0",
        "2.2 Cancel 1",
        "2.3 Alert 0",
        "2.4 Update 1",
        "2.5 Cancel 2",
        "3.1 Alert 0",
        "3.2 Update 1",
    ];
    assert_eq!(kinds, expected);
    assert!(said.contains("§ 2 <b>\"A\" & 'B'</b> ]]> Grüße \u{fffd}"), "texts come through: {said}");
}

#[tokio::test]
async fn after_a_restart_the_same_bytes_are_sent() {
    let outbox = outbox_owing_lives();
    let restarted = Arc::new(Outbox::new(&["cap"], Limits::default(), &metrics(&["cap"])));
    restarted.restore(&outbox.snapshot()).unwrap();
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let before = delivered(&outbox, first.path()).await;
    assert!(before.len() == 11 && before == delivered(&restarted, second.path()).await);
}

#[tokio::test]
async fn a_message_is_delivered_once_its_file_is_there_and_its_post_is_taken() {
    type Posts = Arc<Mutex<Vec<(String, String)>>>;
    let posts = Posts::default();
    let into = Arc::clone(&posts);
    let take = move |headers: HeaderMap, body: String| {
        let into = Arc::clone(&into);
        async move {
            assert_eq!(headers["content-type"], "application/cap+xml");
            let name = headers["idempotency-key"].to_str().unwrap().to_owned();
            into.lock().unwrap().push((format!("{name}.xml"), body));
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/cap", listener.local_addr().unwrap());
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("made/when/needed");
    let outbox = outbox_owing_lives();
    let sinks = [sink("cap", Kind::Cap(settings(Some(dir.clone()), Some(url))))];
    let couriers = Couriers::start(&sinks, None, "east-3", &outbox, &utc()).unwrap();
    until("a first file", 10, || fs::read_dir(&dir).is_ok_and(|files| files.count() > 0)).await;
    assert_eq!(outbox.left()[0].notices, 11, "nobody has taken it");
    let app = axum::Router::new().route("/cap", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    until("all is delivered", 30, || outbox.left()[0].notices == 0).await;
    for (name, body) in posts.lock().unwrap().iter() {
        assert_eq!(&fs::read_to_string(dir.join(name)).unwrap(), body);
    }
    assert_eq!(couriers.drain(Duration::from_secs(5)).await, []);
}
