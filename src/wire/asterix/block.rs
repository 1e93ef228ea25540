//! Blocks, records and items: the skeleton every category shares (EUROCONTROL ASTERIX part 1).
//!
//! In: bytes and a category's item table. Out: each present item's own bytes, or a named rejection. Knows lengths
//! only; what an item means is its category's business. A frame is a row of blocks (category, length, records); a
//! record is a field specification (seven items an octet, the eighth bit says another octet follows) and the items
//! it announces, in the table's order. Octets after the last block are tolerated when all are zero: link padding.

use super::read::Reader;
use crate::wire::Rejection;

/// A length field contradicts what holds it.
pub(super) const BAD_LENGTH: &str = "bad_length";
/// A field specification is empty, runs on too long or announces an item its category does not have.
pub(super) const BAD_FSPEC: &str = "bad_fspec";

/// Number under which the reserved expansion field is listed; no item has it.
pub(super) const RESERVED_EXPANSION: u16 = 1001;
/// Number under which the special purpose field is listed; no item has it.
pub(super) const SPECIAL_PURPOSE: u16 = 1002;

/// How long an item is.
#[derive(Clone, Copy, Debug)]
pub(super) enum Layout {
    /// So many octets.
    Fixed(usize),
    /// Parts of so many octets, each of whose lowest bit says whether another follows.
    Extended(usize),
    /// A count, then so many times so many octets.
    Repeated(usize),
    /// A field specification of its own, then the subfields it announces.
    Compound(&'static [Option<Self>]),
    /// Its first octet is its length, itself included.
    Explicit,
}

/// An entry of a category's table, `None` where the standard leaves a place free.
pub(super) type Entry = Option<(u16, Layout)>;

/// One data block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block<'a> {
    pub(super) category: u8,
    pub(super) records: &'a [u8],
}

/// The next block of a frame, or nothing at its end.
///
/// # Errors
/// [`BAD_LENGTH`].
pub(super) fn next_block<'a>(reader: &mut Reader<'a>) -> Result<Option<Block<'a>>, Rejection> {
    if reader.rest().iter().all(|&octet| octet == 0) {
        return Ok(None);
    }
    let left = reader.rest().len();
    let bad = |found: &str| Rejection::new(BAD_LENGTH, format!("{found}, {left} octets left"));
    let [category, high, low] = reader.array().map_err(|_| bad("no room for a block header"))?;
    let length = usize::from(u16::from_be_bytes([high, low]));
    // A header and at least one octet of field specification and one of item.
    let records = length.checked_sub(3).filter(|&rest| rest >= 2);
    let records = records.ok_or_else(|| bad(&format!("block of {length} octets")))?;
    let records = reader.take(records).map_err(|_| bad(&format!("block of {length} octets")))?;
    Ok(Some(Block { category, records }))
}

/// Walks one record, showing each item's number and octets to `visit`.
///
/// # Errors
/// [`BAD_FSPEC`], [`BAD_LENGTH`], truncated, or whatever `visit` says.
pub(super) fn record<'a>(
    reader: &mut Reader<'a>,
    table: &[Entry],
    mut visit: impl FnMut(u16, &'a [u8]) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    announced(reader, table.len(), |reader, place| match table.get(place) {
        Some(Some((number, layout))) => visit(*number, measure(*layout, reader)?),
        _ => Err(Rejection::new(BAD_FSPEC, format!("no item has place {}", place + 1))),
    })
}

/// Walks a compound item, showing each subfield's place (from 1) and octets to `visit`.
///
/// # Errors
/// As [`record`].
pub(super) fn subfields<'a>(
    reader: &mut Reader<'a>,
    layouts: &[Option<Layout>],
    mut visit: impl FnMut(usize, &'a [u8]) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    announced(reader, layouts.len(), |reader, place| match layouts.get(place) {
        Some(Some(layout)) => visit(place + 1, measure(*layout, reader)?),
        _ => Err(Rejection::new(BAD_FSPEC, format!("no subfield {}", place + 1))),
    })
}

/// Reads a field specification and calls `each` for every place (from 0) it announces.
fn announced<'a>(
    reader: &mut Reader<'a>,
    places: usize,
    mut each: impl FnMut(&mut Reader<'a>, usize) -> Result<(), Rejection>,
) -> Result<(), Rejection> {
    let specification = chain(reader, 1)?;
    let most = places.div_ceil(7);
    if specification.len() > most {
        let found = format!("{} octets, at most {most} have a meaning", specification.len());
        return Err(Rejection::new(BAD_FSPEC, found));
    }
    if specification.iter().all(|octet| octet & 0xfe == 0) {
        return Err(Rejection::new(BAD_FSPEC, "it announces nothing"));
    }
    for (row, octet) in specification.iter().enumerate() {
        for column in 0..7 {
            if octet & (0x80 >> column) != 0 {
                each(reader, row * 7 + column)?;
            }
        }
    }
    Ok(())
}

