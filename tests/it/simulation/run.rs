//! One seed: a world, a schedule of faults, and the promises checked all along.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use linewatch::journal::storage::Storage;
use linewatch::record::{Body, Link};
use linewatch::sources::REFUSED;
use linewatch::time::{Span, Timestamp};

use super::dice::Dice;
use super::disk::{Disk, Fault};
use super::network::{Broker, Datagrams, FarEnd, Mood};
use super::oracle::{Oracle, Shown};
use super::process::{Group, Process, RESERVE_BYTES};
use super::world::World;

pub(super) const STEP_MS: u64 = 50;
/// After the last fault: time to find each other again and to deliver what is owed.
const CALM_MS: u64 = 120_000;
/// L6: within this time of the last fault fresh frames are held.
const RECOVERED_WITHIN_MS: u64 = 30_000;

/// No notice or delivery is larger; a reload may be several times this.
const MOST_BYTES: usize = 3_000;

/// What a run came to.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    /// Cases by kind of fault.
    pub(crate) cases: BTreeMap<&'static str, u64>,
    pub(crate) restarts: u64,
    pub(crate) simulated_s: u64,
    /// Calls of the disk.
    pub(crate) calls: u64,
    pub(crate) shown: Shown,
}

pub(crate) struct Run {
    pub(super) world: World,
    next: usize,
    pub(super) dice: Dice,
    pub(super) disk: Disk,
    pub(super) broker: Broker,
    datagrams: Datagrams,
    pub(super) ends: [FarEnd; 4],
    pub(super) process: Option<Process>,
    /// When the process begins again, or the broker is looked for again.
    restart_at: u64,
    reconnect_at: u64,
    pub(super) clock_off: Span,
    calm_from: u64,
    pub(super) last_fault: u64,
    pub(super) fresh_after_fault: bool,
    /// Messages that were refused when they came.
    refused: BTreeSet<u64>,
    /// Frames of the groups since the oracle looked.
    fresh: BTreeSet<Vec<u8>>,
    /// The broker was found again in this step.
    is_new_connection: bool,
    /// On a full disk: how much of what was put aside is left at least, and how often it has been full.
    reserve: Option<(usize, u32)>,
    /// Which of the world's settings are in force.
    pub(super) settings: usize,
    /// Since the process began: when, and the stamp of its first group.
    life: Option<(u64, Timestamp)>,
    pub(super) floods: u64,
    /// Snapshots that are not what was written.
    pub(super) rotten: BTreeSet<String>,
    pub(super) snapshots_every_ms: u64,
    /// Nothing goes wrong for being in the middle of it.
    pub(super) keeps_safely: bool,
    pub(crate) oracle: Oracle,
    pub(super) tally: Tally,
}

/// Runs a world for so many simulated seconds under the faults of a seed.
pub(crate) fn run(seed: u64, world: World, seconds: u64) -> Result<Run, String> {
    let mut run = Run::new(Dice::new(seed), world, seconds);
    let mut now_ms = 0;
    while now_ms < seconds * 1_000 {
        if now_ms < run.calm_from && run.dice.once_in(15_000 / STEP_MS) {
            run.misfortune(now_ms);
        }
        run.step(now_ms)?;
        now_ms += STEP_MS;
    }
    run.finish(now_ms)?;
    Ok(run)
}

impl Run {
    pub(crate) fn new(mut dice: Dice, world: World, seconds: u64) -> Self {
        Self {
            oracle: Oracle::new(&world.settings[0]),
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
            refused: BTreeSet::new(),
            fresh: BTreeSet::new(),
            is_new_connection: false,
            reserve: None,
            settings: 0,
            life: None,
            floods: 0,
            rotten: BTreeSet::new(),
            snapshots_every_ms: 20_000,
            keeps_safely: false,
            tally: Tally { simulated_s: seconds, ..Tally::default() },
            dice: dice.fork(),
        }
    }

    /// Delivers what is owed, and looks at everything once more.
    pub(crate) fn finish(&mut self, mut now_ms: u64) -> Result<(), String> {
        let end = now_ms + 600_000;
        self.calm();
        while self.process.as_ref().is_none_or(|process| !process.is_idle()) {
            self.step(now_ms)?;
            now_ms += STEP_MS;
            if now_ms > end {
                return Err("L2: what is owed is not delivered ten minutes after the end".to_owned());
            }
        }
        self.look()?;
        self.count();
        self.tally.shown = self.oracle.all(&self.disk, &self.broker, &self.ends)?;
        Ok(())
    }

