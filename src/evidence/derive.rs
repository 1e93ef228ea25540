//! The alert derived again: the same engine over the same records, and what it said, where it was, and a picture of it.
//!
//! In: an engine as it was, and records. Out: notices, track and plot, as bytes that a bundle holds or is compared with.

use std::collections::BTreeMap;

use super::said::{Revisions, Said};
use crate::engine::{Engine, Event, PathRow, Settings};
use crate::fusion::TrackId;
use crate::plot::{Around, Plot, Request};
use crate::record::{Body, Record};
use crate::time::{Span, Timestamp};

/// A track's path is taken from here on: as far as it is remembered.
const PATH: Span = Span::from_secs(-120);
/// And once more so long after the alert was raised, when what came late is in it.
const SETTLED: Span = Span::from_secs(60);
/// The plot begins two minutes before it happened,
const PLOT_BEFORE: Span = Span::from_secs(-120);
/// ends so long after it was raised,
const PLOT_AFTER: Span = Span::from_secs(60);
/// and shows so much to each side, metres.
const PLOT_RADIUS_M: f64 = 1_500.0;

/// What was derived.
#[derive(Clone, Debug)]
pub struct Derived {
    /// What was said.
    pub revisions: Revisions,
    /// `track.jsonl`.
    pub track: Vec<u8>,
    /// `plot.svg`.
    pub plot: String,
}

/// A derivation under way.
pub struct Deriving {
    engine: Engine,
    first: Said,
    revisions: Revisions,
    tracks: Vec<TrackId>,
    path: BTreeMap<(TrackId, Timestamp), PathRow>,
    plot: Plot,
    shown: (Timestamp, Timestamp),
    settled: i64,
}

impl Deriving {
    /// Of the alert that `first` was said of, by an engine as it was before the first record; `settings` were in force
    /// when it was raised, and are drawn.
    #[must_use]
    pub fn begin(engine: Engine, first: &Said, settings: Settings) -> Self {
        let from = first.event_time.min(first.raised_at).plus(PLOT_BEFORE);
        let to = first.raised_at.plus(PLOT_AFTER);
        let at = first.position;
        let around = Around { east_m: at.east_m, north_m: at.north_m, radius_m: PLOT_RADIUS_M };
        let request = Request { from: Some(from), to: Some(to), around: Some(around) };
        Self {
            engine,
            revisions: Revisions::default(),
            tracks: Vec::new(),
            path: BTreeMap::new(),
            plot: Plot::new(settings, request, Timestamp::from_secs(from.floor_secs())),
            shown: (from, to),
            settled: first.raised_at.plus(SETTLED).ceil_secs(),
            first: first.clone(),
        }
    }

    /// Takes the next record.
    pub fn step(&mut self, record: &Record) {
        let now = record.received;
        for event in self.engine.step(record) {
            let Event::Notice(notice) = event else { continue };
            if *notice.alert != *self.first.alert {
                continue;
            }
            // A revision out of order shows when what was said is compared.
            let _ = self.revisions.take(&self.first.alert, notice.to_json().as_bytes());
            self.plot.notice(&notice);
            self.tracks = notice.tracks.iter().filter_map(|id| id.parse().ok().map(TrackId)).collect();
            self.trace(now);
        }
        if record.body == Body::Tick {
            if self.shown.0 <= now && now <= self.shown.1 {
                self.plot.observe(&self.engine.picture());
            }
            if now.floor_secs() == self.settled {
                self.trace(now);
            }
        }
    }

    /// What is known now of where it was is known better than before.
    fn trace(&mut self, now: Timestamp) {
        for track in &self.tracks {
            for row in self.engine.path(*track, now.plus(PATH), now) {
                self.path.insert((*track, row.time), row);
            }
        }
    }

    /// What was derived.
    #[must_use]
    pub fn finish(self) -> Derived {
        let mut track = Vec::new();
        for row in self.path.values() {
            serde_json::to_writer(&mut track, row).expect("numbers and texts have a JSON form");
            track.push(b'\n');
        }
        Derived { revisions: self.revisions, track, plot: self.plot.draw() }
    }
}
