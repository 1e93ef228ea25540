//! The sinks: each with what its kind needs, and nothing that means nothing to it.

use std::path::Path;
use std::time::Duration;

use super::refuse_repeated;
use crate::config::error::{Report, join};
use crate::config::raw::leaf::Text;
use crate::config::raw::{Sink, SinkWord};
use crate::sinks::{Kind, Settings, alertmanager, cap};

const RESEND_S: u64 = 60;
const LANGUAGE: &str = "en";

/// Each sink of the file, those refused left out. Relative folders start at `folder`.
pub(super) fn sinks(raw: &[Sink], has_mqtt: bool, folder: &Path, report: &mut Report) -> Vec<Settings> {
    refuse_repeated(raw.iter().map(|sink| sink.id.as_ref()), "sinks", report);
    let one = |(index, sink): (usize, &Sink)| {
        let at = format!("sinks[{index}]");
        let word = sink.kind?.0;
        refuse_meaningless(sink, word, &at, report);
        let kind = match word {
            SinkWord::Webhook => Kind::Webhook { url: url(sink.url.as_ref(), &at, report)? },
            SinkWord::Mqtt => {
                if !has_mqtt {
                    let expected = "a section [mqtt]: a sink of kind mqtt uses its broker";
                    report.refuse(&join(&at, "kind"), expected);
                }
                Kind::Mqtt
            }
            SinkWord::Alertmanager => Kind::Alertmanager(alertmanager::Settings {
                url: url(sink.url.as_ref(), &at, report)?,
                resend: Duration::from_secs(sink.resend_s.map_or(RESEND_S, |seconds| seconds.0)),
            }),
            SinkWord::Cap => Kind::Cap(cap(sink, folder, &at, report)?),
        };
        let dead_man = sink.dead_man_s.map(|seconds| Duration::from_secs(seconds.0));
        Some(Settings { id: sink.id.as_ref()?.0.clone(), kind, dead_man })
    };
    raw.iter().enumerate().filter_map(one).collect()
}

/// A key that another kind of sink has says that somebody expects what will not happen.
fn refuse_meaningless(sink: &Sink, word: SinkWord, at: &str, report: &mut Report) {
    use SinkWord::{Alertmanager, Cap, Mqtt, Webhook};
    let keys = [
        ("url", sink.url.is_some(), &[Webhook, Alertmanager, Cap][..]),
        ("resend_s", sink.resend_s.is_some(), &[Alertmanager]),
        ("dir", sink.dir.is_some(), &[Cap]),
        ("sender", sink.sender.is_some(), &[Cap]),
        ("language", sink.language.is_some(), &[Cap]),
        ("dead_man_s", sink.dead_man_s.is_some(), &[Webhook, Mqtt, Alertmanager]),
    ];
    for (key, is_there, kinds) in keys {
        if is_there && !kinds.contains(&word) {
            let why = match (word, key) {
                (Mqtt, "url") => "mqtt: it uses the broker of [mqtt]",
                (Cap, "dead_man_s") => "cap: the standard has no sign of life",
                (Webhook, _) => "webhook",
                (Mqtt, _) => "mqtt",
                (Alertmanager, _) => "alertmanager",
                (Cap, _) => "cap",
            };
            report.refuse(&join(at, key), format!("no `{key}` in a sink of kind {why}"));
        }
    }
}

fn url(url: Option<&Text>, at: &str, report: &mut Report) -> Option<String> {
    let good = url.filter(|url| is_http(&url.0)).map(|url| url.0.clone());
    if good.is_none() {
        let expected = "http://HOST… or https://HOST…, without a user or password in it";
        report.refuse(&join(at, "url"), expected);
    }
    good
}

fn cap(sink: &Sink, folder: &Path, at: &str, report: &mut Report) -> Option<cap::Settings> {
    if sink.dir.is_none() && sink.url.is_none() {
        report.refuse(at, "a `dir` for files, a `url` to POST to, or both");
    }
    let good = |sender: &&Text| !sender.0.contains([' ', ',', '<', '&']);
    let sender = sink.sender.as_ref().filter(good).map(|sender| sender.0.clone());
    if sender.is_none() {
        report.refuse(&join(at, "sender"), "who sends, as a domain name: no space, comma, < or &");
    }
    let language = sink.language.as_ref().map_or(LANGUAGE, |language| &language.0);
    if !is_language(language) {
        report.refuse(&join(at, "language"), "a language tag such as en or en-GB");
    }
    let post = sink.url.as_ref().map(|text| url(Some(text), at, report));
    Some(cap::Settings {
        dir: sink.dir.as_ref().map(|dir| folder.join(&dir.0)),
        url: match post {
            Some(refused_or_good) => Some(refused_or_good?),
            None => None,
        },
        sender: sender?,
        language: language.to_owned(),
    })
}

/// The form XML Schema's `language` demands.
fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let is_part = |part: &str| (1..=8).contains(&part.len());
    let first =
        parts.next().is_some_and(|part| is_part(part) && part.bytes().all(|b| b.is_ascii_alphabetic()));
    first && parts.all(|part| is_part(part) && part.bytes().all(|b| b.is_ascii_alphanumeric()))
}

fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let authority = rest.map(|rest| &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]);
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'))
}
