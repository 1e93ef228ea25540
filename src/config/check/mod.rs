//! From what the files say to what is true: defaults filled in, references resolved, geometry sane.
//!
//! In: raw tables. Out: the types the daemon runs on, or refusals in the report. A part that was refused is left out of
//! the result; the caller throws the result away unless the report is clean.

pub(super) mod agreement;
pub(super) mod geometry;
mod links;
mod mqtt;
mod quotas;
mod seal;
mod sensors;
mod sinks;

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::error::{Report, join};
use super::raw;
use super::raw::leaf::{Id, Position, Text};
use super::{Installation, Journal};
use crate::geo::{Geodetic, LocalFrame};
use crate::journal::retain::Limits;
use crate::time::Span;
use crate::watch::{Agreement, calendar};

/// How far from the origin anything of a sector may lie: farther is a slip of the pen, and the flat frame no use.
const MAX_FROM_ORIGIN_M: f64 = 500_000.0;

/// What the checks may look at besides the file itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    /// The file's folder: relative paths start here.
    pub(super) folder: &'a Path,
    /// `$CREDENTIALS_DIRECTORY`: relative secret paths start here.
    pub(super) credentials: Option<&'a Path>,
    /// Whether a secret that cannot be read is an error, as it is for the daemon, or a remark.
    pub(super) secrets_required: bool,
}

/// The installation, with the agreement already checked and the file's hash.
pub(super) fn installation(
    raw: &raw::Installation,
    agreement: Agreement,
    hash: String,
    around: Surroundings<'_>,
    report: &mut Report,
) -> Option<Installation> {
    let sector_raw = raw.sector.as_ref();
    let sector = sector_raw.and_then(|sector| sector.id.as_ref()).map(|id| id.0.clone());
    let origin = sector_raw.and_then(|sector| sector.origin).map(Position::on_the_ground);
    let listed = raw.sensors.as_deref().unwrap_or_default();
    let sensors = sensors::sensors(listed, origin, report);
    let quotas = quotas::quotas(raw, &sensors, &agreement, report);
    links::remark_unreachable(raw, report);
    let mqtt = raw.mqtt.as_ref().and_then(|mqtt| mqtt::mqtt(mqtt, sector.as_deref(), around, report));
    let serial = links::serial(raw.serial.as_deref().unwrap_or_default(), listed, report);
    let udp = links::udp(raw.udp.as_deref().unwrap_or_default(), listed, report);
    let http = raw.http.as_ref().and_then(|http| http.listen.as_ref());
    Some(Installation {
        exercise: sector_raw.and_then(|sector| sector.exercise).unwrap_or(false),
        sinks: sinks::sinks(
            raw.sinks.as_deref().unwrap_or_default(),
            raw.mqtt.is_some(),
            around.folder,
            report,
        ),
        seal: seal::seal(raw, sector.as_deref(), around, report),
        journal: raw.journal.as_ref().and_then(|journal| self::journal(journal, around)),
        http_listen: http.and_then(|listen| socket_address(listen, "http.listen", report)),
        report_dir: raw.report.as_ref().and_then(|report| Some(around.folder.join(&report.dir.as_ref()?.0))),
        report_time_zone: raw.report.as_ref().map_or_else(String::new, |written| time_zone(written, report)),
        sector: sector?,
        origin: origin?,
        sensors,
        quotas,
        agreement,
        mqtt,
        serial,
        udp,
        hash,
    })
}

/// The zone of the report's days; empty for UTC.
fn time_zone(raw: &raw::DailyReport, report: &mut Report) -> String {
    let Some(zone) = &raw.time_zone else { return String::new() };
    if !calendar::knows(&zone.0) {
        let release = calendar::release();
        let expected =
            format!("a time zone of the IANA database (release {release}), as in \"Asia/Nicosia\"");
        report.refuse("report.time_zone", expected);
    }
    // By whatever name: a day of UTC is one.
    if zone.0 == "UTC" { String::new() } else { zone.0.clone() }
}

fn journal(raw: &raw::Journal, around: Surroundings<'_>) -> Option<Journal> {
    let usual = Limits::default();
    let days = |days: f64| Span::from_secs_f64(days * 86_400.0);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a million gigabytes at most"
    )]
    let bytes = |gb: f64| (gb * 1e9) as u64;
    let limits = Limits {
        frames: raw.keep_frames_days.map_or(usual.frames, |kept| days(kept.0)),
        alerts: raw.keep_alerts_days.map_or(usual.alerts, |kept| days(kept.0)),
        bytes: raw.max_gb.map_or(usual.bytes, |gb| bytes(gb.0)),
    };
    Some(Journal { dir: around.folder.join(&raw.dir.as_ref()?.0), limits })
}

/// Refuses every second use of an id in a list of tables.
fn refuse_repeated<'a>(ids: impl Iterator<Item = Option<&'a Id>>, list: &str, report: &mut Report) {
    for index in repeated(ids) {
        report.refuse(&join(&format!("{list}[{index}]"), "id"), format!("an id no other of `{list}` has"));
    }
}

/// Indices of entries equal to an earlier one; `None` is equal to nothing.
fn repeated<T: Ord>(values: impl Iterator<Item = Option<T>>) -> Vec<usize> {
    let mut seen = BTreeSet::new();
    values.enumerate().filter_map(|(index, value)| (!seen.insert(value?)).then_some(index)).collect()
}

fn socket_address(text: &Text, at: &str, report: &mut Report) -> Option<SocketAddr> {
    let address = text.0.parse().ok();
    if address.is_none() {
        report.refuse(at, "an IP address and a port, as in \"127.0.0.1:8080\" or \"[::1]:8080\"");
    }
    address
}

/// Refuses a position too far from the sector's origin, with a guess at why.
pub(super) fn near_origin(
    position: Geodetic,
    origin: Option<Geodetic>,
    at: &str,
    report: &mut Report,
) -> bool {
    let Some(origin) = origin else { return true };
    let frame = LocalFrame::new(origin);
    // On the ground: a satellite's height is no distance from the sector.
    let distance_m = distance_m(&frame, Geodetic { altitude_m: origin.altitude_m, ..position });
    if distance_m <= MAX_FROM_ORIGIN_M {
        return true;
    }
    let swapped = Geodetic::from_degrees(position.lon_deg(), position.lat_deg(), 0.0);
    let looks_swapped =
        swapped.lat_deg().abs() <= 90.0 && self::distance_m(&frame, swapped) <= MAX_FROM_ORIGIN_M;
    let hint = if looks_swapped { "; latitude and longitude look swapped" } else { "" };
    let expected = format!(
        "a position within {:.0} km of sector.origin, not {:.0} km away{hint}",
        MAX_FROM_ORIGIN_M / 1e3,
        distance_m / 1e3
    );
    report.refuse(at, expected);
    false
}

/// Straight through the Earth, so that a far position cannot fold back to a near one.
fn distance_m(frame: &LocalFrame, position: Geodetic) -> f64 {
    let enu = frame.to_enu(position);
    libm::hypot(enu.ground_distance_m(), enu.up_m)
}

/// A path of a secret: absolute, or in `$CREDENTIALS_DIRECTORY`, or beside the configuration file.
fn secret_path(path: &Text, around: Surroundings<'_>) -> PathBuf {
    around.credentials.unwrap_or(around.folder).join(&path.0)
}