    pub(crate) fn step(&mut self, now_ms: u64) -> Result<(), String> {
        let now = Duration::from_millis(now_ms);
        let true_time = self.world.start.plus(Span::from_nanos(i64::try_from(now_ms).unwrap() * 1_000_000));
        self.speak(now_ms, true_time);
        if now_ms >= self.calm_from {
            self.calm();
        }
        if self.process.is_none() && now_ms >= self.restart_at {
            self.begin(now)?;
        }
        let wall = true_time.plus(self.clock_off);
        self.listen(now);
        self.acknowledge()?;
        self.work(now, wall)?;
        let is_calm = now_ms > self.calm_from && now_ms > self.last_fault + RECOVERED_WITHIN_MS;
        if is_calm && !self.fresh_after_fault {
            return Err(format!("L6: nothing fresh was held within 30 s of {} ms", self.last_fault));
        }
        Ok(())
    }

    fn speak(&mut self, now_ms: u64, true_time: Timestamp) {
        while let Some((at, body)) = self.world.said.get(self.next)
            && *at <= true_time
        {
            match body {
                Body::Frame { link: Link::Udp, .. } => self.datagrams.send(now_ms, body, &mut self.dice),
                _ => self.broker.publish(body.clone()),
            }
            self.next += 1;
        }
    }

    fn calm(&mut self) {
        self.broker.partitioned = false;
        self.ends.iter_mut().for_each(|end| end.mood = Mood::Well);
        self.disk.heal();
    }

    /// The process ends here: killed, or with its machine.
    pub(super) fn end(&mut self, now_ms: u64, killed: bool) {
        if let Some(process) = &mut self.process {
            // What it acknowledged is on its way already.
            let (tokens, connection) = (process.confirmed(), process.connection);
            for token in tokens {
                let _ = self.broker.puback(connection.unwrap_or(0), token);
            }
        }
        self.process = None;
        self.life = None;
        self.reserve = None;
        self.broker.disconnect();
        self.restart_at = now_ms + 100 + self.dice.below(8_000);
        self.disk = if killed {
            self.disk.after_kill()
        } else {
            let mut dice = self.dice.fork();
            let some = self.dice.once_in(2).then_some(&mut dice);
            self.disk.after_crash(some)
        };
    }

    /// The process has ended by itself: by what the disk did, and for no other reason.
    fn ended(
        &mut self,
        now_ms: u64,
        before: super::disk::Happened,
        why: &std::io::Error,
    ) -> Result<(), String> {
        let happened = self.disk.happened();
        if (happened.eio, happened.crash, happened.kill) == (before.eio, before.crash, before.kill) {
            return Err(format!("at {now_ms} ms the process ended though the disk did nothing: {why}"));
        }
        // After a failed sync the machine may go on: then a start reads from memory what never reached the disk, and no
        // later sync brings it there by itself.
        let stops = happened.eio > before.eio && self.dice.once_in(2);
        self.end(now_ms, happened.crash == before.crash && !stops);
        Ok(())
    }

    fn begin(&mut self, now: Duration) -> Result<(), String> {
        let now_ms = u64::try_from(now.as_millis()).unwrap();
        let before = self.disk.happened();
        self.tally.calls += self.disk.calls();
        self.tally.restarts += 1;
        let settings = &self.world.settings[self.settings];
        match Process::begin(&self.disk, settings, now, &mut self.dice) {
            Ok(process) => {
                let known = self.oracle.records.len();
                self.look()?;
                if known > self.oracle.records.len() {
                    return Err("L4: less is there than was".to_owned());
                }
                self.oracle.is_the_same(&process)?;
                if self.disk.room().is_none() && !has_reserve(&self.disk) {
                    return Err("no room is put aside for alerts".to_owned());
                }
                self.process = Some(process);
                Ok(())
            }
            Err(why) => self.ended(now_ms, before, &why),
        }
    }

