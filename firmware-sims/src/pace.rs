//! World time against the wall clock: the only file that reads a clock.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use crate::calendar;

/// How world time runs: which instant its zero is, and how fast it goes.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// World time 0, nanoseconds since 1970.
    pub epoch_ns: i64,
    /// When world time 0 was, on the monotonic clock.
    pub started: Instant,
    /// World seconds per second.
    pub speed: f64,
}

/// How long a box sleeps before it looks whether it has been unplugged.
const SLICE: Duration = Duration::from_millis(20);

impl Pace {
    /// World time 0 is now, in the world and outside.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "pace.rs is where the boxes read the clock")]
    pub fn from_now(speed: f64) -> Self {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let epoch_ns = i64::try_from(since.as_nanos()).unwrap_or(i64::MAX);
        Self { epoch_ns, started: Instant::now(), speed }
    }

    /// World time 0 is `epoch_ns` in the world, and now outside.
    #[must_use]
    pub fn at_epoch(epoch_ns: i64, speed: f64) -> Self {
        Self { epoch_ns, ..Self::from_now(speed) }
    }

    /// World time now, seconds.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "pace.rs is where the boxes read the clock")]
    pub fn now_s(&self) -> f64 {
        Instant::now().saturating_duration_since(self.started).as_secs_f64() * self.speed
    }

    /// Nanoseconds since 1970 at world time `t_s`.
    #[must_use]
    pub fn unix_ns(&self, t_s: f64) -> i64 {
        calendar::unix_ns(self.epoch_ns, t_s)
    }

    /// Sleeps until world time `t_s`; false as soon as `stop` is set.
    #[must_use]
    pub fn sleep_until(&self, t_s: f64, stop: &AtomicBool) -> bool {
        loop {
            if stop.load(Ordering::Relaxed) {
                return false;
            }
            let left_s = (t_s - self.now_s()) / self.speed;
            if left_s <= 0.0 {
                return true;
            }
            thread::sleep(Duration::from_secs_f64(left_s.min(3600.0)).min(SLICE));
        }
    }
}
