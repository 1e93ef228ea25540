//! What can go wrong in a run, one at a time.

use linewatch::record::{Body, Link};
use linewatch::sensor::SensorId;
use linewatch::time::Span;

use super::disk::Fault;
use super::network::Mood;
use super::run::Run;

impl Run {
    /// Something goes wrong.
    pub(super) fn misfortune(&mut self, now_ms: u64) {
        self.last_fault = now_ms;
        self.fresh_after_fault = false;
        let soon = self.disk.calls() + self.dice.below(120);
        // What the disk does is counted when it has happened.
        let kind = match self.dice.below(20) {
            0 | 1 => return self.disk.fail(soon, Fault::Crash),
            2 | 3 => return self.disk.fail(soon, Fault::Kill),
            4 => return self.disk.fail(soon, Fault::Eio),
            5 | 6 => {
                let calls = 20 + self.dice.below(300);
                return self.disk.fail(soon, Fault::Full(u32::try_from(calls).unwrap()));
            }
            7 => {
                self.end(now_ms, true);
                "killed between calls"
            }
            8 => {
                self.broker.disconnect();
                "connection lost"
            }
            9 => {
                self.broker.lose_session();
                "session lost"
            }
            10 => {
                self.broker.disconnect();
                self.broker.partitioned = !self.broker.partitioned;
                "partition begun or ended"
            }
            11 => {
                let off_s = i64::try_from(self.dice.below(7_200)).unwrap() - 3_600;
                self.clock_off = Span::from_secs(off_s);
                "clock stepped, up to an hour"
            }
            12 => {
                self.clock_off = Span::from_secs(0);
                "clock put right"
            }
            13 => {
                self.flood();
                "flood of one sensor"
            }
            14 => {
                self.settings = usize::try_from(self.dice.below(3)).unwrap();
                if let Some(process) = &mut self.process {
                    process.reload(&self.world.settings[self.settings]);
                }
                "settings reloaded"
            }
            15 => {
                self.settings = usize::try_from(self.dice.below(3)).unwrap();
                self.end(now_ms, true);
                "restarted under other settings"
            }
            16 => self.rotten_snapshot(now_ms),
            _ => {
                let which = usize::try_from(self.dice.below(4)).unwrap();
                self.ends[which].mood = Mood::ALL[usize::try_from(self.dice.below(5)).unwrap()];
                "far end changed"
            }
        };
        *self.tally.cases.entry(kind).or_default() += 1;
    }

    /// Far more than a sensor may say, and nothing that it should.
    fn flood(&mut self) {
        let sensor = SensorId::new("r2").unwrap();
        for _ in 0..300 {
            self.floods += 1;
            let bytes = format!(r#"{{"flood":{}}}"#, self.floods).into_bytes();
            self.broker.publish(Body::Frame { sensor: sensor.clone(), link: Link::Mqtt, bytes });
        }
    }

    /// A byte of the newest snapshot changes while the process is gone.
    fn rotten_snapshot(&mut self, now_ms: u64) -> &'static str {
        self.end(now_ms, true);
        let names = linewatch::journal::storage::Storage::names(&self.disk.onlooker()).unwrap();
        let kept: Vec<&String> = names.iter().filter(|name| name.ends_with(".lws")).collect();
        // One of them is always good: what a start needs is kept back to the oldest.
        if let [.., before, name] = &kept[..]
            && !self.rotten.contains(*before)
        {
            self.rotten.insert((*name).clone());
            let bytes = self.disk.content(name).len() as u64;
            let at = self.dice.below(bytes);
            if bytes > 0 {
                self.disk.rot(name, usize::try_from(at).unwrap());
            }
        }
        "newest snapshot rotten"
    }
}
