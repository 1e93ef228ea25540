//! The serial source: one port, one sensor, cut into lines or frames.
//!
//! A port that vanishes reads as nothing for ever, or as an I/O error: either way it is closed, waited for with
//! back-off, and opened again. No acknowledgements: what was read and not yet logged at a crash is lost.

mod framing;

use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::io::AsyncReadExt;
use tokio::sync::watch;
use tokio_serial::{DataBits, Parity, SerialPortBuilderExt, SerialStream, StopBits};

use super::{Intake, OVERLONG, Stopped, told_to};
use crate::backoff::Backoff;
use crate::metrics::Metrics;
use crate::record::{Body, Link};
use crate::sensor::{Format, SensorId};
pub use framing::{Found, Framer};

/// Longer than any sentence or field frame, and than a JSON scan of a small box.
const LONGEST_FRAME_BYTES: usize = 64 * 1024;
const BACKOFF_BASE: Duration = Duration::from_millis(250);
const BACKOFF_CAP: Duration = Duration::from_secs(5);
/// A port that was open this long was really there.
const STEADY: Duration = Duration::from_secs(2);

/// One serial port. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Device path.
    pub device: PathBuf,
    /// Bits per second; always 8N1.
    pub baud: u32,
    /// Whose line it is.
    pub sensor: SensorId,
    /// How its bytes are cut into frames: lines for NMEA and JSON, zero-delimited for field frames.
    pub format: Format,
}

impl Settings {
    /// The port's label in metrics and logs.
    #[must_use]
    pub fn label(&self) -> String {
        format!("serial:{}", self.sensor)
    }
}

/// Reads one port until `stop` turns true or the pipeline is gone.
pub async fn run(
    settings: Settings,
    intake: Intake,
    metrics: std::sync::Arc<Metrics>,
    mut stop: watch::Receiver<bool>,
) {
    let mut backoff = Backoff::new(BACKOFF_BASE, BACKOFF_CAP);
    loop {
        let opened = crate::clock::instant();
        let ended = tokio::select! {
            ended = session(&settings, &intake, &metrics) => ended,
            () = told_to(&mut stop) => return,
        };
        metrics.source_up(&settings.label(), false);
        let Err(error) = ended else { return };
        if opened.elapsed() > STEADY {
            backoff.reset();
        }
        let wait = backoff.next_wait();
        tracing::warn!(device = %settings.device.display(), %error, retry_in = ?wait, "serial port gone");
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = told_to(&mut stop) => return,
        }
    }
}

/// One opening of the port, until it vanishes (an error) or the pipeline stops (none).
async fn session(settings: &Settings, intake: &Intake, metrics: &Metrics) -> std::io::Result<()> {
    let mut port = open(settings)?;
    metrics.source_up(&settings.label(), true);
    tracing::info!(device = %settings.device.display(), sensor = %settings.sensor, "serial port open");
    let mut framer = Framer::new(settings.format, LONGEST_FRAME_BYTES);
    let mut buffer = vec![0; 4_096];
    loop {
        let read = port.read(&mut buffer).await?;
        if read == 0 {
            // Not "nothing yet" but "nothing ever again": reading on would spin.
            return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, "the device is gone"));
        }
        let found = framer.push(&buffer[..read]);
        if found.overlong > 0 {
            let (sensor, reason) = (Some(settings.sensor.clone()), OVERLONG.to_owned());
            // The bytes are gone: noise has no end to wait for.
            let first_sha256 = Sha256::digest([]).into();
            let body = Body::Refused { sensor, count: found.overlong, reason, first_sha256 };
            if let Err(Stopped) = intake.send(body, None).await {
                return Ok(());
            }
        }
        for bytes in found.frames {
            let body = Body::Frame { sensor: settings.sensor.clone(), link: Link::Serial, bytes };
            if let Err(Stopped) = intake.send(body, None).await {
                return Ok(());
            }
        }
    }
}

fn open(settings: &Settings) -> std::io::Result<SerialStream> {
    let path = settings.device.to_string_lossy();
    let builder = tokio_serial::new(path, settings.baud)
        .data_bits(DataBits::Eight)
        .parity(Parity::None)
        .stop_bits(StopBits::One);
    Ok(builder.open_native_async()?)
}
