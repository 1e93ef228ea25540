//! Sentences that must hold of a run, and the questions they are made of.

use super::gospa::Matching;
use super::run::{Run, Second};
use super::score::{Reach, Score, score};

/// χ² with two degrees of freedom: 95 % lie below.
const CHI2_2_95: f64 = 5.991;

/// One thing a case is about.
#[derive(Clone, Debug)]
pub(crate) struct Sentence {
    /// What must hold, in words that stay the same.
    pub(crate) says: &'static str,
    /// How it stands.
    pub(crate) figure: String,
    pub(crate) holds: bool,
}

impl Sentence {
    pub(crate) fn new(says: &'static str, holds: bool, figure: impl Into<String>) -> Self {
        Self { says, figure: figure.into(), holds }
    }
}

/// A run with its figures.
pub(crate) struct Scored {
    pub(crate) run: Run,
    pub(crate) score: Score,
    pub(crate) matchings: Vec<Matching>,
    pub(crate) reach: Reach,
}

impl Scored {
    pub(crate) fn of(run: Run, reach: Reach) -> Self {
        let (score, matchings) = score(&run.seconds, reach);
        Self { run, score, matchings, reach }
    }

    /// The figures from second `from_s` on.
    pub(crate) fn from(&self, from_s: i64) -> Score {
        let seconds: Vec<Second> =
            self.run.seconds.iter().filter(|second| second.t_s >= from_s).cloned().collect();
        score(&seconds, self.reach).0
    }

    fn at(&self, t_s: i64) -> Option<(&Second, &Matching)> {
        self.run.seconds.iter().zip(&self.matchings).find(|(second, _)| second.t_s == t_s)
    }

    /// The id of the track that a target has at a second, or `-`.
    pub(crate) fn track_of(&self, target: &str, t_s: i64) -> &str {
        let found = self.at(t_s).and_then(|(second, matching)| {
            let pair = matching.pairs.iter().find(|pair| second.truth[pair.0].id == target)?;
            Some(second.tracks[pair.1].id.as_str())
        });
        found.unwrap_or("-")
    }

    /// The tracks of several targets at a second.
    pub(crate) fn tracks_of(&self, targets: &[&str], t_s: i64) -> Vec<&str> {
        targets.iter().map(|target| self.track_of(target, t_s)).collect()
    }

    /// Whether each of the targets has its own track at `before_s`, and the same at `after_s`.
    pub(crate) fn kept(&self, says: &'static str, targets: &[&str], before_s: i64, after_s: i64) -> Sentence {
        let (before, after) = (self.tracks_of(targets, before_s), self.tracks_of(targets, after_s));
        let distinct = before.iter().enumerate().all(|(k, id)| !before[..k].contains(id));
        let holds = distinct && !before.contains(&"-") && before == after;
        let letters = lettered(&[&before, &after]);
        Sentence::new(says, holds, format!("{before_s} s: {}; {after_s} s: {}", letters[0], letters[1]))
    }

    /// Least distance between two targets, and when.
    pub(crate) fn closest(&self, a: &str, b: &str) -> (i64, f64) {
        let place = |second: &Second, id: &str| {
            second.truth.iter().find(|target| target.id == id).map(|target| target.at)
        };
        let gaps = self.run.seconds.iter().filter_map(|second| {
            let (p, q) = (place(second, a)?, place(second, b)?);
            Some((second.t_s, (p[0] - q[0]).hypot(p[1] - q[1])))
        });
        gaps.min_by(|p, q| p.1.total_cmp(&q.1)).expect("both are there at once")
    }

    /// Seconds from `from_s` on in which the number of tracks near each target is not exactly one, of how many.
    pub(crate) fn not_exactly_one(&self, from_s: i64, near_m: f64) -> (usize, usize) {
        let mut wrong = (0, 0);
        for second in self.run.seconds.iter().filter(|second| second.t_s >= from_s) {
            for target in &second.truth {
                let near =
                    second.tracks.iter().filter(|track| super::score::distance(target.at, track.at) < near_m);
                wrong.0 += usize::from(near.count() != 1);
                wrong.1 += 1;
            }
        }
        wrong
    }

    /// Of the seconds `from_s..until_s`, how many have a track whose 95 % ellipse holds the only target.
    pub(crate) fn held(&self, from_s: i64, until_s: i64) -> (usize, usize) {
        let mut held = (0, 0);
        for second in self.run.seconds.iter().filter(|second| (from_s..until_s).contains(&second.t_s)) {
            let Some(target) = second.truth.first() else { continue };
            let inside = second.tracks.iter().any(|track| {
                let c = &track.covariance;
                let (x, y) = (target.at[0] - track.at[0], target.at[1] - track.at[1]);
                let det = c[0] * c[5] - c[1] * c[4];
                (c[5] * x * x - 2.0 * c[1] * x * y + c[0] * y * y) / det <= CHI2_2_95
            });
            held.0 += usize::from(inside);
            held.1 += 1;
        }
        held
    }

    /// The ratio of a sensor's NIS to its degrees of freedom, NaN until known.
    pub(crate) fn nis_ratio(&self, sensor: &str) -> f64 {
        let row = self.run.sensors.iter().find(|row| row.sensor == sensor);
        row.and_then(|row| row.nis_ratio).unwrap_or(f64::NAN)
    }
}

/// Tracks as letters in the order they are met: their ids say how much clutter there was, which is not the point here.
fn lettered(groups: &[&[&str]]) -> Vec<String> {
    let mut met = Vec::new();
    groups.iter().map(|ids| ids.iter().map(|id| letter(id, &mut met)).collect::<Vec<_>>().join(" ")).collect()
}

fn letter<'a>(id: &'a str, met: &mut Vec<&'a str>) -> String {
    if id == "-" {
        return id.to_owned();
    }
    let at = met.iter().position(|other| *other == id).unwrap_or_else(|| {
        met.push(id);
        met.len() - 1
    });
    char::from(b"abcdefghijklmnopqrstuvwxyz"[at % 26]).to_string()
}

#[test]
fn letters_tell_who_is_who() {
    assert_eq!(lettered(&[&["26", "7"], &["7", "30"]]), ["a b", "b c"]);
}
