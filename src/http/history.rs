//! What was said of each alert, revision by revision, as far as this process remembers.
//!
//! In: notices as they are said. Out: those of one alert. Bounded: the oldest alerts, and of one alert the oldest
//! revisions, are forgotten; the journal has them all.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError};

use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::Shared;

/// Alerts remembered.
const MOST_ALERTS: usize = 4_096;
/// Revisions of one alert remembered.
const MOST_REVISIONS: usize = 64;

/// The notices of the latest alerts.
#[derive(Debug, Default)]
pub(super) struct History {
    by_alert: BTreeMap<Arc<str>, VecDeque<Arc<str>>>,
    /// By when they were first said.
    order: VecDeque<Arc<str>>,
}

impl History {
    pub(super) fn hear(&mut self, alert: &str, json: &str) {
        if !self.by_alert.contains_key(alert) {
            let id: Arc<str> = alert.into();
            self.order.push_back(Arc::clone(&id));
            self.by_alert.insert(id, VecDeque::new());
            if self.order.len() > MOST_ALERTS
                && let Some(oldest) = self.order.pop_front()
            {
                self.by_alert.remove(&oldest);
            }
        }
        if let Some(revisions) = self.by_alert.get_mut(alert) {
            revisions.push_back(json.into());
            if revisions.len() > MOST_REVISIONS {
                revisions.pop_front();
            }
        }
    }

    fn of(&self, alert: &str) -> Vec<Arc<str>> {
        self.by_alert.get(alert).map(|revisions| revisions.iter().cloned().collect()).unwrap_or_default()
    }
}

/// `{"alert":LATEST,"revisions":[…]}`: every notice in the bytes in which it was said.
pub(super) async fn alert(State(shared): State<Arc<Shared>>, Path(alert): Path<String>) -> Response {
    let mut revisions = shared.history.lock().unwrap_or_else(PoisonError::into_inner).of(&alert);
    if revisions.is_empty() {
        // Said before this process began.
        let picture = shared.picture();
        let open = picture.alerts.iter().find(|notice| *notice.alert == *alert);
        revisions.extend(open.map(|notice| Arc::from(notice.to_json())));
    }
    let Some(latest) = revisions.last() else {
        return (StatusCode::NOT_FOUND, "no such alert is open or was lately\n").into_response();
    };
    let body = format!("{{\"alert\":{latest},\"revisions\":[{}]}}", revisions.join(","));
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_are_forgotten() {
        let mut history = History::default();
        for n in 0..=MOST_ALERTS {
            history.hear(&n.to_string(), "{}");
        }
        assert!(history.of("0").is_empty());
        assert_eq!(history.of("1").len(), 1);
        for revision in 0..=MOST_REVISIONS {
            history.hear("x", &revision.to_string());
        }
        let kept = history.of("x");
        assert_eq!((kept.len(), &*kept[0]), (MOST_REVISIONS, "1"));
    }
}
