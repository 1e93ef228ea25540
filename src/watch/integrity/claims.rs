//! What each claimed identity has said of itself, and what is wrong with it.
//!
//! In: self-reports in the order they come, and once a second the tracks. Out: suspicions. Per identity the latest report,
//! how often it comes, the track that others measure where it is (its *body*), and the tests that run. A body is a track
//! that bears the identity and that something else than transponders has fed lately; it stays the body when the reports
//! part from it, until it ends or the identity has another. Knows no rule.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::super::area::Covariance;
use super::super::grounds::Named;
use super::super::line::Point;
use super::jump::{Interference, Leap, Leaps};
use super::self_report::Test;
use crate::fusion::{Paths, TrackId, TrackView};
use crate::sensor::SensorIndex;
use crate::time::{Span, Timestamp};

/// A body was measured by others within this time.
const MEASURED: Span = Span::from_secs(10);
/// Reports before anything is expected of an identity.
const LEAST_REPORTS: u32 = 5;
/// Silent for so many of its usual intervals, and at least so long, seconds, while it moves, or lies.
const SILENT_INTERVALS: f64 = 10.0;
const SILENT_MOVING_S: f64 = 120.0;
const SILENT_LYING_S: f64 = 600.0;
/// It moves above this, metres per second.
const MOVING_MPS: f64 = 1.5;
/// Nothing of a scheme is quicker, metres per second: ships; everything else.
const FASTEST_SHIP_MPS: f64 = 50.0;
pub(super) const FASTEST_MPS: f64 = 400.0;
/// A leap is farther than this, metres, and than so many sigmas.
const LEAP_M: f64 = 300.0;
pub(super) const LEAP_SIGMAS: f64 = 6.0;
/// What nobody reports may accelerate it, metres per second squared, and no report is compared over longer than this.
const ACCELERATION: f64 = 1.0;
const COMPARED: Span = Span::from_secs(60);
/// Interference stands for this long at least.
const ASTRAY: Span = Span::from_secs(120);
/// An impossible step is told for this long.
const TOLD: Span = Span::from_secs(600);
/// An identity is forgotten after this long.
const FORGOTTEN: Span = Span::from_secs(3600);
/// Identities remembered.
const CAPACITY: usize = 20_000;

/// One self-report in the plane.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub receiver: SensorIndex,
    pub time: Timestamp,
    pub at: Point,
    pub covariance: Covariance,
    pub velocity_mps: Option<[f64; 2]>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Claim {
    latest: Report,
    reports: u32,
    interval_s: f64,
    body: Option<TrackId>,
    /// When the body was last measured, and how quick it was.
    measured: Option<(Timestamp, f64)>,
    test: Test,
    disagrees_since: Option<Timestamp>,
    /// Its quickest impossible step lately.
    impossible: Option<(Timestamp, f64)>,
    /// Since when its navigation is interfered with, as that of others.
    interfered: Option<Timestamp>,
}

/// Every identity heard lately.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Claims {
    claims: BTreeMap<Arc<str>, Claim>,
    leaps: Leaps,
    /// When each receiver last heard anybody.
    heard: BTreeMap<SensorIndex, Timestamp>,
    pub refused: u64,
}

/// Something that is wrong with an identity.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Suspicion {
    pub identity: Arc<str>,
    /// The track that others measure, if there is one.
    pub body: Option<TrackId>,
    pub name: Named,
    pub value: f64,
    pub since: Timestamp,
}

impl Claims {
    /// One more self-report.
    pub(super) fn reported(&mut self, identity: &Arc<str>, report: Report, paths: &impl Paths) {
        self.heard.insert(report.receiver, report.time);
        let Some(claim) = self.claims.get_mut(identity) else {
            if self.claims.len() >= CAPACITY {
                self.refused += 1;
            } else {
                self.claims.insert(identity.clone(), Claim::new(report));
            }
            return;
        };
        let since_s = report.time.since(claim.latest.time).as_secs_f64();
        if since_s <= 0.0 {
            return;
        }
        if let Some(leap) = claim.step(identity, &report, since_s) {
            self.leaps.note(identity, leap);
        }
        claim.compare(&report, paths);
        let weight = 1.0 / f64::from(claim.reports.min(5));
        claim.interval_s += weight * (since_s - claim.interval_s);
        claim.reports = claim.reports.saturating_add(1);
        claim.latest = report;
    }

    /// A live track that bears an identity; `measured`: something else than a transponder feeds it.
    pub(super) fn bears(&mut self, now: Timestamp, track: &TrackView<'_>, measured: Option<Timestamp>) {
        let Some(claim) = track.identity.and_then(|identity| self.claims.get_mut(identity)) else { return };
        let Some(measured) = measured.filter(|at| now.since(*at) <= MEASURED) else { return };
        let has_another = claim.body.is_some_and(|body| body != track.id)
            && claim.measured.is_some_and(|(at, _)| now.since(at) <= MEASURED);
        if !has_another {
            let [.., east, north] = track.estimate.mean;
            claim.body = Some(track.id);
            claim.measured = Some((measured, (east * east + north * north).sqrt()));
        }
    }

