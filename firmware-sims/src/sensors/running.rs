//! A box switched on: its thread, and the plug to pull.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use super::{Emission, Firmware, Line, Start, firmware};
use crate::links::{Kind, Link, LinkSpec, open};
use crate::pace::Pace;
use crate::scenario::BoxSpec;
use crate::world::World;

/// A running box. Dropping it pulls its plug.
pub struct BoxHandle {
    id: String,
    device: Option<PathBuf>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    stop: AtomicBool,
    over: AtomicBool,
    sent: AtomicU64,
    lost: AtomicU64,
}

impl BoxHandle {
    /// The sensor's id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The path to open for what it says, for a box on a serial line.
    #[must_use]
    pub fn device(&self) -> Option<&Path> {
        self.device.as_deref()
    }

    /// Whether it still runs.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.shared.over.load(Ordering::Relaxed)
    }

    /// Frames handed to the link so far.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::Relaxed)
    }

    /// Frames the link could not take.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Pulls the plug: no farewell, the broker speaks the last will, a serial reader sees the device vanish. Returns
    /// when the box's thread has ended.
    pub fn stop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        self.wait();
    }

    /// Waits until it ends by itself.
    pub fn wait(&mut self) {
        if let Some(thread) = self.thread.take() {
            // A box that panicked has ended too; its message is on stderr.
            let _ = thread.join();
        }
    }
}

impl Drop for BoxHandle {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Switches a box on: it looks at `world` at `pace` and talks over `link` until its plug is pulled, or until world time
/// `until_s`. It starts at the world's present and takes its restart counter from the clock, so that every start counts
/// higher than the last.
///
/// # Errors
/// A fault in the box's list that is none, or a link that cannot be opened.
pub fn spawn(
    spec: &BoxSpec,
    world: Arc<World>,
    pace: Pace,
    link: &LinkSpec,
    until_s: f64,
) -> io::Result<BoxHandle> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidInput, format!("{}: {error}", spec.id));
    // The first looks of a world that has just begun belong to the start.
    let now_s = pace.now_s();
    let at_s = if now_s < 1.0 { 0.0 } else { now_s };
    let boot = u64::try_from(pace.unix_ns(at_s) / 1_000_000_000).unwrap_or(1);
    let start = Start { epoch_ns: pace.epoch_ns, boot, at_s };
    let firmware = firmware(spec, &world, start).map_err(invalid)?;
    let line = Line::new(spec, world.seed(), start).map_err(invalid)?;
    let link = open(link, boot)?;
    let device = link.device().map(Path::to_owned);
    let shared = Arc::new(Shared::default());
    let running = Running { firmware, line, link, world, pace, until_s, boot, shared: Arc::clone(&shared) };
    let thread = thread::Builder::new().name(format!("box {}", spec.id)).spawn(move || running.run())?;
    Ok(BoxHandle { id: spec.id.clone(), device, shared, thread: Some(thread) })
}

struct Running {
    firmware: Box<dyn Firmware>,
    line: Line,
    link: Box<dyn Link>,
    world: Arc<World>,
    pace: Pace,
    until_s: f64,
    boot: u64,
    shared: Arc<Shared>,
}

/// Says that the box has ended, however it ends.
struct Over(Arc<Shared>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.over.store(true, Ordering::Relaxed);
    }
}

impl Running {
    fn run(mut self) {
        let _over = Over(Arc::clone(&self.shared));
        let (mut batch, mut out) = (Vec::new(), Vec::new());
        loop {
            self.firmware.step(&self.world, &mut batch);
            for emission in batch.drain(..) {
                if emission.due_s > self.until_s {
                    // Time is up, but only once it has passed.
                    let _ = self.pace.sleep_until(self.until_s, &self.shared.stop);
                    return;
                }
                if !self.pace.sleep_until(emission.due_s, &self.shared.stop) {
                    return;
                }
                let boot = self.line.boot(emission.due_s);
                if boot != self.boot {
                    self.boot = boot;
                    if self.link.restart(boot).is_err() {
                        return;
                    }
                }
                self.line.pass(emission, &mut out);
                for emission in out.drain(..) {
                    send(self.link.as_mut(), &self.shared, &emission);
                }
            }
        }
    }
}

fn send(link: &mut dyn Link, shared: &Shared, emission: &Emission) {
    let taken = link.send(emission.kind, &emission.bytes);
    if emission.kind == Kind::Frame {
        let counter = if taken { &shared.sent } else { &shared.lost };
        counter.fetch_add(1, Ordering::Relaxed);
    }
}
