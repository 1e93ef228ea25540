//! How much one sensor may say: a token bucket each, so that one that floods slows nobody but itself.
//!
//! In: who speaks, and the time. Out: whether it is within its rate. Knows no socket.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sensor::SensorId;

/// One sensor's allowance. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Rate {
    /// Whose.
    pub sensor: SensorId,
    /// Frames and status messages a second, for ever.
    pub per_s: f64,
}

/// A burst may be as long as this at the allowed rate: what piled up while a link was down comes at once.
const BURST_S: f64 = 10.0;

/// No broker keeps more than a day.
const MOST_CREDIT_S: f64 = 86_400.0;

/// Every sensor's bucket.
#[derive(Debug, Default)]
pub struct Rates {
    buckets: Mutex<BTreeMap<SensorId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    per_s: f64,
    tokens: f64,
    since: Option<Instant>,
}

impl Rates {
    /// Full buckets of this many each.
    #[must_use]
    pub fn new(rates: &[Rate]) -> Self {
        let bucket = |rate: &Rate| {
            (rate.sensor.clone(), Bucket { per_s: rate.per_s, tokens: rate.per_s * BURST_S, since: None })
        };
        Self { buckets: Mutex::new(rates.iter().map(bucket).collect()) }
    }

    /// Nobody listened for so long: what was said meanwhile, and kept by a broker, comes at once and is nobody's fault.
    pub fn credit(&self, away: Duration) {
        let away_s = away.as_secs_f64().min(MOST_CREDIT_S);
        for bucket in self.buckets.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            bucket.tokens += away_s * bucket.per_s;
        }
    }

    /// Takes one token of a sensor; false if it has none left. A sensor without a bucket may speak.
    pub fn admit(&self, sensor: &SensorId, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(sensor) else { return true };
        let passed = bucket.since.map_or(0.0, |since| now.saturating_duration_since(since).as_secs_f64());
        bucket.since = bucket.since.max(Some(now));
        // What was credited may lie above the burst; time adds nothing to it there.
        let full = bucket.tokens.max(bucket.per_s * BURST_S);
        bucket.tokens = (bucket.tokens + passed * bucket.per_s).min(full);
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn a_flood_is_held_to_its_rate_and_nobody_else_is() {
        let id = |name| SensorId::new(name).unwrap();
        let rates =
            Rates::new(&[Rate { sensor: id("loud"), per_s: 5.0 }, Rate { sensor: id("calm"), per_s: 5.0 }]);
        let start = clock::instant();
        let mut admitted = 0;
        for milli in 0..100_000 {
            let now = start + Duration::from_millis(milli);
            admitted += u32::from(rates.admit(&id("loud"), now));
            if milli % 250 == 0 {
                assert!(rates.admit(&id("calm"), now), "{milli} ms");
            }
        }
        assert!((545..=551).contains(&admitted), "50 at once and 5 a second for 100 s: {admitted}");
        assert!(rates.admit(&id("unknown"), start));
    }

    #[test]
    fn what_piled_up_while_nobody_listened_is_no_flood() {
        let id = SensorId::new("r1").unwrap();
        let rates = Rates::new(&[Rate { sensor: id.clone(), per_s: 5.0 }]);
        let now = clock::instant();
        rates.credit(Duration::from_secs(100));
        let admitted = (0..2_000).filter(|_| rates.admit(&id, now)).count();
        assert_eq!(admitted, 550, "a hundred seconds of speech and a burst");
    }
}