    /// A track is gone, or is another one.
    pub(super) fn renamed(&mut self, track: TrackId, heir: Option<TrackId>) {
        for claim in self.claims.values_mut().filter(|claim| claim.body == Some(track)) {
            claim.body = heir;
        }
    }

    /// A second has passed. The interference that there is.
    pub(super) fn tick(&mut self, now: Timestamp) -> Option<Interference> {
        self.leaps.forget_old(now);
        self.claims.retain(|_, claim| now.since(claim.latest.time) < FORGOTTEN);
        let recent = self.claims.iter().filter(|(_, claim)| now.since(claim.latest.time) <= COMPARED);
        let found = self.leaps.interference(recent.map(|(identity, claim)| (identity, claim.latest.at)));
        for identity in found.iter().flat_map(|found| &found.identities) {
            if let Some(claim) = self.claims.get_mut(identity) {
                claim.interfered = claim.interfered.or(Some(now));
            }
        }
        for claim in self.claims.values_mut() {
            let is_over = |since: Timestamp| now.since(since) > ASTRAY && !claim.test.disagrees();
            claim.interfered = claim.interfered.filter(|since| !is_over(*since));
        }
        found
    }

    /// All that is wrong now, by identity. `is_lost`: whether a receiver hears nothing anyhow.
    pub(super) fn suspicions(&self, now: Timestamp, is_lost: impl Fn(SensorIndex) -> bool) -> Vec<Suspicion> {
        let together = self.claims.values().filter(|claim| claim.interfered.is_some()).count();
        let mut found = Vec::new();
        for (identity, claim) in &self.claims {
            let mut say = |name, value, since| {
                found.push(Suspicion { identity: identity.clone(), body: claim.body, name, value, since });
            };
            if let Some(since) = claim.interfered {
                // Many are led astray together: nothing of it is this one's doing.
                say(Named::GnssInterference, together as f64, since);
            } else {
                if let Some(since) = claim.disagrees_since {
                    say(Named::SelfReportDisagrees, claim.test.evidence(), since);
                }
                if let Some((at, speed_mps)) = claim.impossible.filter(|(at, _)| now.since(*at) <= TOLD) {
                    say(Named::ImpossibleSpeed, speed_mps, at);
                }
            }
            let heard = self.heard.get(&claim.latest.receiver);
            let is_heard = heard.is_some_and(|at| *at > claim.latest.time) && !is_lost(claim.latest.receiver);
            if let Some(silent_s) = claim.silent_s(now).filter(|_| is_heard) {
                say(Named::TransponderOff, silent_s, claim.latest.time);
            }
        }
        found
    }

    /// Where an identity reported itself last.
    pub(super) fn place(&self, identity: &str) -> Option<(Point, Covariance)> {
        self.claims.get(identity).map(|claim| (claim.latest.at, claim.latest.covariance))
    }
}

impl Claim {
    fn new(latest: Report) -> Self {
        Self {
            latest,
            reports: 1,
            interval_s: 0.0,
            body: None,
            measured: None,
            test: Test::default(),
            disagrees_since: None,
            impossible: None,
            interfered: None,
        }
    }

    /// From the last report to this one: notes what is impossible; the leap, if it is one.
    fn step(&mut self, identity: &str, report: &Report, since_s: f64) -> Option<Leap> {
        if since_s > COMPARED.as_secs_f64() {
            return None;
        }
        let [v_east, v_north] = self.latest.velocity_mps.unwrap_or_default();
        let last = self.latest.at;
        let expected = [last[0] + v_east * since_s, last[1] + v_north * since_s];
        let length =
            |a: Point, b: Point| ((a[0] - b[0]) * (a[0] - b[0]) + (a[1] - b[1]) * (a[1] - b[1])).sqrt();
        let variances = [self.latest.covariance, report.covariance].iter().map(|c| c[0] + c[2]).sum::<f64>();
        let drift_m = 0.5 * ACCELERATION * since_s * since_s;
        let unsaid_m = if self.latest.velocity_mps.is_some() { 0.0 } else { FASTEST_SHIP_MPS * since_s };
        let sigma_m = (variances + drift_m * drift_m).sqrt();
        let leapt_m = length(report.at, expected) - unsaid_m;
        let fastest = if identity.starts_with("mmsi:") { FASTEST_SHIP_MPS } else { FASTEST_MPS };
        let speed_mps =
            (length(report.at, last) - LEAP_SIGMAS * variances.sqrt()).max(0.0) / since_s.max(1.0);
        if speed_mps > fastest {
            self.impossible = Some((report.time, speed_mps));
        }
        let is_leap = leapt_m > LEAP_M.max(LEAP_SIGMAS * sigma_m);
        is_leap.then_some(Leap { time: report.time, from: expected, to: report.at })
    }

