//! `linewatch run`: the daemon, as systemd starts it.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::app::{App, Reloading};
use crate::clock::Clock;
use crate::config::{self, Installation};

/// How often systemd is told how it goes, unless its watchdog wants it oftener.
const STATUS_EVERY: Duration = Duration::from_secs(5);

/// Runs the daemon until SIGTERM or SIGINT, then delivers what is owed.
///
/// # Errors
/// The configuration is wrong, a port or the journal cannot be opened, or the journal could not be written.
pub fn run(config: &Path) -> Result<(), Failure> {
    let installation = config::load(config).map_err(Failure::input)?;
    let runtime = tokio::runtime::Runtime::new().context("starting the runtime")?;
    let done = runtime.block_on(watch(config, &installation));
    // A name being resolved cannot be called back, and a dead resolver would hold up the end beyond its 10 s.
    runtime.shutdown_background();
    done
}

async fn watch(path: &Path, installation: &Installation) -> Result<(), Failure> {
    // Before anything is begun, or a signal in the meantime would end it half-begun.
    let mut signals = Signals::listen()?;
    let mut in_force = installation.clone();
    let mut app = start(&in_force).map_err(Failure::Machine)?;
    let failed = loop {
        match attend(&app, &mut signals, path, &mut in_force).await {
            Ending::Told => break false,
            Ending::Failed => break true,
            Ending::BuildAnew(new) => app = build_anew(app, *new, &mut in_force).await?,
        }
    };
    tell(&[NotifyState::Stopping, NotifyState::Status("delivering what is owed")]);
    for left in app.stop().await? {
        tracing::warn!(sink = %left.sink, notices = left.notices, "left undelivered");
    }
    if failed { Err(anyhow::anyhow!("the engine's thread ended by itself").into()) } else { Ok(()) }
}

/// Starts it, or says for a person why not.
fn start(installation: &Installation) -> Result<App, String> {
    let app = App::start(installation, Clock::system(), None).map_err(|error| format!("{error:#}"))?;
    if let Some(address) = app.http {
        tracing::info!(%address, "page and metrics");
    }
    tell(&[NotifyState::Ready, NotifyState::Status("watching")]);
    Ok(app)
}

/// Ends the daemon and begins it under other settings, on the same journal: it goes on from where it was, and the log says
/// so. If it cannot begin under them, it begins under those before.
async fn build_anew(app: App, new: Installation, in_force: &mut Installation) -> Result<App, Failure> {
    app.pause().await?;
    match start(&new) {
        Ok(app) => {
            show(&new);
            *in_force = new;
            app.metrics.reloaded(true);
            Ok(app)
        }
        Err(why) => {
            tracing::error!("cannot begin under the new settings, and goes on under those before: {why}");
            let app = start(in_force).map_err(Failure::Machine)?;
            app.metrics.reloaded(false);
            app.refuse_reload(&why);
            Ok(app)
        }
    }
}

fn show(new: &Installation) {
    tracing::info!(configuration = %new.hash, agreement = %new.agreement.hash, "reloaded");
}

/// Why the daemon is attended to no longer.
enum Ending {
    /// A signal said so.
    Told,
    /// A thread of its own has ended.
    Failed,
    /// Settings have come for which it must be built anew.
    BuildAnew(Box<Installation>),
}

/// What asks the daemon to end.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    reload: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("waiting for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("waiting for SIGINT")?,
            reload: signal(SignalKind::hangup()).context("waiting for SIGHUP")?,
        })
    }
}

/// Waits for a signal, feeding the watchdog only while the engine makes progress.
async fn attend(app: &App, signals: &mut Signals, path: &Path, in_force: &mut Installation) -> Ending {
    let every = sd_notify::watchdog_enabled().map_or(STATUS_EVERY, |limit| (limit / 3).min(STATUS_EVERY));
    let mut last = app.progress.load(Ordering::Relaxed);
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return Ending::Told,
            _ = signals.interrupt.recv() => return Ending::Told,
            _ = signals.reload.recv() => {
                if let Some(new) = reload(app, path, in_force) {
                    return Ending::BuildAnew(Box::new(new));
                }
            }
            () = tokio::time::sleep(every) => {}
        }
        if app.has_failed() {
            return Ending::Failed;
        }
        let progress = app.progress.load(Ordering::Relaxed);
        // The clock ticks once a second even in silence: an engine that does not move is stuck.
        if progress != last {
            let picture = app.shared.picture();
            let online = picture.sensors.iter().filter(|row| row.state.as_str() == "online").count();
            let status = format!(
                "{} tracks, {} open alerts, {online} of {} sensors online",
                picture.tracks.len(),
                picture.alerts.len(),
                picture.sensors.len()
            );
            tell(&[NotifyState::Watchdog, NotifyState::Status(&status)]);
        } else {
            tracing::error!("the engine has made no progress");
        }
        last = progress;
    }
}

/// Reads the files again. With an error in them, everything stays as it is, and the error is shown. What the daemon must
/// be built anew for is given back.
fn reload(app: &App, path: &Path, in_force: &mut Installation) -> Option<Installation> {
    tell(&[
        NotifyState::Reloading,
        NotifyState::monotonic_usec_now().unwrap_or(NotifyState::Status("reloading")),
    ]);
    let loaded = config::load(path).map_err(|errors| errors.to_string());
    let done = loaded.and_then(|new| app.reload(in_force, &new).map(|how| (how, new)));
    match done {
        // Ready is told once it has begun again.
        Ok((Reloading::NeedsBuilding, new)) => return Some(new),
        Ok((Reloading::InForce, new)) => {
            show(&new);
            app.metrics.reloaded(true);
            *in_force = new;
        }
        Err(why) => {
            tracing::error!("not reloaded, everything stays as it was: {why}");
            app.metrics.reloaded(false);
            app.refuse_reload(&why);
        }
    }
    tell(&[NotifyState::Ready]);
    None
}

/// Tells systemd; without systemd there is nobody to tell.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
