//! Other settings from one record on, without losing what is known.
//!
//! In: a reload record. Out: an engine under its settings. Where the sensors are the same boxes in the same order, all
//! that is known of tracks goes over; an alert goes over if its rule still says the same (its hash), and is cleared if
//! not. What the record says is all there is: the replay of a log that holds one comes to the same state.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::snapshot::{fingerprint, meaning};
use super::{Engine, Event, SOFTWARE, Settings};

/// What a reload record holds, as JSON.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reload {
    /// SHA-256 of the configuration file, lower-case hex.
    pub configuration: String,
    /// SHA-256 of the agreement, lower-case hex.
    pub agreement: String,
    /// The program that wrote it.
    pub program: String,
    /// All that an engine is built from.
    pub settings: Settings,
}

impl Reload {
    /// The record of these settings, read from a file with this hash.
    #[must_use]
    pub fn new(settings: Settings, configuration: &str) -> Self {
        Self {
            configuration: configuration.to_owned(),
            agreement: settings.agreement.hash.clone(),
            program: SOFTWARE.to_owned(),
            settings,
        }
    }

    /// Its bytes in a record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("settings are plain numbers, texts and lists")
    }

    /// The reload that a record's bytes say; none if another program wrote them that says it otherwise.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}

impl Engine {
    /// Whether these settings are in force.
    #[must_use]
    pub fn is_under(&self, settings: &Settings) -> bool {
        self.fingerprint == fingerprint(settings)
    }

    /// Whether these settings say the same as those in force, whichever program and file they come from.
    #[must_use]
    pub fn agrees_with(&self, settings: &Settings) -> bool {
        self.meaning == meaning(settings)
    }

    pub(super) fn reload(&mut self, bytes: &[u8], events: &mut Vec<Event>) {
        let Some(Reload { settings, .. }) = Reload::parse(bytes) else { return };
        if self.is_under(&settings) {
            return;
        }
        let new = Self::new(settings);
        let is_same_box = |(old, new): (&crate::sensor::SensorModel, &crate::sensor::SensorModel)| {
            (&old.id, old.kind, old.format, old.mobile) == (&new.id, new.kind, new.format, new.mobile)
        };
        let are_same = self.sensors.len() == new.sensors.len()
            && self.frame == new.frame
            && self.sensors.iter().zip(&new.sensors).all(is_same_box);
        let carried = are_same && self.carry_over(&new);
        if !carried {
            let (now, mut notices) = (self.now, std::mem::take(&mut self.notices));
            self.watch.clear_all(now.unwrap_or_default(), &mut notices);
            let mut new = new;
            new.watch.keep_system(&self.watch);
            *self = Self { now, ..new };
            // Said by the one that was: the new one has nothing to add.
            events.extend(notices.into_iter().map(|notice| Event::Notice(Arc::new(notice))));
        }
        events.push(Event::Reloaded { carried });
    }

    /// Puts all that is known into the new engine's frame; false, and nothing changed, if it does not fit.
    fn carry_over(&mut self, new: &Self) -> bool {
        let Some(mut carried) = new.clone().with_state_of(self) else { return false };
        let mut watch = new.watch.clone();
        watch.take_over(&mut self.watch, &mut self.notices);
        carried.watch = watch;
        carried.notices = std::mem::take(&mut self.notices);
        *self = carried;
        true
    }
}
