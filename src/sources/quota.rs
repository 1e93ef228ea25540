//! How much one sensor may say: a token bucket each, so that one that floods slows nobody but itself, a cap on its
//! payloads, and what its frames are worth on the day not all can be taken.
//!
//! In: who speaks, how much, and the time. Out: whether it is within its quota. Knows no socket.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::sensor::SensorId;

/// What a sensor's frames are worth when not all can be taken, least first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Worth {
    /// Everywhere it sees, two others that could not fail with it see, too.
    Redundant,
    /// Neither.
    #[default]
    Ordinary,
    /// A line lies within its reach.
    NearLine,
}

impl Worth {
    /// Every worth.
    pub const ALL: [Self; 3] = [Self::Redundant, Self::Ordinary, Self::NearLine];

    /// Its word in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Redundant => "redundant",
            Self::Ordinary => "ordinary",
            Self::NearLine => "near_line",
        }
    }

    /// Share of the room that must be free for it to be taken.
    #[must_use]
    pub const fn needs_free(self) -> f64 {
        match self {
            Self::Redundant => 0.5,
            Self::Ordinary => 0.25,
            Self::NearLine => 0.0,
        }
    }
}

/// One sensor's allowance. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Quota {
    /// Whose.
    pub sensor: SensorId,
    /// Frames and status messages a second, for ever.
    pub per_s: f64,
    /// Longest frame or status message.
    pub max_payload_bytes: usize,
    /// On the day not all can be taken.
    pub worth: Worth,
}

/// A burst may be as long as this at the allowed rate: what piled up while a link was down comes at once.
const BURST_S: f64 = 10.0;

/// No broker keeps more than a day.
const MOST_CREDIT_S: f64 = 86_400.0;

/// Every sensor's bucket.
#[derive(Debug, Default)]
pub struct Quotas {
    buckets: Mutex<BTreeMap<SensorId, Bucket>>,
}

#[derive(Debug)]
struct Bucket {
    quota: Quota,
    tokens: f64,
    since: Option<Instant>,
}

impl Quotas {
    /// Full buckets of this many each.
    #[must_use]
    pub fn new(quotas: &[Quota]) -> Self {
        let bucket = |quota: &Quota| {
            let tokens = quota.per_s * BURST_S;
            (quota.sensor.clone(), Bucket { quota: quota.clone(), tokens, since: None })
        };
        Self { buckets: Mutex::new(quotas.iter().map(bucket).collect()) }
    }

    /// Nobody listened for so long: what was said meanwhile, and kept by a broker, comes at once and is nobody's fault.
    pub fn credit(&self, away: Duration) {
        let away_s = away.as_secs_f64().min(MOST_CREDIT_S);
        for bucket in self.buckets.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            bucket.tokens += away_s * bucket.quota.per_s;
        }
    }

    /// What a sensor's frames are worth.
    pub fn worth(&self, sensor: &SensorId) -> Worth {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.get(sensor).map_or(Worth::default(), |bucket| bucket.quota.worth)
    }

    /// Whether so many bytes are within a sensor's cap. A sensor without a quota has none.
    pub fn holds(&self, sensor: &SensorId, bytes: usize) -> bool {
        let buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        buckets.get(sensor).is_none_or(|bucket| bytes <= bucket.quota.max_payload_bytes)
    }

    /// Takes one token of a sensor; false if it has none left. A sensor without a bucket may speak.
    pub fn admit(&self, sensor: &SensorId, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(sensor) else { return true };
        let passed = bucket.since.map_or(0.0, |since| now.saturating_duration_since(since).as_secs_f64());
        bucket.since = bucket.since.max(Some(now));
        // What was credited may lie above the burst; time adds nothing to it there.
        let full = bucket.tokens.max(bucket.quota.per_s * BURST_S);
        bucket.tokens = (bucket.tokens + passed * bucket.quota.per_s).min(full);
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
        let quotas = Quotas::new(&[quota("loud"), quota("calm")]);
        let start = clock::instant();
        let mut admitted = 0;
        for milli in 0..100_000 {
            let now = start + Duration::from_millis(milli);
            admitted += u32::from(quotas.admit(&id("loud"), now));
            if milli % 250 == 0 {
                assert!(quotas.admit(&id("calm"), now), "{milli} ms");
            }
        }
        assert!((545..=551).contains(&admitted), "50 at once and 5 a second for 100 s: {admitted}");
        assert!(quotas.admit(&id("unknown"), start));
    }

    fn quota(sensor: &str) -> Quota {
        let sensor = SensorId::new(sensor).unwrap();
        Quota { sensor, per_s: 5.0, max_payload_bytes: 100, worth: Worth::NearLine }
    }

    #[test]
    fn every_sensor_has_its_own_cap_and_worth() {
        let quotas = Quotas::new(&[quota("r1")]);
        let (r1, other) = (SensorId::new("r1").unwrap(), SensorId::new("r2").unwrap());
        assert!(quotas.holds(&r1, 100) && !quotas.holds(&r1, 101) && quotas.holds(&other, 101));
        assert_eq!((quotas.worth(&r1), quotas.worth(&other)), (Worth::NearLine, Worth::Ordinary));
    }

    #[test]
    fn what_piled_up_while_nobody_listened_is_no_flood() {
        let id = SensorId::new("r1").unwrap();
        let quotas = Quotas::new(&[quota("r1")]);
        let now = clock::instant();
        quotas.credit(Duration::from_secs(100));
        let admitted = (0..2_000).filter(|_| quotas.admit(&id, now)).count();
        assert_eq!(admitted, 550, "a hundred seconds of speech and a burst");
    }
}
