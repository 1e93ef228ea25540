//! Who came to stay.
//!
//! In: tracks with their places once a minute. Out: where somebody who was seen to move has now stayed for two minutes.
//! Who was first seen standing has not come. Knows no cell.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fusion::TrackId;
use crate::time::{Span, Timestamp};
use crate::watch::line::Point;

/// How long one stays.
const STAY: Span = Span::from_secs(120);
/// Tracks remembered.
const CAPACITY: usize = 20_000;

/// Where each track has been since when.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Stays {
    anchors: BTreeMap<TrackId, Anchor>,
    refused: u64,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
struct Anchor {
    at: Point,
    since: Timestamp,
    /// Nothing more is to be said of this stay: it was said, or the track was first seen here.
    said: bool,
}

impl Stays {
    /// A minute has passed: where somebody has come to stay. Where nobody has looked (`afresh`), who is there was there.
    pub(super) fn minute(
        &mut self,
        now: Timestamp,
        tracks: &[(TrackId, Point)],
        side_m: f64,
        afresh: bool,
    ) -> Vec<Point> {
        let mut came = Vec::new();
        let mut seen = BTreeMap::new();
        for (track, at) in tracks {
            let Some(mut anchor) = self.anchors.remove(track).filter(|_| !afresh) else {
                if seen.len() < CAPACITY {
                    seen.insert(*track, Anchor { at: *at, since: now, said: true });
                } else {
                    self.refused += 1;
                }
                continue;
            };
            if libm::hypot(at[0] - anchor.at[0], at[1] - anchor.at[1]) > 0.5 * side_m {
                anchor = Anchor { at: *at, since: now, said: false };
            } else if !anchor.said && now.since(anchor.since) >= STAY {
                anchor.said = true;
                came.push(*at);
            }
            seen.insert(*track, anchor);
        }
        // Who is not there any more is forgotten.
        self.anchors = seen;
        came
    }

    /// A track is what another was.
    pub(super) fn follow(&mut self, before: TrackId, heir: TrackId) {
        if let Some(anchor) = self.anchors.get(&before).copied() {
            self.anchors.insert(heir, anchor);
        }
    }
}
