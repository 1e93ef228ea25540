//! The figures of a run: GOSPA and its parts, consistency, continuity; named as the outsider's scorer names them.

use std::collections::{BTreeMap, BTreeSet};

use nalgebra::{Matrix4, Vector4};

use super::gospa::Matching;
use super::run::{Estimate, Second, Target};
use super::segments::{Segment, segments};

/// χ² with four degrees of freedom: 99 % lie below.
const CHI2_4_99: f64 = 13.277;
/// A track unassigned for so many seconds in a row is a false one, whatever it was before.
const LASTING_S: u32 = 10;

/// How far is near.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reach {
    /// GOSPA's cut-off, also what counts as a copy of a target, metres.
    pub(crate) c_m: f64,
    /// Seconds between the states whose NEES is taken.
    pub(crate) nees_every_s: i64,
}

/// A run's figures.
#[derive(Clone, Debug, Default)]
pub(crate) struct Score {
    pub(crate) tracks: usize,
    pub(crate) truths: usize,
    pub(crate) gospa_mean: f64,
    pub(crate) location_m2: f64,
    pub(crate) missed_m2: f64,
    pub(crate) false_m2: f64,
    pub(crate) rmse_m: f64,
    pub(crate) switches: u32,
    pub(crate) missed_steps: usize,
    pub(crate) false_steps: usize,
    pub(crate) truth_steps: usize,
    pub(crate) duplicate_steps: usize,
    pub(crate) longest_false_s: u32,
    pub(crate) lasting_false: usize,
    pub(crate) nees_over_4: f64,
    pub(crate) nees_above_99: f64,
    pub(crate) nees_samples: usize,
    pub(crate) completeness: f64,
    pub(crate) spuriousness: f64,
    pub(crate) longest_segment: f64,
    /// Mean over the targets that were tracked at all.
    pub(crate) delay_tracked_s: f64,
    /// Mean over all, a target never tracked counting its lifetime.
    pub(crate) delay_s: f64,
    pub(crate) never_tracked: usize,
    /// Tracks that never followed anything.
    pub(crate) false_tracks: usize,
}

/// Scores the seconds of a run; the matching of each is given too.
pub(crate) fn score(seconds: &[Second], reach: Reach) -> (Score, Vec<Matching>) {
    let matchings: Vec<Matching> = seconds.iter().map(|second| Matching::of(second, reach.c_m)).collect();
    let mut score = Score::default();
    errors(&mut score, seconds, &matchings);
    switches(&mut score, seconds, &matchings);
    unassigned(&mut score, seconds, &matchings, reach.c_m);
    consistency(&mut score, seconds, &matchings, reach.nees_every_s);
    continuity(&mut score, seconds, &segments(seconds, reach.c_m));
    (score, matchings)
}

fn errors(score: &mut Score, seconds: &[Second], matchings: &[Matching]) {
    let n = matchings.len().max(1) as f64;
    let mean = |part: fn(&Matching) -> f64| matchings.iter().map(part).sum::<f64>() / n;
    score.gospa_mean = mean(Matching::gospa_m);
    score.location_m2 = mean(|m| m.location_m2);
    score.missed_m2 = mean(|m| m.missed_m2);
    score.false_m2 = mean(|m| m.false_m2);
    let pairs: usize = matchings.iter().map(|m| m.pairs.len()).sum();
    let squares = matchings.iter().fold(0.0, |sum, m| sum + m.location_m2);
    score.rmse_m = (squares / pairs.max(1) as f64).sqrt();
    score.truth_steps = seconds.iter().map(|second| second.truth.len()).sum();
    score.missed_steps = score.truth_steps - pairs;
    score.false_steps = seconds.iter().map(|second| second.tracks.len()).sum::<usize>() - pairs;
}

/// How often a target's track is another than the last it had.
fn switches(score: &mut Score, seconds: &[Second], matchings: &[Matching]) {
    let mut last: BTreeMap<&str, &str> = BTreeMap::new();
    for (second, matching) in seconds.iter().zip(matchings) {
        for &(target, track, _) in &matching.pairs {
            let (target, track) = (second.truth[target].id.as_str(), second.tracks[track].id.as_str());
            score.switches += u32::from(last.insert(target, track).is_some_and(|before| before != track));
        }
    }
}

