//! The one way through a recording: every record to the engine in log order. `replay` goes it, and so do the tests that
//! score scenarios.

use std::io::BufRead;

use super::Failure;
use crate::engine::reload::Reload;
use crate::engine::{Engine, Event};
use crate::record::{Body, Record};
use crate::sources::recording::Reader;

/// One record, and what it did.
#[derive(Clone, Copy)]
pub struct Stepped<'a> {
    /// What was stepped.
    pub record: &'a Record,
    /// The engine after it.
    pub engine: &'a Engine,
    /// What happened because of it.
    pub events: &'a [Event],
    /// Bytes of the recording read so far.
    pub bytes_read: u64,
}

/// Steps `engine` through all of a recording. `before` may hold each record back, `after` sees what it did.
///
/// A recording from a journal says which settings were in force. Where the first it names are those the engine was
/// given, it is followed through every reload; where they are others, somebody asks what would have been: then it is not.
///
/// # Errors
/// The recording cannot be read or understood, or `after` failed.
pub fn step_through<R: BufRead, E: Into<Failure>>(
    reader: &mut Reader<R>,
    engine: &mut Engine,
    mut before: impl FnMut(&Record),
    mut after: impl FnMut(Stepped<'_>) -> Result<(), E>,
) -> Result<(), Failure> {
    let mut records = Vec::new();
    let mut follows = None;
    while reader.next_records(&mut records).map_err(Failure::input)? {
        for record in &records {
            if let Body::Reload { bytes } = &record.body
                && !*follows.get_or_insert_with(|| is_under(engine, bytes))
            {
                tracing::warn!(at = %record.received, "the recording was made under other settings: not followed");
                continue;
            }
            before(record);
            let events = engine.step(record);
            after(Stepped { record, engine, events: &events, bytes_read: reader.bytes_read })
                .map_err(Into::into)?;
        }
        records.clear();
    }
    Ok(())
}

/// Which program wrote it, and the file it read, are no settings of their own.
fn is_under(engine: &Engine, reload: &[u8]) -> bool {
    Reload::parse(reload).is_some_and(|reload| engine.agrees_with(&reload.settings))
}
