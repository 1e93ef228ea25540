//! What evidence must know of a notice, read from the bytes that were sent.

use serde::Deserialize;

use crate::time::Timestamp;

/// One notice, as it went out.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Said {
    /// The alert.
    pub alert: String,
    /// Counts from 1.
    pub revision: u32,
    /// opened, updated or cleared.
    pub state: String,
    /// The rule.
    pub rule: String,
    /// The rule's kind.
    pub kind: String,
    /// How bad.
    pub severity: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// When it was first said.
    pub raised_at: Timestamp,
    /// Where.
    pub position: Place,
    /// What it is about.
    pub tracks: Vec<String>,
    /// SHA-256 of the agreement.
    pub agreement: String,
}

/// A place in the sector's plane.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
pub struct Place {
    /// Metres east of the origin.
    pub east_m: f64,
    /// Metres north of the origin.
    pub north_m: f64,
}

impl Said {
    /// Reads a notice's bytes.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

/// The revisions of one alert, in the order in which they were said; a revision said again in the same bytes counts once.
#[derive(Clone, Debug, Default)]
pub struct Revisions(Vec<Vec<u8>>);

impl Revisions {
    /// Takes a notice's bytes if it is about `alert`; false if it is another text of a revision there is, or if one is
    /// missing before it.
    #[must_use]
    pub fn take(&mut self, alert: &str, bytes: &[u8]) -> bool {
        let Some(said) = about(alert, bytes) else { return true };
        match self.0.get(said.revision.saturating_sub(1) as usize) {
            Some(known) => known == bytes,
            None if said.revision as usize == self.0.len() + 1 => {
                self.0.push(bytes.to_vec());
                true
            }
            None => false,
        }
    }

    /// Their bytes.
    #[must_use]
    pub fn all(&self) -> &[Vec<u8>] {
        &self.0
    }

    /// The first.
    #[must_use]
    pub fn first(&self) -> Option<Said> {
        Said::parse(self.0.first()?)
    }

    /// One to a line.
    #[must_use]
    pub fn lines(&self) -> Vec<u8> {
        self.0.iter().flat_map(|bytes| bytes.iter().copied().chain([b'\n'])).collect()
    }
}

/// The notice, if it is about this alert.
#[must_use]
pub(super) fn about(alert: &str, bytes: &[u8]) -> Option<Said> {
    // Nearly all are about another: looked for first, read then.
    let names_it = bytes.windows(alert.len().max(1)).any(|window| window == alert.as_bytes());
    names_it.then(|| Said::parse(bytes))?.filter(|said| said.alert == alert)
}