/// Tracks that no target has: for how long, and how many of them beside a target that has another.
fn unassigned(score: &mut Score, seconds: &[Second], matchings: &[Matching], near_m: f64) {
    let mut runs: BTreeMap<&str, (u32, u32)> = BTreeMap::new();
    for (second, matching) in seconds.iter().zip(matchings) {
        let taken: BTreeSet<usize> = matching.pairs.iter().map(|pair| pair.1).collect();
        for (index, track) in second.tracks.iter().enumerate() {
            let (run, longest) = runs.entry(&track.id).or_default();
            *run = if taken.contains(&index) { 0 } else { *run + 1 };
            *longest = (*longest).max(*run);
            let beside = |target: &Target| distance(target.at, track.at) < near_m;
            // As the outsider has it: where nobody is, no copy is counted.
            if !taken.contains(&index) && second.truth.iter().any(beside) {
                score.duplicate_steps += 1;
            }
        }
    }
    score.tracks = runs.len();
    score.longest_false_s = runs.values().map(|(_, longest)| *longest).max().unwrap_or(0);
    score.lasting_false = runs.values().filter(|(_, longest)| *longest >= LASTING_S).count();
}

pub(crate) fn distance(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Normalised estimation error squared, from the published covariance.
pub(crate) fn nees(target: &Target, track: &Estimate) -> f64 {
    let error = Vector4::new(
        target.at[0] - track.at[0],
        target.at[1] - track.at[1],
        target.velocity[0] - track.velocity[0],
        target.velocity[1] - track.velocity[1],
    );
    let covariance = Matrix4::from_row_slice(&track.covariance);
    let solved = covariance.lu().solve(&error).expect("a published covariance can be inverted");
    error.dot(&solved)
}

fn consistency(score: &mut Score, seconds: &[Second], matchings: &[Matching], every_s: i64) {
    let mut all = Vec::new();
    for (second, matching) in seconds.iter().zip(matchings).filter(|(second, _)| second.t_s % every_s == 0) {
        all.extend(matching.pairs.iter().map(|pair| nees(&second.truth[pair.0], &second.tracks[pair.1])));
    }
    let n = all.len().max(1) as f64;
    score.nees_samples = all.len();
    score.nees_over_4 = all.iter().fold(0.0, |sum, nees| sum + nees) / n / 4.0;
    score.nees_above_99 = all.iter().filter(|nees| **nees > CHI2_4_99).count() as f64 / n;
}

fn continuity(score: &mut Score, seconds: &[Second], segments: &[Segment<'_>]) {
    let mut covered: Vec<(BTreeSet<&str>, BTreeSet<&str>)> = vec![Default::default(); seconds.len()];
    let mut of_target: BTreeMap<&str, Vec<&Segment<'_>>> = BTreeMap::new();
    for segment in segments {
        for (targets, tracks) in &mut covered[segment.from..=segment.to] {
            targets.insert(segment.target);
            tracks.insert(segment.track);
        }
        of_target.entry(segment.target).or_default().push(segment);
    }
    let (targets, tracks) = covered.iter().fold((0, 0), |sum, (a, b)| (sum.0 + a.len(), sum.1 + b.len()));
    let all_tracks: usize = seconds.iter().map(|second| second.tracks.len()).sum();
    score.completeness = targets as f64 / score.truth_steps.max(1) as f64;
    // As the outsider has it: a track that is not shown for a second stays associated through it, so this may be negative.
    score.spuriousness = (all_tracks as f64 - tracks as f64) / all_tracks.max(1) as f64;
    let following: BTreeSet<&str> = segments.iter().map(|segment| segment.track).collect();
    score.false_tracks = score.tracks - following.len();
    let mut lives: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for second in seconds {
        for target in &second.truth {
            lives.entry(&target.id).or_insert((second.t_s, second.t_s)).1 = second.t_s;
        }
    }
    let (mut longest, mut lived, mut delays, mut waited) = (0, 0, Vec::new(), 0);
    for (target, (born, died)) in &lives {
        lived += died - born;
        let Some(all) = of_target.get(target) else {
            score.never_tracked += 1;
            waited += died - born;
            continue;
        };
        longest += longest_of(all, seconds);
        let first = all.iter().map(|segment| seconds[segment.from].t_s).min().unwrap_or(*died);
        delays.push((first - born) as f64);
    }
    let tracked_s = delays.iter().fold(0.0, |sum, delay| sum + delay);
    score.truths = lives.len();
    score.longest_segment = if lived > 0 { longest as f64 / lived as f64 } else { 0.0 };
    score.delay_tracked_s = tracked_s / delays.len().max(1) as f64;
    score.delay_s = (tracked_s + waited as f64) / lives.len().max(1) as f64;
}

/// The most seconds that one track followed this target, its pieces together.
fn longest_of(segments: &[&Segment<'_>], seconds: &[Second]) -> i64 {
    let mut by_track: BTreeMap<&str, i64> = BTreeMap::new();
    for segment in segments {
        *by_track.entry(segment.track).or_default() += seconds[segment.to].t_s - seconds[segment.from].t_s;
    }
    by_track.into_values().max().unwrap_or(0)
}
