//! `linewatch run`: the daemon, as systemd starts it.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context;
use sd_notify::NotifyState;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::Failure;
use crate::app::App;
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
    let signals = Signals::listen()?;
    let app = App::start(installation, Clock::system(), None)
        .map_err(|error| Failure::Machine(format!("{error:#}")))?;
    if let Some(address) = app.http {
        tracing::info!(%address, "page and metrics");
    }
    tell(&[NotifyState::Ready, NotifyState::Status("watching")]);
    let failed = attend(&app, signals, path, installation).await;
    tell(&[NotifyState::Stopping, NotifyState::Status("delivering what is owed")]);
    for left in app.stop().await? {
        tracing::warn!(sink = %left.sink, notices = left.notices, "left undelivered");
    }
    if failed { Err(anyhow::anyhow!("the engine's thread ended by itself").into()) } else { Ok(()) }
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

/// Waits for a signal, feeding the watchdog only while the engine makes progress; true if the engine has failed.
async fn attend(app: &App, mut signals: Signals, path: &Path, began: &Installation) -> bool {
    let mut in_force = began.clone();
    let every = sd_notify::watchdog_enabled().map_or(STATUS_EVERY, |limit| (limit / 3).min(STATUS_EVERY));
    let mut last = app.progress.load(Ordering::Relaxed);
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => return false,
            _ = signals.interrupt.recv() => return false,
            _ = signals.reload.recv() => reload(app, path, &mut in_force),
            () = tokio::time::sleep(every) => {}
        }
        if app.has_failed() {
            return true;
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

/// Reads the files again. With an error in them, everything stays as it is, and the error is shown.
fn reload(app: &App, path: &Path, in_force: &mut Installation) {
    tell(&[
        NotifyState::Reloading,
        NotifyState::monotonic_usec_now().unwrap_or(NotifyState::Status("reloading")),
    ]);
    let loaded = config::load(path).map_err(|errors| errors.to_string());
    let done = loaded.and_then(|new| app.reload(in_force, &new).map(|()| new));
    match done {
        Ok(new) => {
            tracing::info!(configuration = %new.hash, agreement = %new.agreement.hash, "reloaded");
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
}

/// Tells systemd; without systemd there is nobody to tell.
fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::debug!(%error, "systemd was not told");
    }
}
