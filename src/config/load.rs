//! Reads the files: text to raw tables to checked types, every fault of every file in one list.

use std::path::Path;

use sha2::{Digest, Sha256};
use toml::de::{DeTable, DeValue};

use super::check::{self, Surroundings};
use super::error::{ConfigError, Errors, Report};
use super::raw::agreement::Agreement as RawAgreement;
use super::raw::read::FromToml;
use super::{Installation, geojson, raw};
use crate::geo::Geodetic;
use crate::watch::Agreement;
use crate::watch::agreement::RuleKind;

/// The largest file read, bytes: a configuration is kilobytes.
const MAX_FILE_BYTES: u64 = 4 << 20;

/// Reads an installation's file and the agreement it names, for the daemon: secrets must be readable.
///
/// # Errors
/// Every fault of both files.
pub fn load(path: &Path) -> Result<Installation, Errors> {
    read_installation(path, true).map(|(installation, _)| installation)
}

/// The same for `replay`, which uses none of the links: secrets that are not at hand do not matter.
///
/// # Errors
/// Every fault of both files.
pub fn load_for_replay(path: &Path) -> Result<Installation, Errors> {
    read_installation(path, false).map(|(installation, _)| installation)
}

/// An agreement alone, of a sector with this origin.
///
/// # Errors
/// Every fault of it.
pub fn load_other_agreement(path: &Path, origin: Geodetic) -> Result<Agreement, Errors> {
    read_agreement(path, Some(origin)).map(|(agreement, _)| agreement).map_err(Errors)
}

/// An installation and remarks on it: what is allowed but probably not meant.
pub(super) fn read_installation(
    path: &Path,
    secrets_required: bool,
) -> Result<(Installation, Vec<String>), Errors> {
    let (document, mut report) = Document::<raw::Installation>::read(path).map_err(Errors)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let origin = document.raw.sector.as_ref().and_then(|sector| sector.origin);
    let origin = origin.map(raw::leaf::Position::on_the_ground);
    let file = document.raw.agreement.as_ref().and_then(|agreement| agreement.file.as_ref());
    let agreement = match file.map(|file| folder.join(&file.0)) {
        Some(file) if !file.is_file() => {
            report.refuse("agreement.file", format!("a file: there is none at {}", file.display()));
            Err(Vec::new())
        }
        Some(file) => read_agreement(&file, origin),
        None => Err(Vec::new()),
    };
    let credentials = std::env::var_os("CREDENTIALS_DIRECTORY");
    let around =
        Surroundings { folder, credentials: credentials.as_deref().map(Path::new), secrets_required };
    let (agreement, agreement_remarks, agreement_errors) = match agreement {
        Ok((agreement, remarks)) => (agreement, remarks, Vec::new()),
        Err(errors) => (Agreement::default(), Vec::new(), errors),
    };
    let checked = check::installation(&document.raw, agreement, document.hash, around, &mut report);
    let (mut errors, mut remarks) = report.into_parts();
    errors.extend(agreement_errors);
    remarks.extend(agreement_remarks);
    match checked {
        Some(installation) if errors.is_empty() => {
            remarks.extend(strangers(&installation));
            Ok((installation, remarks))
        }
        _ => Err(Errors(errors)),
    }
}

/// What the agreement names that this installation does not have: allowed, for one agreement serves many sectors.
fn strangers(installation: &Installation) -> Vec<String> {
    let agreement = &installation.agreement;
    let mut remarks = Vec::new();
    for one in &agreement.recipients {
        let unknown = one.sinks.iter().filter(|id| installation.sinks.iter().all(|sink| *sink.id != ***id));
        remarks.extend(unknown.map(|id| format!("recipients {}: there is no sink `{id}` here", one.id)));
    }
    for rule in &agreement.rules {
        let RuleKind::Integrity { sensors } = &rule.kind else { continue };
        let unknown = sensors
            .iter()
            .filter(|id| installation.sensors.iter().all(|sensor| sensor.id.as_str() != &***id));
        remarks.extend(unknown.map(|id| format!("rule {}: there is no sensor `{id}` here", rule.id)));
    }
    remarks
}