    /// L1 and L4, on what the disk holds now.
    fn look(&mut self) -> Result<(), String> {
        self.oracle.look(&self.disk)?;
        self.fresh.clear();
        if let Some(process) = &self.process {
            self.oracle.is_the_same(process)?;
        }
        self.oracle.holds(&self.broker, &self.refused)
    }

    fn listen(&mut self, now: Duration) {
        let now_ms = u64::try_from(now.as_millis()).unwrap();
        let arrived = self.datagrams.arrive(now_ms);
        let Some(process) = &mut self.process else { return };
        for body in arrived {
            process.hear(now, body, None);
        }
        if !self.broker.is_connected(process.connection) {
            if self.reconnect_at == 0 {
                self.reconnect_at = now_ms + 100 + self.dice.below(2_000);
            }
            if now_ms < self.reconnect_at {
                return;
            }
            self.reconnect_at = 0;
            let Some(connection) = self.broker.connect() else { return };
            process.connected(connection);
            self.is_new_connection = true;
        }
        let most = usize::try_from(self.dice.below(40)).unwrap();
        for publish in self.broker.deliver(most, &mut self.dice) {
            if process.hear(now, publish.body, Some(publish.token)) {
                self.refused.insert(publish.message);
            }
        }
    }

    fn work(&mut self, now: Duration, wall: Timestamp) -> Result<(), String> {
        let now_ms = u64::try_from(now.as_millis()).unwrap();
        let Some(process) = &mut self.process else { return Ok(()) };
        let before = self.disk.happened();
        let had_reserve = !process.is_full() && has_reserve(&self.disk);
        let is_first = self.life.is_none() && !self.oracle.records.is_empty();
        match process.work(now, wall) {
            Ok(None) => {}
            Ok(Some(group)) => {
                if self.disk.happened().eio > before.eio {
                    return Err(format!("at {now_ms} ms the log failed, and the process went on"));
                }
                self.adds_up(now_ms, &group, had_reserve, is_first)?;
            }
            Err(why) => {
                self.ended(now_ms, before, &why)?;
                // What was acknowledged all the same must be there.
                return self.look();
            }
        }
        self.stop_behind_a_notice(now_ms);
        let Some(process) = &mut self.process else { return Ok(()) };
        process.deliver(now, wall, &mut self.ends, &mut self.dice);
        if self.dice.once_in(self.snapshots_every_ms / STEP_MS) && !process.is_full() {
            self.keep(now_ms)?;
        }
        Ok(())
    }

    /// Now and then all ends between a notice and its own record.
    fn stop_behind_a_notice(&mut self, now_ms: u64) {
        let has_said = self.process.as_ref().is_some_and(Process::has_said);
        if has_said && now_ms < self.calm_from && !self.keeps_safely && self.dice.once_in(6) {
            let soon = self.disk.calls() + self.dice.below(2);
            self.disk.fail(soon, if self.dice.once_in(2) { Fault::Crash } else { Fault::Kill });
            self.last_fault = now_ms;
            self.fresh_after_fault = false;
            *self.tally.cases.entry("stop between a notice and its record").or_default() += 1;
        }
    }

    /// Acknowledgements leave, sooner or later; each says that its message is held.
    fn acknowledge(&mut self) -> Result<(), String> {
        let Some(process) = &mut self.process else { return Ok(()) };
        // What waited for a connection leaves with the first of it.
        let is_new = std::mem::take(&mut self.is_new_connection);
        if !is_new && !self.dice.once_in(4) {
            return Ok(());
        }
        let Some(connection) = process.connection.filter(|open| self.broker.is_connected(Some(*open))) else {
            // Nobody to tell; the next connection is told of its own.
            return Ok(());
        };
        for token in process.confirmed() {
            if token == REFUSED {
                self.broker.disconnect();
                continue;
            }
            let Some((message, body)) = self.broker.puback(connection, token) else { continue };
            let is_held = match body {
                Body::Frame { bytes, .. } | Body::Status { bytes, .. } => {
                    self.fresh.contains(bytes) || self.oracle.has(bytes)
                }
                _ => true,
            };
            if !is_held && !self.refused.contains(&message) {
                return Err(format!("L1: message {message} is acknowledged before it is held"));
            }
        }
        Ok(())
    }

