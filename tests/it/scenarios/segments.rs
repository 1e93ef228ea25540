//! Which track follows which target from when to when: Stone Soup's track-to-truth rule, on which SIAP's figures and the
//! initiation delay rest.
//!
//! At each second a track's candidate is the nearest target within reach. Three in a row associate it, from the first of
//! them on; two others in a row end it.

use std::collections::BTreeMap;

use super::run::Second;

const CONFIRM: usize = 3;
const END: usize = 2;

/// A stretch in which a track followed a target, both ends included, as indices of seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment<'a> {
    pub(crate) track: &'a str,
    pub(crate) target: &'a str,
    pub(crate) from: usize,
    pub(crate) to: usize,
}

/// What is known of one track on the way.
#[derive(Default)]
struct Standing<'a> {
    /// The target it is associated with, since when, and when they last agreed.
    with: Option<(&'a str, usize, usize)>,
    disagreed: usize,
    candidate: Option<(&'a str, usize)>,
    run: usize,
}

/// Every stretch, in no particular order.
pub(crate) fn segments(seconds: &[Second], within_m: f64) -> Vec<Segment<'_>> {
    let mut standings: BTreeMap<&str, Standing<'_>> = BTreeMap::new();
    let mut found = Vec::new();
    for (at, second) in seconds.iter().enumerate() {
        for track in &second.tracks {
            let standing = standings.entry(&track.id).or_default();
            standing.step(at, nearest(second, track.at, within_m), &track.id, &mut found);
        }
    }
    for (track, standing) in standings {
        let Some((target, from, to)) = standing.with else { continue };
        found.push(Segment { track, target, from, to });
    }
    found
}

fn nearest(second: &Second, at: [f64; 2], within_m: f64) -> Option<&str> {
    let squares = second.truth.iter().map(|target| {
        let (x, y) = (target.at[0] - at[0], target.at[1] - at[1]);
        (x * x + y * y, target.id.as_str())
    });
    let (square, id) = squares.min_by(|a, b| a.0.total_cmp(&b.0))?;
    (square.sqrt() < within_m).then_some(id)
}

impl<'a> Standing<'a> {
    fn step(&mut self, at: usize, near: Option<&'a str>, track: &'a str, found: &mut Vec<Segment<'a>>) {
        let Some((target, from, to)) = &mut self.with else { return self.seek(at, near) };
        if near == Some(*target) {
            (self.disagreed, *to) = (0, at);
            return;
        }
        self.disagreed += 1;
        if near.is_some() && near == self.candidate.map(|(id, _)| id) {
            self.run += 1;
        } else {
            (self.candidate, self.run) = (near.map(|id| (id, at)), 1);
        }
        if self.disagreed < END {
            return;
        }
        found.push(Segment { track, target, from: *from, to: *to });
        self.with = match self.candidate {
            Some((next, since)) if self.run >= CONFIRM => Some((next, since, at)),
            _ => None,
        };
    }

    fn seek(&mut self, at: usize, near: Option<&'a str>) {
        match near {
            None => (self.candidate, self.run) = (None, 0),
            Some(id) if self.candidate.is_some_and(|(other, _)| other == id) => self.run += 1,
            Some(id) => (self.candidate, self.run) = (Some((id, at)), 1),
        }
        if let Some((target, since)) = self.candidate.filter(|_| self.run >= CONFIRM) {
            self.with = Some((target, since, at));
            (self.candidate, self.run) = (None, 0);
        }
    }
}

#[test]
fn a_track_that_changes_over_has_two_segments() {
    let places = [[0.0, 0.0], [100.0, 0.0]];
    let mut seconds: Vec<Second> = Vec::new();
    for k in 0..10 {
        let at = if k < 5 { 1.0 } else { 99.0 };
        seconds.push(Second { t_s: k, ..Second::sketch(&places, &[[at, 0.0]]) });
    }
    let found = segments(&seconds, 20.0);
    let ends: Vec<_> = found.iter().map(|s| (s.target, s.from, s.to)).collect();
    // The first ends with the second disagreement; the candidate then needs a third second to be the next.
    assert_eq!(ends, [("0", 0, 4), ("1", 5, 9)]);
}