/// The agreement that a file is, or that the installation in it names, with that installation.
///
/// # Errors
/// Every fault of both files.
pub fn load_agreement(path: &Path) -> Result<(Agreement, Option<Installation>), Errors> {
    if super::summary::is_agreement(path)? {
        return read_agreement(path, None).map(|(agreement, _)| (agreement, None)).map_err(Errors);
    }
    let (installation, _) = read_installation(path, false)?;
    Ok((installation.agreement.clone(), Some(installation)))
}

/// An agreement and remarks on it.
pub(super) fn read_agreement(
    path: &Path,
    origin: Option<Geodetic>,
) -> Result<(Agreement, Vec<String>), Vec<ConfigError>> {
    let (mut document, mut report) = Document::<RawAgreement>::read(path)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    for (index, line) in document.raw.lines.iter_mut().flatten().enumerate() {
        read_geojson(line, &format!("lines[{index}]"), folder, &mut report);
    }
    let checked = check::agreement::agreement(&document.raw, origin, &mut report);
    let is_clean = report.is_clean();
    let (errors, remarks) = report.into_parts();
    match checked {
        Some(agreement) if is_clean => Ok((agreement, remarks)),
        _ => Err(errors),
    }
}

/// Brings a line's coordinates in from the file it names.
fn read_geojson(line: &mut raw::agreement::Line, at: &str, folder: &Path, report: &mut Report) {
    let at_file = format!("{at}.geojson");
    match (&line.coordinates, &line.geojson) {
        (None, None) => report.refuse(&format!("{at}.coordinates"), "either this key or `geojson`"),
        (Some(_), Some(_)) => report.refuse(&at_file, "either this key or `coordinates`, not both"),
        (Some(_), None) => {}
        (None, Some(file)) => match read_text(&folder.join(&file.0)).and_then(|text| geojson::line(&text)) {
            Ok(coordinates) => line.coordinates = Some(coordinates),
            Err(found) => report.refuse_as(&at_file, found, geojson::EXPECTED),
        },
    }
}

/// The text of a file, or what is wrong with it as words that follow "found".
pub(super) fn read_text(path: &Path) -> Result<String, String> {
    let length = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?.len();
    if length > MAX_FILE_BYTES {
        return Err(format!("{length} bytes in {}", path.display()));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        format!("a byte that is not UTF-8 at offset {at} of {}", path.display())
    })
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("nothing readable at {} ({})", path.display(), error.kind())
}

/// A file's raw tables and the hash of its bytes.
struct Document<T> {
    raw: T,
    hash: String,
}

impl<T: FromToml + Default> Document<T> {
    /// The tables and a report that knows their places; the whole list of faults if it is no TOML at all.
    fn read(path: &Path) -> Result<(Self, Report), Vec<ConfigError>> {
        let mut report = Report::new(&path.display().to_string());
        let text = match read_text(path) {
            Ok(text) => text,
            Err(found) => {
                report.refuse_as("", found, "a TOML file in UTF-8 of at most 4 MiB");
                return Err(report.into_parts().0);
            }
        };
        let Some(root) = parse(&text, &mut report) else { return Err(report.into_parts().0) };
        report.learn_places(&text, &root);
        let raw = T::from_toml(&DeValue::Table(root), "", &mut report).unwrap_or_default();
        let hash = format!("{:x}", Sha256::digest(&text));
        Ok((Self { raw, hash }, report))
    }
}

/// The document, or nothing once its syntax faults are in the report.
pub(super) fn parse<'a>(text: &'a str, report: &mut Report) -> Option<DeTable<'a>> {
    let (root, faults) = DeTable::parse_recoverable(text);
    for fault in &faults {
        report.refuse_syntax(text, fault.span().map(|span| span.start), fault.message());
    }
    faults.is_empty().then(|| root.into_inner())
}
