//! Every record of a range of a journal, each of which must be there.

use super::export::ExportError;
use crate::journal::history::{History, Item};
use crate::journal::record_bytes::Canonical;
use crate::journal::storage::Storage;
use crate::record::Record;

/// Hands every record of a range to `each`; what has made room, or cannot be read, is named.
pub(super) fn whole_records(
    storage: &dyn Storage,
    from: u64,
    to: u64,
    mut each: impl FnMut(&Record) -> Result<(), ExportError>,
) -> Result<(), ExportError> {
    let mut next = from;
    let mut gone: Option<(u64, u64)> = None;
    let mut history = History::from(storage, from)?;
    while next < to {
        let Some(item) = history.next_item()? else { break };
        let Item::Entry(entry) = item else { continue };
        let position = entry.position();
        if position < next {
            continue;
        }
        let is_whole = matches!(entry.canonical, Canonical::Whole(_));
        if position > next || !is_whole {
            let last = if is_whole { position - 1 } else { position };
            gone = Some((gone.map_or(next, |(first, _)| first), last.min(to - 1)));
        }
        next = position + 1;
        if let (Canonical::Whole(record), None) = (&entry.canonical, gone) {
            each(record)?;
        }
    }
    match gone {
        Some((from, to)) => Err(ExportError::Gone { from, to }),
        None if next < to => Err(ExportError::Gone { from: next, to: to - 1 }),
        None => Ok(()),
    }
}
