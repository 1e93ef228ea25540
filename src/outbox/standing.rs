//! Which alerts stand: the latest notice of each that is open, and of each that was cleared a short while ago.
//!
//! For far ends that must be told again and again what stands, and for messages that name those before them. In: every
//! notice, in the log's order, and the log's time. Out: the standing alerts by id.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::time::{Span, Timestamp};

/// How long a cleared alert is still told, for a far end that was away when it was cleared.
const CLEARED_TOLD: Span = Span::from_secs(15 * 60);
/// Most revisions remembered of one alert: what came before them has been superseded by them.
const MOST_EARLIER: usize = 32;

/// A revision, and when it was raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revision {
    /// Its number.
    pub revision: u32,
    /// When it was raised.
    pub raised_at: Timestamp,
}

/// One alert that stands, by its latest notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The alert's id.
    pub alert: Arc<str>,
    /// The notice's sequence.
    pub sequence: u64,
    /// Its revision, and when that was raised.
    pub latest: Revision,
    /// Its JSON.
    pub json: Arc<str>,
    /// Whether it is open; cleared otherwise.
    pub open: bool,
    /// Who is told of it.
    pub told: Told,
}

/// Who is told of an alert.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Every sink, those that come later too.
    pub all: bool,
    /// Sinks by name, each with the first revision it was told.
    pub since: BTreeMap<Arc<str>, u32>,
}

impl Told {
    /// Whether a sink is.
    #[must_use]
    pub fn has(&self, sink: &str) -> bool {
        self.all || self.since.contains_key(sink)
    }

    /// The first revision that a sink was told.
    #[must_use]
    pub fn since(&self, sink: &str) -> u32 {
        self.since.get(sink).copied().unwrap_or(0)
    }
}

/// To whom a notice is addressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    /// Everybody.
    All,
    /// Sinks by name.
    Sinks(BTreeSet<Arc<str>>),
}

/// All of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Standings {
    by_alert: BTreeMap<Arc<str>, (Standing, Vec<Revision>)>,
    /// Cleared alerts by when, so that forgetting them costs nothing until one is due.
    cleared: BTreeMap<(Timestamp, Arc<str>), ()>,
}

impl Standings {
    /// Takes note of a notice for these sinks, or for all; it, with its alert's id, and the revisions before it that
    /// nothing has cleared. Whoever has been told of an alert is told what becomes of it, until it is cleared.
    pub(super) fn say(
        &mut self,
        sequence: u64,
        alert: &str,
        latest: Revision,
        json: &Arc<str>,
        open: bool,
        to: Option<&BTreeSet<Arc<str>>>,
    ) -> (Standing, Arc<[Revision]>) {
        let Revision { revision, raised_at } = latest;
        self.forget(raised_at);
        let before = self.by_alert.remove(alert);
        let id =
            before.as_ref().map_or_else(|| Arc::from(alert), |(standing, _)| Arc::clone(&standing.alert));
        let (mut earlier, mut told) = (Vec::new(), Told::default());
        if let Some((standing, revisions)) = before {
            if standing.open {
                told = standing.told;
                earlier = revisions;
                earlier.push(standing.latest);
                let excess = earlier.len().saturating_sub(MOST_EARLIER);
                earlier.drain(..excess);
            } else {
                self.cleared.remove(&(standing.latest.raised_at, Arc::clone(&id)));
            }
        }
        let before_it: Arc<[Revision]> = earlier.as_slice().into();
        if !open {
            self.cleared.insert((raised_at, Arc::clone(&id)), ());
        }
        told.all |= to.is_none();
        for sink in to.into_iter().flatten() {
            told.since.entry(Arc::clone(sink)).or_insert(revision);
        }
        let json = Arc::clone(json);
        let standing = Standing { alert: Arc::clone(&id), sequence, latest, json, open, told };
        self.by_alert.insert(id, (standing.clone(), earlier));
        (standing, before_it)
    }

    /// Forgets what was cleared long before `now`.
    pub(super) fn forget(&mut self, now: Timestamp) {
        while let Some(entry) = self.cleared.first_entry() {
            if now.since(entry.key().0) < CLEARED_TOLD {
                return;
            }
            let ((_, alert), ()) = entry.remove_entry();
            self.by_alert.remove(&alert);
        }
    }

    pub(super) fn after(&self, alert: Option<&str>) -> Option<Standing> {
        let after = alert.map_or(Unbounded, Excluded);
        self.by_alert.range::<str, _>((after, Unbounded)).next().map(|(_, (standing, _))| standing.clone())
    }
}
