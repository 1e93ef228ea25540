//! Configuration in two types: `raw` says what the file says, `check` what is true.
//!
//! In: `linewatch.toml` and the agreement it names. Out: an [`Installation`], or every fault of both files at once.
//! Knows every part's settings and is known by none of the pure ones.

mod check;
mod error;
mod explain;
mod geojson;
mod load;
mod raw;
mod schema;
mod summary;
mod words;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::geo::Geodetic;
use crate::seal::key::{SignerKey, VerifierKey};
use crate::sensor::SensorModel;
use crate::sinks;
use crate::sources;
use crate::watch::Agreement;

pub use error::{ConfigError, Errors};
pub use explain::explain;
pub use load::{load, load_agreement, load_for_replay, load_other_agreement};
pub use schema::{agreement_schema, installation_schema};
pub use summary::{Part, Summary, check_file};

/// A checked installation: everything the daemon needs to know.
#[derive(Clone, Debug, PartialEq)]
pub struct Installation {
    /// The sector's id.
    pub sector: String,
    /// Nothing of this is real: every notice says so.
    pub exercise: bool,
    /// Origin of the sector's tangent frame.
    pub origin: Geodetic,
    /// The sensors, in the file's order.
    pub sensors: Vec<SensorModel>,
    /// What the parties agreed.
    pub agreement: Agreement,
    /// How much each sensor may say.
    pub quotas: Vec<sources::quota::Quota>,
    /// The broker.
    pub mqtt: Option<sources::mqtt::Settings>,
    /// Serial ports.
    pub serial: Vec<sources::serial::Settings>,
    /// UDP sockets.
    pub udp: Vec<sources::udp::Settings>,
    /// Where the journal lies, and how much of it is kept.
    pub journal: Option<Journal>,
    /// How the journal is sealed.
    pub seal: Seal,
    /// Where HTTP listens.
    pub http_listen: Option<SocketAddr>,
    /// Where daily reports are written.
    pub report_dir: Option<PathBuf>,
    /// The IANA time zone whose days they are of; empty for UTC.
    pub report_time_zone: String,
    /// Who is told.
    pub sinks: Vec<sinks::Settings>,
    /// SHA-256 of the configuration file, lower-case hex.
    pub hash: String,
}

/// The journal's folder and limits.
#[derive(Clone, Debug, PartialEq)]
pub struct Journal {
    /// Its folder.
    pub dir: PathBuf,
    /// How much is kept.
    pub limits: crate::journal::retain::Limits,
}

/// How the journal is sealed.
#[derive(Clone, Debug, PartialEq)]
pub struct Seal {
    /// What signs; without it nothing is sealed.
    pub key: Option<SignerKey>,
    /// A checkpoint is at most so old while records come.
    pub every: Duration,
    /// And covers all but so many records.
    pub every_records: u64,
    /// Who may co-sign.
    pub witnesses: Vec<VerifierKey>,
}

impl Default for Seal {
    fn default() -> Self {
        Self { key: None, every: Duration::from_secs(10), every_records: 1_000, witnesses: Vec::new() }
    }
}

impl Installation {
    /// What the engine needs of it.
    #[must_use]
    pub fn engine_settings(&self) -> crate::engine::Settings {
        crate::engine::Settings {
            sector: self.sector.clone(),
            exercise: self.exercise,
            origin: self.origin,
            sensors: self.sensors.clone(),
            agreement: self.agreement.clone(),
            time_zone: self.report_time_zone.clone(),
            software: crate::engine::SOFTWARE.to_owned(),
            configuration: self.hash.clone(),
        }
    }
}
