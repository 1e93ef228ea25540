//! What is worth another revision of an alert.
//!
//! In: what was last said of it, and what is known now. Out: whether a person would act, or judge, otherwise by it:
//! another severity, direction or number of crossings; a confidence in another band, and not just beside its edge;
//! another number of trust groups; a count that changed by one and a tenth of its limit; another instant or place, by
//! more than the errors stated for it.

use crate::time::Timestamp;
use crate::watch::alert::{Count, Excess, Gathering, Notice, Position};

/// Bands of confidence: less likely than not, likely, sure enough for a rule, very sure.
const BANDS: [f64; 4] = [0.5, 0.8, 0.95, 0.99];
/// A confidence beside the edge of its band is in another one only when its odds have changed by this factor.
const ODDS: f64 = 3.0;
/// A count is another one when it has changed by this much …
const COUNT: f64 = 1.0;
/// … and by this share of its limit.
const COUNT_SHARE: f64 = 0.1;
/// A place is another one when it has moved by this much, metres …
const PLACE_M: f64 = 100.0;
/// … and an instant when it has moved by this much, seconds; both by so many of their stated sigmas.
const INSTANT_S: f64 = 1.0;
const SIGMAS: f64 = 2.0;

/// Whether `known` is worth saying after `said`.
pub(super) fn is_material(said: &Notice, known: &Notice) -> bool {
    // Every field by name: a new one has to be given its place.
    #[rustfmt::skip]
    let Notice {
        severity, confidence, event_time, line, zone, direction, position, trust_groups, count, between, crossings,
        life, group, grounds, trend, excess, gathering,
        // What never changes, what a revision is given, and what changes all the time and changes nothing.
        v: _, alert: _, revision: _, state: _, rule: _, kind: _, clause: _, event_time_sigma_s: _, raised_at: _,
        tracks: _, sensors: _, measured_at: _, received_at: _, software: _, configuration: _, agreement: _,
        exercise: _,
    } = known;
    (*severity, line, zone, *direction) != (said.severity, &said.line, &said.zone, said.direction)
        || (between, *crossings, life, group) != (&said.between, said.crossings, &said.life, &said.group)
        || *trust_groups != said.trust_groups
        || grounds.is_other_than(&said.grounds)
        || is_another_band(said.confidence, *confidence)
        || is_another_count(said.count, *count)
        || trend.is_some() != said.trend.is_some()
        || is_another_excess(said, excess.as_ref(), gathering.as_ref())
        || is_another_time(said, *event_time)
        || is_another_place(&said.position, position)
}

/// Whether an instant is another than the one that was said.
pub(super) fn is_another_time(said: &Notice, known: Timestamp) -> bool {
    let moved_s = known.since(said.event_time).as_secs_f64().abs();
    moved_s > INSTANT_S.max(SIGMAS * said.event_time_sigma_s.unwrap_or(0.0))
}

fn is_another_band(said: f64, known: f64) -> bool {
    let band = |p: f64| BANDS.iter().filter(|edge| p >= **edge).count();
    // Never certain, so that odds are finite.
    let log_odds = |p: f64| {
        let p = p.clamp(1e-6, 1.0 - 1e-6);
        libm::log(p / (1.0 - p))
    };
    band(said) != band(known) && (log_odds(said) - log_odds(known)).abs() >= libm::log(ODDS)
}

fn is_another_count(said: Option<Count>, known: Option<Count>) -> bool {
    match (said, known) {
        (Some(said), Some(known)) => {
            let least = COUNT.max(COUNT_SHARE * f64::from(known.limit));
            said.limit != known.limit || (said.expected - known.expected).abs() >= least
        }
        (said, known) => said != known,
    }
}

/// How many came, or are together, is weighed by the rules that count them.
fn is_another_excess(said: &Notice, excess: Option<&Excess>, gathering: Option<&Gathering>) -> bool {
    let together = |found: &Gathering| (found.number, found.gathers.is_some());
    said.excess.map(|found| found.arrivals) != excess.map(|found| found.arrivals)
        || said.gathering.as_ref().map(together) != gathering.map(together)
}

fn is_another_place(said: &Position, known: &Position) -> bool {
    let (east, north) = (known.east_m - said.east_m, known.north_m - said.north_m);
    let variance = |place: &Position| place.cov_m2[0].max(place.cov_m2[2]).max(0.0);
    let moved_m2 = east * east + north * north;
    moved_m2 > PLACE_M * PLACE_M && moved_m2 > SIGMAS * SIGMAS * variance(said).max(variance(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_confidence_that_trembles_beside_an_edge_is_the_same() {
        assert!(!is_another_band(0.949, 0.951));
        assert!(!is_another_band(0.96, 0.98), "the same band");
        assert!(is_another_band(0.90, 0.97));
        assert!(is_another_band(0.97, 0.999));
        assert!(is_another_band(0.97, 0.3));
    }

    #[test]
    fn a_count_must_change_by_one_and_by_a_tenth_of_its_limit() {
        let count = |expected, limit| Some(Count { expected, limit, unseen: None, interval: (0, None) });
        assert!(!is_another_count(count(12.0, 5), count(12.9, 5)));
        assert!(is_another_count(count(12.0, 5), count(13.0, 5)));
        assert!(!is_another_count(count(112.0, 100), count(121.0, 100)));
        assert!(is_another_count(count(112.0, 100), count(122.0, 100)));
        assert!(is_another_count(None, count(1.0, 1)));
    }

    #[test]
    fn a_place_must_move_by_more_than_its_error() {
        let place = |east_m: f64, sigma_m: f64| Position {
            lat: 0.0,
            lon: 0.0,
            east_m,
            north_m: 0.0,
            cov_m2: [sigma_m * sigma_m, 0.0, 1.0],
        };
        assert!(!is_another_place(&place(0.0, 5.0), &place(99.0, 5.0)));
        assert!(is_another_place(&place(0.0, 5.0), &place(101.0, 5.0)));
        assert!(!is_another_place(&place(0.0, 60.0), &place(110.0, 5.0)));
    }
}
