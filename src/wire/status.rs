//! The status message of a sensor and its last will (contract, "MQTT topics").

use serde::Deserialize;

use super::Rejection;
use super::ranges::{OUT_OF_RANGE, within};
use crate::time::Timestamp;

/// Every reason a status is refused under.
pub const REASONS: &[&str] = &["bad_json", OUT_OF_RANGE];

/// What a sensor says of itself.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Status {
    /// How it feels.
    pub state: ReportedState,
    /// Restart counter: a status of an earlier life changes nothing.
    pub boot: u64,
    /// When it said so; a last will has none.
    pub time: Option<Timestamp>,
    /// Somebody opened or moved the box.
    #[serde(default)]
    pub tamper: bool,
    /// Satellite navigation as the box sees it.
    #[serde(default)]
    pub gnss: Option<Gnss>,
    /// Fraction of its view that is hidden, in [0, 1].
    #[serde(default)]
    pub obscured: Option<f64>,
}

/// A box's own word for its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ReportedState {
    /// Working.
    Online,
    /// Working badly.
    Degraded,
    /// Gone, or about to go.
    Offline,
}

/// Satellite navigation reception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Gnss {
    /// Has a fix.
    Locked,
    /// Has none.
    Lost,
    /// Sees interference.
    Jammed,
}

/// Decodes one status message.
///
/// # Errors
/// `bad_json` or `out_of_range`.
pub fn decode(bytes: &[u8]) -> Result<Status, Rejection> {
    let status: Status =
        serde_json::from_slice(bytes).map_err(|error| Rejection::new("bad_json", error.to_string()))?;
    if let Some(obscured) = status.obscured {
        within("obscured", obscured, 0.0, 1.0)?;
    }
    Ok(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_contracts_example_and_a_will() {
        let text = br#"{"state":"online","boot":1,"time":"2026-01-01T00:00:00Z","tamper":false,"gnss":"jammed","obscured":0.1}"#;
        let status = decode(text).unwrap();
        assert_eq!((status.state, status.gnss), (ReportedState::Online, Some(Gnss::Jammed)));
        let will = decode(br#"{"state":"offline","boot":1}"#).unwrap();
        assert_eq!((will.state, will.time), (ReportedState::Offline, None));
    }

    #[test]
    fn refuses_nonsense_by_name() {
        for (text, reason) in [
            (&b"{"[..], "bad_json"),
            (br#"{"state":"fine","boot":1}"#, "bad_json"),
            (br#"{"state":"online"}"#, "bad_json"),
            (br#"{"state":"online","boot":1,"obscured":2}"#, "out_of_range"),
        ] {
            assert_eq!(decode(text).unwrap_err().reason, reason);
        }
    }
}