    /// A snapshot, and old segments out of the way; what is about to go has been seen.
    fn keep(&mut self, now_ms: u64) -> Result<(), String> {
        self.look()?;
        let before = self.disk.happened();
        if now_ms < self.calm_from && !self.keeps_safely && self.dice.once_in(8) {
            let soon = self.disk.calls() + self.dice.below(30);
            *self
                .tally
                .cases
                .entry("crash while a snapshot is kept or segments are replaced")
                .or_default() += 1;
            self.disk.fail(soon, if self.dice.once_in(2) { Fault::Crash } else { Fault::Kill });
            self.last_fault = now_ms;
            self.fresh_after_fault = false;
        }
        let Some(process) = &mut self.process else { return Ok(()) };
        let done = process.keep();
        if self.disk.is_stopped() {
            return self.ended(now_ms, before, &std::io::Error::other("stopped while keeping"));
        }
        let happened = self.disk.happened();
        if !done && (happened.eio, happened.full) == (before.eio, before.full) && self.disk.room().is_none() {
            *self.tally.cases.entry("(keeper not done for a leftover)").or_default() += 1;
        }
        Ok(())
    }

    /// L5, and what must be said first in a life, and that time goes on.
    fn adds_up(
        &mut self,
        now_ms: u64,
        group: &Group,
        had_reserve: bool,
        is_first: bool,
    ) -> Result<(), String> {
        let wrong = |what: String| Err(format!("at {now_ms} ms: {what}"));
        let (mut frames, mut refused, mut others) = (0, 0, 0_u64);
        for record in &group.records {
            match &record.body {
                Body::Frame { bytes, .. } | Body::Status { bytes, .. } => {
                    frames += 1;
                    self.fresh.insert(bytes.clone());
                }
                Body::Refused { count, .. } => refused += count,
                Body::Tick => {}
                _ => others += 1,
            }
        }
        if group.frames != frames + group.turned_away {
            let (heard, away) = (group.frames, group.turned_away);
            return wrong(format!("L5: {heard} frames are {frames} journaled and {away} turned away"));
        }
        if refused != group.refused && !(group.is_full && refused == 0) {
            return wrong(format!("L5: of {} refusals {refused} are counted", group.refused));
        }
        if !group.is_full {
            self.reserve = None;
        } else if had_reserve {
            self.reserve = Some((RESERVE_BYTES / 2, self.disk.happened().full));
        }
        if let Some((room, full)) = self.reserve.filter(|(_, full)| *full == self.disk.happened().full) {
            if others < group.urgent {
                return wrong(format!("of {} that cannot wait the full disk took {others}", group.urgent));
            }
            let taken = usize::try_from(others).unwrap() * MOST_BYTES;
            self.reserve = room.checked_sub(taken).map(|room| (room, full));
        }
        let first = group.records.iter().find(|record| record.body != Body::Tick);
        let gap = first.is_some_and(|record| matches!(record.body, Body::Gap { .. }));
        if is_first && first.is_some() && !gap {
            return wrong("nothing says that nobody listened".to_owned());
        }
        let Some(last) = group.records.last().map(|record| record.received) else { return Ok(()) };
        let (began, stamp) = *self.life.get_or_insert((now_ms, last));
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a run")]
        let due_s = (now_ms - began) as f64 * 0.45e-3 - 2.0;
        if last.since(stamp).as_secs_f64() < due_s {
            return wrong(format!("time stands still at {last}"));
        }
        self.fresh_after_fault |= frames > 0;
        Ok(())
    }

    /// The cases that are counted where they happen.
    fn count(&mut self) {
        let happened = self.disk.happened();
        let cases = [
            ("EIO", u64::from(happened.eio)),
            ("ENOSPC", u64::from(happened.full)),
            ("power lost in a call", u64::from(happened.crash)),
            ("killed in a call", u64::from(happened.kill)),
            ("message delivered twice", self.broker.duplicates),
            ("message redelivered", self.broker.redelivered),
            ("datagram lost", self.datagrams.lost),
            ("datagram doubled", self.datagrams.doubled),
        ];
        for (kind, count) in cases {
            *self.tally.cases.entry(kind).or_default() += count;
        }
        self.tally.calls += self.disk.calls();
    }
}

fn has_reserve(disk: &Disk) -> bool {
    disk.onlooker().names().is_ok_and(|names| names.iter().any(|name| name == "reserve"))
}
