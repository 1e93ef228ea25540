//! Sides through a gap: what was known of a track whose place another takes.
//!
//! In: a track that lives and the one that it was. Out: a crossing, if the two were on different sides: an interval, and
//! a place as uncertain as the way between them is long.

use super::super::area::{Covariance, plus};
use super::super::line::Point;
use super::{Change, Crossed, Crossing, FIRST, Path, Sample, Side, change, normal_cdf, plan, variance_along};
use crate::fusion::{Estimate, TrackId, TrackView};
use crate::time::{Span, Timestamp};

/// How long the side of a track that is gone is remembered: longer than anything is looked for among the new.
const REMEMBERED: Span = Span::from_secs(600);

impl Crossing {
    /// Forgets those that have long been gone.
    pub(in super::super) fn forget_old(&mut self, now: Timestamp) {
        self.gone.retain(|_, (at, _)| now.since(*at) < REMEMBERED);
    }

    /// `heir` is the older of two tracks of one thing: what the younger did last counts.
    pub(in super::super) fn absorb(&mut self, heir: TrackId, younger: TrackId) {
        let Some((_, other)) = self.gone.remove(&younger) else { return };
        match self.paths.get_mut(&heir) {
            Some(path) if path.latched.is_none() || other.turned > path.turned => {
                (path.latched, path.certainty) = (other.latched.or(path.latched), other.certainty);
                (path.turned, path.change) = (other.turned, None);
            }
            Some(_) => {}
            None => drop(self.paths.insert(heir, other)),
        }
    }

    /// `heir` is the track that was lost as `before`, last measured at `last`.
    pub(in super::super) fn resume(
        &mut self,
        heir: &TrackView<'_>,
        before: TrackId,
        last: Option<&Estimate>,
        bias: Covariance,
    ) -> Option<Crossed> {
        let remembered = self.gone.remove(&before).map(|(_, path)| path);
        let old = remembered.or_else(|| self.path_at(last?, bias))?;
        let latched = old.latched?;
        let (new, side, likelihood) = self.sample(&heir.estimate, bias)?;
        let kept = self.paths.contains_key(&heir.id);
        let fresh = Path { latched: None, certainty: 0.0, last: new, change: None, turned: None };
        let path = self.paths.entry(heir.id).or_insert(fresh);
        path.turned = path.turned.max(old.turned);
        if path.latched == Some(latched) {
            path.certainty = path.certainty.max(old.certainty);
            return None;
        }
        // What it did since it is seen again is known better than what it did before.
        if path.change.is_none_or(|change| change.to == latched) {
            path.change = across(&self.line, old.last, path.last, heir.born);
        }
        (path.latched, path.certainty) = (Some(latched), old.certainty);
        let crossed = path.settle(heir.status, side, likelihood);
        if !kept && crossed.is_some() {
            self.paths.remove(&heir.id);
        }
        crossed
    }

    /// A place as a sample, the side it is on and how likely that is; nothing where the line divides nothing.
    fn sample(&self, estimate: &Estimate, bias: Covariance) -> Option<(Sample, Side, f64)> {
        let at: Point = [estimate.mean[0], estimate.mean[1]];
        let covariance = plus(plan(&estimate.covariance), bias);
        let nearest = self.line.nearest(at, f64::MAX).filter(|nearest| nearest.beside)?;
        let sigma_m = variance_along(covariance, nearest.normal).sqrt();
        let left = normal_cdf(nearest.signed_m / sigma_m);
        let (side, likelihood) =
            if nearest.signed_m < 0.0 { (Side::Right, 1.0 - left) } else { (Side::Left, left) };
        let sample = Sample { time: estimate.time, at, covariance, side: Some(side) };
        sigma_m.is_finite().then_some((sample, side, likelihood))
    }

    /// What would have been remembered of a track that was too far from the line to need it.
    fn path_at(&self, estimate: &Estimate, bias: Covariance) -> Option<Path> {
        let (last, side, certainty) = self.sample(estimate, bias)?;
        let latched = (certainty >= FIRST).then_some(side);
        Some(Path { latched, certainty, last, change: None, turned: None })
    }
}

/// The change of sides between the last sample before a gap and one after it, of a track seen again at `again`.
fn across(line: &super::Polyline, from: Sample, to: Sample, again: Timestamp) -> Option<Change> {
    if from.side == to.side {
        return None;
    }
    let made = change(line, from, to)?;
    let way = [to.at[0] - from.at[0], to.at[1] - from.at[1]];
    // Anywhere on the way between: the variance of an even spread over its length.
    let spread = [way[0] * way[0], way[0] * way[1], way[1] * way[1]].map(|m2| m2 / 12.0);
    let again = again.max(from.time);
    Some(Change {
        time: made.time.min(again),
        covariance: plus(made.covariance, spread),
        between: Some([from.time, again]),
        ..made
    })
}
