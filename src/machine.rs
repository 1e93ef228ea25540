//! The machine that the log drives: engine and outbox, folded over records.
//!
//! In: records in log order. Out: what the engine said, and what the log does not hold yet of it. The same fold runs
//! live, at a restart and in the simulator, so that all of them come to the same state. Knows no thread and no file.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::engine::reload::Reload;
use crate::engine::{Engine, Event, Settings};
use crate::outbox::{Outbox, Revision, To};
use crate::record::{Body, Record};
use crate::report::{Day, Reporter};
use crate::watch::Notice;
use crate::watch::agreement::{Recipients, Terms};
use crate::watch::alert::State;

/// Everything that is a function of the log.
pub struct Machine {
    /// Decides.
    pub engine: Engine,
    /// Owes.
    pub outbox: Arc<Outbox>,
    /// Notices that were said and whose own records have not come by, by their numbers in the outbox.
    unheld: BTreeMap<u64, Vec<u8>>,
    /// What the engine was built from.
    settings: Arc<Settings>,
    /// The day so far.
    reporter: Reporter,
    /// The day that has just ended, until somebody takes it.
    ended: Option<Day>,
}

/// A machine as it was at one position.
pub struct Still {
    settings: Arc<Settings>,
    engine: Engine,
    outbox: Vec<u8>,
    unheld: BTreeMap<u64, Vec<u8>>,
    reporter: Reporter,
}

impl Still {
    /// Everything that later output depends on, as bytes.
    ///
    /// # Panics
    /// Never: what is written has lengths.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_bytes_and_hash().0
    }

    /// The same, and SHA-256 of the engine's part of it, which follows from the log alone.
    ///
    /// # Panics
    /// Never: what is written has lengths.
    #[must_use]
    pub fn to_bytes_and_hash(&self) -> (Vec<u8>, [u8; 32]) {
        let Self { settings, engine, outbox, unheld, reporter } = self;
        let engine = engine.snapshot();
        let hash = Sha256::digest(&engine).into();
        let kept = (settings, engine, outbox, unheld, reporter);
        (postcard::to_allocvec(&kept).expect("state is plain numbers, texts and lists"), hash)
    }
}

/// The engine in a snapshot's bytes, and the settings it was under.
///
/// # Errors
/// Why not, for a person.
pub fn engine_of(bytes: &[u8]) -> Result<(Settings, Engine), String> {
    let kept: Kept = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    let engine = Engine::restore(kept.settings.clone(), &kept.engine).map_err(|error| error.to_string())?;
    Ok((kept.settings, engine))
}

/// A snapshot's content, in the order in which [`Still::to_bytes`] writes it.
#[derive(Deserialize)]
struct Kept {
    settings: Settings,
    engine: Vec<u8>,
    outbox: Vec<u8>,
    unheld: BTreeMap<u64, Vec<u8>>,
    reporter: Reporter,
}

impl Machine {
    /// A machine that has seen nothing.
    #[must_use]
    pub fn new(settings: Settings, outbox: Arc<Outbox>) -> Self {
        let engine = Engine::new(settings.clone());
        let (settings, reporter) = (Arc::new(settings), Reporter::default());
        Self { engine, outbox, unheld: BTreeMap::new(), settings, reporter, ended: None }
    }

