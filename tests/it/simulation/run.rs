//! One seed: a world, a schedule of faults, and the promises checked all along.

use std::time::Duration;

use linewatch::time::{Span, Timestamp};

use super::dice::Dice;
use super::disk::{Disk, Fault};
use super::network::{Broker, Datagrams, FarEnd, Mood};
use super::oracle;
use super::process::Process;
use super::world::{World, world};

const STEP_MS: u64 = 50;
/// After the last fault: time to find each other again and to deliver what is owed.
const CALM_MS: u64 = 120_000;
/// L6: within this time of the last fault fresh frames are held.
const RECOVERED_WITHIN_MS: u64 = 30_000;

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) faults: u32,
    pub(crate) restarts: u32,
    pub(crate) simulated_s: u64,
    pub(crate) shown: oracle::Shown,
}

pub(crate) struct Run {
    world: World,
    next: usize,
    dice: Dice,
    disk: Disk,
    broker: Broker,
    datagrams: Datagrams,
    ends: [FarEnd; 2],
    process: Option<Process>,
    /// When the process begins again, or the broker is looked for again.
    restart_at: u64,
    reconnect_at: u64,
    clock_off: Span,
    calm_from: u64,
    last_fault: u64,
    fresh_after_fault: bool,
    tally: Tally,
}

/// Runs a seed for so many simulated seconds.
pub(crate) fn run(seed: u64, seconds: u64) -> Result<Tally, String> {
    #[expect(clippy::cast_precision_loss, reason = "seconds of a run")]
    let world = world(seed % 1_000_003, seconds as f64);
    let mut dice = Dice::new(seed);
    let mut run = Run {
        world,
        next: 0,
        disk: Disk::default(),
        broker: Broker::default(),
        datagrams: Datagrams::default(),
        ends: Default::default(),
        process: None,
        restart_at: 0,
        reconnect_at: 0,
        clock_off: Span::from_secs(0),
        calm_from: seconds.saturating_mul(1_000).saturating_sub(CALM_MS),
        last_fault: 0,
        fresh_after_fault: true,
        tally: Tally { simulated_s: seconds, ..Tally::default() },
        dice: dice.fork(),
    };
    let mut now_ms = 0;
    while now_ms < seconds * 1_000 || run.process.as_ref().is_none_or(|process| process.owes() > 0) {
        run.step(now_ms)?;
        now_ms += STEP_MS;
        if now_ms > seconds * 1_000 + 600_000 {
            return Err("L2: what is owed is not delivered ten minutes after the end".to_owned());
        }
    }
    // One more group holds the last deliveries.
    run.step(now_ms + 2_000)?;
    run.tally.shown = oracle::all(&run.disk, &run.world.settings, &run.broker, &run.ends)?;
    Ok(run.tally)
}

impl Run {
    fn step(&mut self, now_ms: u64) -> Result<(), String> {
        let now = Duration::from_millis(now_ms);
        let start = self.world.said.first().map_or(Timestamp::from_secs(0), |(at, _)| *at);
        let true_time = start.plus(Span::from_nanos(i64::try_from(now_ms).unwrap() * 1_000_000));
        self.speak(now_ms, true_time);
        if now_ms < self.calm_from && self.dice.once_in(20_000 / STEP_MS) {
            self.misfortune(now_ms);
        }
        if now_ms >= self.calm_from {
            self.calm();
        }
        if self.process.is_none() && now_ms >= self.restart_at {
            self.begin(now);
        }
        let wall = true_time.plus(self.clock_off);
        self.listen(now_ms);
        self.work(now, wall)?;
        if now_ms > self.last_fault + RECOVERED_WITHIN_MS
            && !self.fresh_after_fault
            && now_ms > self.calm_from
        {
            return Err(format!(
                "L6: nothing fresh was held within 30 s of the fault at {} ms",
                self.last_fault
            ));
        }
        Ok(())
    }

    fn speak(&mut self, now_ms: u64, true_time: Timestamp) {
        while let Some((at, body)) = self.world.said.get(self.next)
            && *at <= true_time
        {
            match body {
                linewatch::record::Body::Frame { link: linewatch::record::Link::Udp, .. } => {
                    self.datagrams.send(now_ms, body, &mut self.dice);
                }
                _ => self.broker.publish(body.clone()),
            }
            self.next += 1;
        }
    }

