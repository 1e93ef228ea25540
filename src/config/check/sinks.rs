//! The sinks: each with what its kind needs.

use super::refuse_repeated;
use crate::config::error::Report;
use crate::config::raw::{Sink, SinkWord};
use crate::sinks::{Kind, Settings};

/// Each sink of the file, those refused left out.
pub(super) fn sinks(raw: &[Sink], has_mqtt: bool, report: &mut Report) -> Vec<Settings> {
    refuse_repeated(raw.iter().map(|sink| sink.id.as_ref()), "sinks", report);
    let one = |(index, sink): (usize, &Sink)| {
        let at_url = format!("sinks[{index}].url");
        let kind = match (sink.kind?.0, &sink.url) {
            (SinkWord::Webhook, Some(url)) if is_http(&url.0) => Kind::Webhook { url: url.0.clone() },
            (SinkWord::Webhook, _) => {
                report.refuse(&at_url, "http://HOST… or https://HOST…, without a user or password in it");
                return None;
            }
            (SinkWord::Mqtt, Some(_)) => {
                report.refuse(&at_url, "no `url` in a sink of kind mqtt: it uses the broker of [mqtt]");
                return None;
            }
            (SinkWord::Mqtt, None) => Kind::Mqtt,
        };
        if kind == Kind::Mqtt && !has_mqtt {
            report.refuse(
                &format!("sinks[{index}].kind"),
                "a section [mqtt]: a sink of kind mqtt uses its broker",
            );
        }
        Some(Settings { id: sink.id.as_ref()?.0.clone(), kind })
    };
    raw.iter().enumerate().filter_map(one).collect()
}

fn is_http(url: &str) -> bool {
    let rest = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    let authority = rest.map(|rest| &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())]);
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic());
    is_plain && authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'))
}
