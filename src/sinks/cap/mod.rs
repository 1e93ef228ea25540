//! CAP 1.2: each revision of an alert is one message of the Common Alerting Protocol, in a file, POSTed, or both.
//!
//! In: what the sink is owed. Out: XML by `message`, one document per (alert, revision), the same bytes whenever it
//! is made. Delivered once the file is on the disk and the far end has answered 2xx, whichever are configured.

mod message;

use std::path::PathBuf;
use std::sync::Arc;

pub use message::Message;

use super::drive::{Utc, deliver};
use super::insist::{Insist, Timing, Wording};
use super::real::RealFarEnd;
use super::{DeliveryError, seed};
use crate::outbox::{Beat, Owed, Queue};
use crate::time::Timestamp;

/// What a CAP sink is told by the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Folder for one file per message.
    pub dir: Option<PathBuf>,
    /// Where messages are POSTed.
    pub url: Option<String>,
    /// Who sends them, as the standard's `sender`: unique in the world, without space, comma, `<` or `&`.
    pub sender: String,
    /// The language of the texts, an RFC 3066 tag.
    pub language: String,
}

/// A CAP sink's words.
#[derive(Clone, Debug)]
pub struct Cap {
    sector: String,
    sender: String,
    language: String,
}

impl Cap {
    /// Words of this sector and sender.
    #[must_use]
    pub fn new(sector: &str, settings: &Settings) -> Self {
        Self {
            sector: sector.to_owned(),
            sender: settings.sender.clone(),
            language: settings.language.clone(),
        }
    }

    /// The message of one notice.
    #[must_use]
    pub fn message(&self, owed: &Owed) -> Message {
        Message::new(&self.sector, &self.sender, &self.language, owed)
    }
}

impl Wording for Cap {
    fn notice(&self, owed: &Owed) -> (String, &'static str, Arc<str>) {
        let message = self.message(owed);
        (message.identifier, "application/cap+xml", message.xml.into())
    }

    fn beat(&self, _: &Beat) -> Option<(&'static str, Arc<str>)> {
        None
    }
}

/// A courier of CAP messages.
pub struct Courier {
    plan: Insist<Cap>,
    to: RealFarEnd,
}

/// A courier that has not started yet.
///
/// # Errors
/// [`DeliveryError::Permanent`] if the URL is none.
pub fn courier(settings: &Settings, sector: &str) -> Result<Courier, DeliveryError> {
    let timing = Timing::default();
    let to = RealFarEnd::both(settings.dir.clone(), settings.url.as_deref(), timing.attempt)?;
    let plan = Insist::new(Cap::new(sector, settings), timing, seed());
    Ok(Courier { plan, to })
}

impl Courier {
    /// Delivers until the outbox is closed and nothing is owed.
    pub async fn run(self, queue: &Queue) {
        // Its words hold no time of its own.
        let utc: Utc = Arc::new(|| Timestamp::from_nanos(0));
        deliver(self.plan, self.to, queue, utc).await;
    }
}