    /// Takes one record. A notice it gave rise to is owed from here on; `said` is told of each, with its one encoding.
    pub fn step(&mut self, record: &Record, mut said: impl FnMut(&Event, Option<&Arc<str>>)) {
        match &record.body {
            Body::Notice { bytes } => {
                // Nearly always the first: they are held in the order in which they were said.
                let held =
                    self.unheld.iter().find(|(_, unheld)| *unheld == bytes).map(|(sequence, _)| *sequence);
                held.map(|sequence| self.unheld.remove(&sequence));
            }
            Body::Delivered { sink, sequence } => self.outbox.recorded(sink, *sequence),
            Body::Reload { bytes } => {
                if let Some(reload) = Reload::parse(bytes) {
                    self.settings = Arc::new(reload.settings);
                }
            }
            _ => {}
        }
        self.ended =
            self.reporter.before(record, &self.engine, &self.settings.time_zone).or(self.ended.take());
        let events = self.engine.step(record);
        self.reporter.after(record, &events, &self.engine);
        if record.body == Body::Tick {
            self.outbox.beat(record.received);
        }
        for event in &events {
            let notice = match event {
                Event::Notice(notice) => notice,
                Event::Permitted(leave) => {
                    // In the record like what is said, and owed to nobody.
                    let json: Arc<str> = leave.to_json().into();
                    self.unheld.insert(self.outbox.pass_over(), json.as_bytes().to_vec());
                    said(event, Some(&json));
                    continue;
                }
                event => {
                    said(event, None);
                    continue;
                }
            };
            let json: Arc<str> = notice.to_json().into();
            let standing = notice.state != State::Cleared;
            let (alert, revision) = (&notice.alert, notice.revision);
            let sequence = match notice.life.held {
                None => {
                    let (to, latest) =
                        (self.addressed(notice), Revision { revision, raised_at: record.received });
                    self.outbox.owe_to(&to, alert, latest, Arc::clone(&json), standing)
                }
                Some(_) => self.outbox.pass_over(),
            };
            self.unheld.insert(sequence, json.as_bytes().to_vec());
            said(event, Some(&json));
        }
    }

    /// The sinks that reach the recipients whose turn it is, of this level of escalation and those before it.
    fn addressed(&self, notice: &Notice) -> To {
        let agreement = &self.settings.agreement;
        let rule = agreement.rules.iter().find(|rule| rule.id == notice.rule);
        // What became of the record itself concerns everybody.
        let rule = rule.filter(|_| notice.grounds.lost_records.is_none());
        let Some(Terms { recipients, escalate_after, .. }) = rule.map(|rule| &rule.terms) else {
            return To::All;
        };
        let level = notice.life.escalation.as_ref().map_or(0, |escalation| escalation.level);
        let most = if escalate_after.is_some() { level as usize + 1 } else { recipients.len() };
        let named = recipients.iter().take(most).filter_map(|index| agreement.recipients.get(*index));
        let named: Vec<&Recipients> = named.collect();
        if named.is_empty() || named.iter().any(|recipients| recipients.sinks.is_empty()) {
            return To::All;
        }
        To::Sinks(named.iter().flat_map(|recipients| &recipients.sinks).cloned().collect())
    }

    /// What the machine is now: quick to take, so that the engine can go on while it becomes bytes elsewhere.
    #[must_use]
    pub fn still(&self) -> Still {
        let Self { engine, outbox, unheld, settings, reporter, ended: _ } = self;
        Still {
            reporter: reporter.clone(),
            settings: Arc::clone(settings),
            engine: engine.clone(),
            outbox: outbox.snapshot(),
            unheld: unheld.clone(),
        }
    }

    /// The machine that a snapshot was taken of, under the settings it was taken under; owes into `outbox`.
    ///
    /// # Errors
    /// Why not, for a person.
    pub fn restore(bytes: &[u8], outbox: Arc<Outbox>) -> Result<Self, String> {
        let kept: Kept = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
        let engine =
            Engine::restore(kept.settings.clone(), &kept.engine).map_err(|error| error.to_string())?;
        outbox.restore(&kept.outbox).map_err(|error| error.to_string())?;
        let Kept { unheld, reporter, settings, .. } = kept;
        Ok(Self { engine, outbox, unheld, settings: Arc::new(settings), reporter, ended: None })
    }

    /// The day that has ended since this was last asked: its report is due.
    pub fn ended(&mut self) -> Option<Day> {
        self.ended.take()
    }

    /// The settings in force.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Notices that were said and that the log does not hold yet, in the order in which they were said.
    pub fn unheld(&self) -> impl Iterator<Item = Body> {
        self.unheld.values().map(|bytes| Body::Notice { bytes: bytes.clone() })
    }
}