/// Parts of `size` octets as long as each one's lowest bit says that another follows.
fn chain<'a>(reader: &mut Reader<'a>, size: usize) -> Result<&'a [u8], Rejection> {
    let start = reader.rest();
    while reader.take(size)?.last().is_some_and(|octet| octet & 1 == 1) {}
    Ok(consumed(start, reader))
}

/// The octets of one item, taken off the reader.
fn measure<'a>(layout: Layout, reader: &mut Reader<'a>) -> Result<&'a [u8], Rejection> {
    let start = reader.rest();
    match layout {
        Layout::Fixed(size) => return reader.take(size),
        Layout::Extended(size) => return chain(reader, size),
        Layout::Repeated(size) => {
            let count = usize::from(reader.octet()?);
            reader.take(count * size)?;
        }
        Layout::Compound(layouts) => subfields(reader, layouts, |_, _| Ok(()))?,
        Layout::Explicit => {
            let length = usize::from(reader.octet()?);
            let rest = length.checked_sub(1);
            reader.take(rest.ok_or_else(|| Rejection::new(BAD_LENGTH, "explicit item of length 0"))?)?;
        }
    }
    Ok(consumed(start, reader))
}

/// What the reader has taken since it stood at `start`.
fn consumed<'a>(start: &'a [u8], reader: &Reader<'a>) -> &'a [u8] {
    let count = start.len().saturating_sub(reader.rest().len());
    start.get(..count).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[Entry] = &[
        Some((10, Layout::Fixed(2))),
        None,
        Some((20, Layout::Extended(1))),
        Some((250, Layout::Repeated(3))),
        Some((130, Layout::Compound(&[Some(Layout::Fixed(1)), None, Some(Layout::Repeated(2))]))),
        Some((RESERVED_EXPANSION, Layout::Explicit)),
    ];

    fn walk(bytes: &[u8]) -> Result<Vec<(u16, Vec<u8>)>, &'static str> {
        let mut items = Vec::new();
        let mut reader = Reader::new(bytes);
        let end = record(&mut reader, TABLE, |number, octets| {
            items.push((number, octets.to_vec()));
            Ok(())
        });
        end.map_err(|rejection| rejection.reason)?;
        assert!(reader.is_empty());
        Ok(items)
    }

    #[test]
    fn every_kind_of_item_has_its_length() {
        let bytes = [
            0b1011_1100,
            1,
            2, // 010
            0x81,
            0x03,
            0x40, // 020, three octets
            2,
            1,
            2,
            3,
            4,
            5,
            6, // 250, two of three
            0xa0,
            9,
            1,
            7,
            8, // 130: subfields 1 and 3
            4,
            0,
            0,
            0, // expansion
        ];
        let items = walk(&bytes).unwrap();
        let lengths: Vec<_> = items.iter().map(|(number, octets)| (*number, octets.len())).collect();
        assert_eq!(lengths, [(10, 2), (20, 3), (250, 7), (130, 5), (RESERVED_EXPANSION, 4)]);
    }

    #[test]
    fn what_runs_off_or_has_no_meaning_is_named() {
        for (bytes, reason) in [
            (&[0x80, 1][..], "truncated"),    // 010 lacks an octet
            (&[0x20, 0x81], "truncated"),     // 020 announces an octet that is not there
            (&[0x10, 200, 0], "truncated"),   // 250 claims 200
            (&[0x08, 0x40], BAD_FSPEC),       // 130 has no subfield 2
            (&[0x40, 0, 0], BAD_FSPEC),       // no second item
            (&[0x81, 0x80, 1, 2], BAD_FSPEC), // an octet too many
            (&[0x00], BAD_FSPEC),             // nothing
            (&[0x01, 0x01], "truncated"),     // endless
            (&[0x04, 0], BAD_LENGTH),         // shorter than its own length
        ] {
            assert_eq!(walk(bytes), Err(reason), "{bytes:02x?}");
        }
    }

    #[test]
    fn blocks_end_where_their_length_says_and_zeros_may_follow() {
        let mut reader = Reader::new(&[48, 0, 5, 1, 2, 34, 0, 6, 3, 4, 5, 0, 0, 0, 0]);
        assert_eq!(next_block(&mut reader), Ok(Some(Block { category: 48, records: &[1, 2] })));
        assert_eq!(next_block(&mut reader), Ok(Some(Block { category: 34, records: &[3, 4, 5] })));
        assert_eq!(next_block(&mut reader), Ok(None));
        for bad in [&[48, 0, 6, 1, 2][..], &[48, 0, 4, 1], &[48, 0], &[48, 0, 0, 1, 2], &[0, 0, 0, 7, 7]] {
            assert_eq!(next_block(&mut Reader::new(bad)).unwrap_err().reason, BAD_LENGTH, "{bad:?}");
        }
    }
}
