//! One alert as Alertmanager's API takes it.
//!
//! Labels are what identifies an alert there: nothing among them changes from one revision to the next. Everything
//! else the notice says is an annotation.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::open_until;
use crate::outbox::{Beat, Owed, Standing};
use crate::time::Timestamp;

/// Fields of a notice that never change while its alert lives.
const LABELS: [&str; 6] = ["alert", "rule", "kind", "line", "zone", "exercise"];
/// Fields that are said otherwise.
const SAID_OTHERWISE: [&str; 2] = ["v", "raised_at"];

/// Makes them for one sector.
#[derive(Clone, Debug)]
pub struct Form {
    sector: String,
    resend: Duration,
}

impl Form {
    pub(super) fn new(sector: &str, resend: Duration) -> Self {
        Self { sector: sector.to_owned(), resend }
    }

    pub(super) fn owed(&self, owed: &Owed, now: Timestamp) -> Value {
        let ends_at = if owed.standing { open_until(now, self.resend) } else { owed.raised_at };
        self.alert(&owed.json, owed.raised_at, ends_at)
    }

    pub(super) fn standing(&self, standing: &Standing, now: Timestamp) -> Value {
        let raised_at = standing.latest.raised_at;
        let ends_at = if standing.open { open_until(now, self.resend) } else { raised_at };
        self.alert(&standing.json, raised_at, ends_at)
    }

    /// Fires as long as the engine's beats come: it ends by itself three lost ones later.
    pub(super) fn alive(&self, beat: &Beat, since: Timestamp) -> Value {
        json!({
            "labels": { "alertname": "LinewatchAlive", "sector": self.sector },
            "annotations": {
                "summary": format!("linewatch of sector {} is at work; silence means trouble", self.sector),
                "pending": beat.json.parse::<Value>().map_or(String::new(), |said| said["pending"].to_string()),
            },
            "startsAt": since,
            "endsAt": open_until(beat.time, self.resend.max(beat.every)),
        })
    }

    fn alert(&self, notice: &str, raised_at: Timestamp, ends_at: Timestamp) -> Value {
        let notice: Map<String, Value> = serde_json::from_str(notice).unwrap_or_default();
        let word = |key: &str| notice.get(key).and_then(Value::as_str).unwrap_or_default();
        let starts_at = Timestamp::parse(word("raised_at")).unwrap_or(raised_at);
        let mut labels = Map::new();
        labels.insert("alertname".to_owned(), format!("Linewatch{}", capitalised(word("kind"))).into());
        labels.insert("sector".to_owned(), self.sector.as_str().into());
        let mut annotations = Map::new();
        annotations.insert("summary".to_owned(), summary(&word).into());
        for (key, value) in &notice {
            let of = if LABELS.contains(&key.as_str()) { &mut labels } else { &mut annotations };
            if !SAID_OTHERWISE.contains(&key.as_str()) {
                of.insert(key.clone(), text(value).into());
            }
        }
        // It refuses an alert that ends before it began.
        let ends_at = ends_at.max(starts_at);
        json!({ "labels": labels, "annotations": annotations, "startsAt": starts_at, "endsAt": ends_at })
    }
}

fn summary<'a>(word: &impl Fn(&'static str) -> &'a str) -> String {
    let place = if word("line").is_empty() { word("zone") } else { word("line") };
    let direction = word("direction").replace('_', " ");
    let parts = [word("severity"), word("kind"), place, &direction, word("state")];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned)
}

fn capitalised(word: &str) -> String {
    let parts = word.split(['_', '-']).map(|part| {
        let mut letters = part.chars();
        letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn notice(revision: u32, severity: &str, state: &str) -> String {
        format!(
            r#"{{"v":1,"alert":"ab","revision":{revision},"state":"{state}","rule":"r","kind":"crossing",
            "severity":"{severity}","confidence":0.9,"event_time":"2026-01-01T00:00:1{revision}.000Z",
            "raised_at":"2026-01-01T00:00:11.000Z","line":"border","direction":"left_to_right","tracks":["17"],
            "exercise":true}}"#
        )
    }

    #[test]
    fn labels_identify_and_do_not_change_over_revisions() {
        let form = Form::new("east-3", Duration::from_secs(60));
        let at = Timestamp::from_secs(1_767_225_660);
        let first = form.alert(&notice(1, "warning", "opened"), at, open_until(at, form.resend));
        let last = form.alert(&notice(2, "alert", "cleared"), at, at);
        assert_eq!(first["labels"], last["labels"]);
        let labels = json!({ "alertname": "LinewatchCrossing", "sector": "east-3", "alert": "ab", "rule": "r",
            "kind": "crossing", "line": "border", "exercise": "true" });
        assert_eq!(first["labels"], labels);
        assert_eq!(first["startsAt"], last["startsAt"]);
        assert_eq!(first["endsAt"], "2026-01-01T00:05:00.000Z", "four tellings ahead");
        assert_eq!(last["endsAt"], "2026-01-01T00:01:00.000Z");
        assert_eq!(last["annotations"]["severity"], "alert");
        assert_eq!(last["annotations"]["tracks"], r#"["17"]"#);
        assert_eq!(last["annotations"]["summary"], "alert, crossing, border, left to right, cleared");
    }
}
