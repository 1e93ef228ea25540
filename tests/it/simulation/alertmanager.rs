//! What an Alertmanager was told, against what it should have been.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

/// Every revision was told, nothing else was, and of each alert that is over the end was told last.
pub(crate) fn told(posts: &BTreeSet<Arc<str>>, held: &BTreeSet<Arc<str>>) -> Result<(), String> {
    let mut told: BTreeSet<(String, String, String)> = BTreeSet::new();
    for post in posts {
        let post: Value = serde_json::from_str(post).map_err(|error| error.to_string())?;
        for alert in post.as_array().ok_or("a post is a list")? {
            let of = |part: &str, key: &str| alert[part][key].as_str().unwrap_or_default().to_owned();
            if of("labels", "alertname") != "LinewatchAlive" {
                told.insert((
                    of("labels", "alert"),
                    of("annotations", "revision"),
                    of("annotations", "state"),
                ));
            }
        }
    }
    let mut due = BTreeSet::new();
    let mut latest: BTreeMap<String, u64> = BTreeMap::new();
    for notice in held {
        let notice: Value = serde_json::from_str(notice).map_err(|error| error.to_string())?;
        let of = |key: &str| notice[key].as_str().unwrap_or_default().to_owned();
        let revision = notice["revision"].as_u64().unwrap_or_default();
        latest.entry(of("alert")).and_modify(|last| *last = revision.max(*last)).or_insert(revision);
        due.insert((of("alert"), revision.to_string(), of("state")));
    }
    let (lacks, extra) = (due.difference(&told).count(), told.difference(&due).count());
    if lacks + extra > 0 {
        return Err(format!(
            "L2/L3: am lacks {lacks} states and was told {extra} others, of {}",
            latest.len()
        ));
    }
    Ok(())
}