    /// Something goes wrong.
    fn misfortune(&mut self, now_ms: u64) {
        self.tally.faults += 1;
        self.last_fault = now_ms;
        self.fresh_after_fault = false;
        let soon = self.disk.calls() + self.dice.below(200);
        match self.dice.below(12) {
            0 | 1 => self.disk.fail(soon, Fault::Crash),
            2 => self.disk.fail(soon, Fault::Eio),
            3 => {
                let calls = 1 + self.dice.below(100);
                self.disk.fail(soon, Fault::Full(u32::try_from(calls).unwrap()));
            }
            4 => self.end(now_ms, true),
            5 => self.broker.disconnect(),
            6 => self.broker.lose_session(),
            7 => {
                self.broker.disconnect();
                self.broker.partitioned = !self.broker.partitioned;
            }
            8 => {
                let off_s = i64::try_from(self.dice.below(7_200)).unwrap() - 3_600;
                self.clock_off = Span::from_secs(off_s);
            }
            9 => self.clock_off = Span::from_secs(0),
            _ => {
                let moods = [Mood::Well, Mood::Gone, Mood::Unwell, Mood::Mute];
                let which = usize::try_from(self.dice.below(2)).unwrap();
                self.ends[which].mood = moods[usize::try_from(self.dice.below(4)).unwrap()];
            }
        }
    }

    fn calm(&mut self) {
        self.broker.partitioned = false;
        self.ends.iter_mut().for_each(|end| end.mood = Mood::Well);
        self.disk.heal();
    }

    /// The process ends here: killed, or with its machine.
    fn end(&mut self, now_ms: u64, killed: bool) {
        self.process = None;
        self.broker.disconnect();
        self.restart_at = now_ms + 100 + self.dice.below(8_000);
        self.disk = if killed && !self.disk.is_stopped() {
            self.disk.after_kill()
        } else {
            let mut dice = self.dice.fork();
            let some = self.dice.once_in(2).then_some(&mut dice);
            self.disk.after_crash(some)
        };
    }

    fn begin(&mut self, now: Duration) {
        self.process = Process::begin(&self.disk, &self.world.settings, now, &mut self.dice);
        self.tally.restarts += 1;
        if self.process.is_none() {
            self.end(u64::try_from(now.as_millis()).unwrap(), false);
        }
    }

    fn listen(&mut self, now_ms: u64) {
        let arrived = self.datagrams.arrive(now_ms);
        let Some(process) = &mut self.process else { return };
        arrived.into_iter().for_each(|body| process.hear(body, None));
        if !self.broker.is_connected(process.connection) {
            if now_ms < self.reconnect_at {
                return;
            }
            self.reconnect_at = now_ms + 1_000;
            let Some(connection) = self.broker.connect() else { return };
            process.connected(connection);
        }
        let most = usize::try_from(self.dice.below(40)).unwrap();
        for (token, body) in self.broker.deliver(most, &mut self.dice) {
            process.hear(body, Some(token));
        }
    }

    fn work(&mut self, now: Duration, wall: Timestamp) -> Result<(), String> {
        let now_ms = u64::try_from(now.as_millis()).unwrap();
        let Some(process) = &mut self.process else { return Ok(()) };
        let mut fresh = false;
        let lives = process.work(now, wall, |record, _| {
            fresh |= matches!(record.body, linewatch::record::Body::Frame { .. });
        });
        if !lives {
            self.end(now_ms, false);
            oracle::held(&self.disk.after_kill(), &self.broker)?;
            return Ok(());
        }
        self.fresh_after_fault |= fresh;
        let connection = process.connection;
        for token in process.confirmed() {
            match connection {
                Some(_) if token == linewatch::sources::REFUSED => self.broker.disconnect(),
                Some(connection) => self.broker.puback(connection, token),
                None => {}
            }
        }
        process.deliver(now, wall, &mut self.ends, &mut self.dice);
        if self.dice.once_in(30_000 / STEP_MS) && !process.is_full() && !process.keep_snapshot() {
            self.end(now_ms, false);
        }
        Ok(())
    }
}
