//! Whether what was said is what was to be said.

use std::collections::BTreeMap;

use linewatch::watch::Notice;
use linewatch::watch::alert::{Severity, State};
use serde_json::Value;

use super::script::Expected;

/// One alert through its life.
struct Alert<'a> {
    revisions: Vec<&'a Notice>,
    /// Its last revision.
    last: Value,
}

impl Alert<'_> {
    fn first(&self) -> &Notice {
        self.revisions[0]
    }

    fn raised_s(&self, begins_s: i64) -> f64 {
        self.first().raised_at.since(linewatch::time::Timestamp::from_secs(begins_s)).as_secs_f64()
    }

    fn severity(&self) -> Severity {
        self.revisions.iter().map(|notice| notice.severity).max().expect("at least one revision")
    }

    fn is_cleared(&self) -> bool {
        self.revisions.last().is_some_and(|notice| notice.state == State::Cleared)
    }

    fn name(&self, begins_s: i64) -> String {
        let (first, at_s) = (self.first(), self.raised_s(begins_s));
        format!("{} {} at {at_s:.1} s, {}", first.kind, first.rule, self.severity().as_str())
    }

    fn indicators(&self) -> Vec<&str> {
        let listed = self.last.get("indicators").and_then(Value::as_array);
        listed.into_iter().flatten().filter_map(|one| one.get("name")?.as_str()).collect()
    }
}

/// What is wrong: alerts that are missing, or that nobody expected.
pub(crate) fn complaints(expected: &[Expected], notices: &[Notice], begins_s: i64) -> Vec<String> {
    let mut alerts: BTreeMap<&str, Vec<&Notice>> = BTreeMap::new();
    for notice in notices {
        alerts.entry(&notice.alert).or_default().push(notice);
    }
    let mut left: Vec<Alert<'_>> = alerts
        .into_values()
        .map(|revisions| {
            let last = revisions.last().expect("at least one revision").to_json();
            Alert { last: serde_json::from_str(&last).expect("a notice is JSON"), revisions }
        })
        .collect();
    left.sort_by_key(|alert| alert.first().raised_at);
    let mut complaints = Vec::new();
    for one in expected {
        for _ in 0..one.times {
            let found = left.iter().position(|alert| {
                let first = alert.first();
                let is_in_time = (one.raised_s[0]..=one.raised_s[1]).contains(&alert.raised_s(begins_s));
                first.kind == one.kind && *first.rule == *one.rule && is_in_time
            });
            match found {
                Some(at) => complaints.extend(differences(one, &left.remove(at), begins_s)),
                None => complaints.push(format!("no {} {} in {:?} s", one.kind, one.rule, one.raised_s)),
            }
        }
    }
    complaints.extend(left.iter().map(|alert| format!("not expected: {}", alert.name(begins_s))));
    complaints
}

fn differences(expected: &Expected, alert: &Alert<'_>, begins_s: i64) -> Vec<String> {
    let name = alert.name(begins_s);
    let mut found = Vec::new();
    if expected.severity.as_deref().is_some_and(|severity| severity != alert.severity().as_str()) {
        found.push(format!("{name}: expected {:?}", expected.severity));
    }
    if expected.cleared.is_some_and(|cleared| cleared != alert.is_cleared()) {
        found.push(format!("{name}: cleared is {}", alert.is_cleared()));
    }
    for indicator in &expected.indicators {
        if !alert.indicators().contains(&indicator.as_str()) {
            found.push(format!("{name}: no indicator {indicator}, but {:?}", alert.indicators()));
        }
    }
    for (key, value) in &expected.holds {
        if alert.last.get(key) != Some(value) {
            found.push(format!("{name}: {key} is {:?}, not {value}", alert.last.get(key)));
        }
    }
    found
}