    /// Against the body, where it is measured.
    fn compare(&mut self, report: &Report, paths: &impl Paths) {
        let lately = self.measured.is_some_and(|(at, _)| report.time.since(at) <= MEASURED);
        let Some(body) = self.body.filter(|_| lately).and_then(|body| paths.view(body, report.time)) else {
            return;
        };
        let [east, north, ..] = body.estimate.mean;
        let p = &body.estimate.covariance;
        let r = report.covariance;
        let s = [r[0] + p[0][0], r[1] + p[0][1], r[2] + p[1][1]];
        self.test.take([report.at[0] - east, report.at[1] - north], s);
        self.disagrees_since = self.test.disagrees().then(|| self.disagrees_since.unwrap_or(report.time));
    }

    /// For how long it has been silent, where that is too long and its body is still measured.
    fn silent_s(&self, now: Timestamp) -> Option<f64> {
        let (measured, speed_mps) = self.measured?;
        let silent_s = now.since(self.latest.time).as_secs_f64();
        let least_s = if speed_mps > MOVING_MPS { SILENT_MOVING_S } else { SILENT_LYING_S };
        let is_long =
            self.reports >= LEAST_REPORTS && silent_s > least_s.max(SILENT_INTERVALS * self.interval_s);
        (is_long && self.body.is_some() && now.since(measured) <= MEASURED).then_some(silent_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::Smoothed;
    use crate::watch::testing;

    /// A body that goes east with 5 m/s along the axis.
    struct Body;

    impl Paths for Body {
        fn smoothed(&self, _: TrackId, _: Timestamp, _: Timestamp) -> Option<Smoothed> {
            None
        }

        fn view(&self, _: TrackId, at: Timestamp) -> Option<TrackView<'_>> {
            let t = at.as_nanos() as f64 / 1e9;
            Some(TrackView {
                identity: Some("mmsi:1"),
                ..testing::view(1, t, [5.0 * t, 0.0, 5.0, 0.0], 5.0, &[])
            })
        }
    }

    /// Reports every ten seconds, the body measured every second; what stands at the end.
    fn run(seconds: i64, place: impl Fn(f64) -> Option<Point>) -> Vec<(Named, f64)> {
        let (mut claims, identity, other) = (Claims::default(), Arc::from("mmsi:1"), Arc::from("mmsi:2"));
        let report = |t: i64, at: Point| Report {
            receiver: SensorIndex(0),
            time: Timestamp::from_secs(t),
            at,
            covariance: [100.0, 0.0, 100.0],
            velocity_mps: Some([5.0, 0.0]),
        };
        for t in 0..seconds {
            let now = Timestamp::from_secs(t);
            if t % 10 == 0 {
                if let Some(at) = place(t as f64) {
                    claims.reported(&identity, report(t, at), &Body);
                }
                claims.reported(&other, report(t, [5.0 * t as f64, -3000.0]), &Body);
            }
            let view = Body.view(TrackId(1), now).unwrap();
            claims.bears(now, &view, Some(now));
            claims.tick(now);
        }
        let found = claims.suspicions(Timestamp::from_secs(seconds - 1), |_| false);
        found.into_iter().map(|suspicion| (suspicion.name, suspicion.value)).collect()
    }

    #[test]
    fn an_honest_report_raises_nothing() {
        assert_eq!(run(600, |t| Some([5.0 * t + 20.0, 15.0])), []);
    }

    #[test]
    fn a_report_that_drifts_off_disagrees_and_one_that_leaps_was_impossible() {
        let drifts = run(300, |t| Some([5.0 * t, (t - 100.0).max(0.0) * 4.0]));
        assert_eq!(drifts.iter().map(|found| found.0).collect::<Vec<_>>(), [Named::SelfReportDisagrees]);
        let leaps = run(130, |t| Some([5.0 * t, if t < 100.0 { 0.0 } else { 3000.0 }]));
        let speed = leaps.iter().find(|found| found.0 == Named::ImpossibleSpeed).expect("300 m/s");
        assert!((280.0..300.0).contains(&speed.1), "{leaps:?}");
    }

    #[test]
    fn silence_is_told_after_two_minutes_of_moving() {
        let until = |t: f64| Some([5.0 * t, 0.0]).filter(|_| t < 100.0);
        assert_eq!(run(205, until), []);
        assert_eq!(run(215, until), [(Named::TransponderOff, 124.0)]);
    }
}
