//! The only clock. Everything else is told what time it is.

#![expect(clippy::disallowed_methods, reason = "this is the one file that may read a clock")]

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::time::{Span, Timestamp};

/// A clock that may run faster than the world, for demonstrations and soaks.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// `None` follows the system's own clock, steps and all.
    scaled: Option<Scaled>,
}

#[derive(Clone, Copy, Debug)]
struct Scaled {
    epoch: Timestamp,
    started: Instant,
    speed: f64,
}

impl Clock {
    /// The system's UTC clock.
    #[must_use]
    pub const fn system() -> Self {
        Self { scaled: None }
    }

    /// A clock that shows `epoch` at `started` and runs `speed` times as fast as the world since.
    #[must_use]
    pub const fn scaled(epoch: Timestamp, started: Instant, speed: f64) -> Self {
        Self { scaled: Some(Scaled { epoch, started, speed }) }
    }

    /// What time it is.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        match self.scaled {
            None => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp::from_nanos(i64::try_from(since.as_nanos()).unwrap_or(i64::MAX))
            }
            Some(Scaled { epoch, started, speed }) => {
                epoch.plus(Span::from_secs_f64(started.elapsed().as_secs_f64() * speed))
            }
        }
    }

    /// How long to wait until the clock shows `at`; zero if it has.
    #[must_use]
    pub fn until(&self, at: Timestamp) -> Duration {
        let ahead_s = at.since(self.now()).as_secs_f64().max(0.0);
        Duration::from_secs_f64(ahead_s / self.scaled.map_or(1.0, |scaled| scaled.speed))
    }
}

/// A point in time to measure spans from; never leaves the process.
#[must_use]
pub fn instant() -> Instant {
    Instant::now()
}
