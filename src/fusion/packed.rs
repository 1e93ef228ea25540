//! Looks and what they said about tracks as dense bytes: nearly all of a snapshot, written while the engine stands still.
//!
//! In: detections and entries. Out: bytes, and the same values again to the last bit. What can be worked out again is not
//! written, nor what is as in the detection before. Knows no other part of a snapshot.

use std::sync::Arc;

use serde::{Deserialize, Serialize, Serializer};

use super::clutter::Cell;
use super::history::Entry;
use super::measure::{Altitude, Kind, Measured, Spread};

/// Bytes of an entry.
pub(super) const ENTRY: usize = 20;
/// More than the numbers of any detection take.
const MOST: usize = 192;

/// Bytes as bytes: serde would take a slice for a list of numbers.
#[derive(Deserialize)]
pub(super) struct Bytes<'a>(#[serde(borrow)] pub &'a [u8]);

impl Serialize for Bytes<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(self.0)
    }
}

/// Entries, written into `room`, which holds as many.
pub(super) fn entries<'a>(entries: &[Entry], room: &'a mut [u8]) -> &'a [u8] {
    for (entry, room) in entries.iter().zip(room.chunks_exact_mut(ENTRY)) {
        let Entry { look, detection, pd, factor, sure } = *entry;
        let words = [look, detection, pd.to_bits(), factor.to_bits(), sure.to_bits()];
        for (word, room) in words.iter().zip(room.chunks_exact_mut(4)) {
            room.copy_from_slice(&word.to_le_bytes());
        }
    }
    &room[..entries.len() * ENTRY]
}

/// The entries that these bytes are; nothing if one is cut.
pub(super) fn read_entries(bytes: &[u8]) -> Option<impl Iterator<Item = Entry>> {
    let (entries, rest) = bytes.as_chunks::<ENTRY>();
    let entry = |bytes: &[u8; ENTRY]| {
        let word = |at: usize| u32::from_le_bytes(std::array::from_fn(|byte| bytes[4 * at + byte]));
        let [pd, factor, sure] = [2, 3, 4].map(|at| f32::from_bits(word(at)));
        Entry { look: word(0), detection: word(1), pd, factor, sure }
    };
    rest.is_empty().then(|| entries.iter().map(entry))
}

/// What a detection has, beside what all have; the lowest two bits are its kind.
mod has {
    pub(super) const PLACE: u8 = 0;
    pub(super) const POLAR: u8 = 1;
    pub(super) const BEARING: u8 = 2;
    pub(super) const REPORT: u8 = 3;
    pub(super) const RANGE_RATE: u8 = 4;
    pub(super) const VELOCITY: u8 = 8;
    pub(super) const ALTITUDE: u8 = 16;
    pub(super) const CELL: u8 = 32;
    pub(super) const OFFSET: u8 = 64;
    /// Variances of range and azimuth, unlike those of the polar detection before.
    pub(super) const ERRORS: u8 = 128;
}

/// Variances of range and azimuth of the polar detection before, to be compared bit by bit.
#[derive(Clone, Copy)]
struct Before {
    range_var: f64,
    azimuth: Spread,
}

impl Before {
    fn nothing() -> Self {
        Self { range_var: 0.0, azimuth: Spread::new(0.0) }
    }

    fn is(&self, range_var: f64, azimuth: &Spread) -> bool {
        self.range_var.to_bits() == range_var.to_bits() && self.azimuth.var.to_bits() == azimuth.var.to_bits()
    }
}

/// One detection's bytes, put together without asking for memory.
struct Pen {
    bytes: [u8; MOST],
    len: usize,
}

impl Pen {
    fn raw(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    fn numbers(&mut self, numbers: &[f64]) {
        numbers.iter().for_each(|number| self.raw(&number.to_le_bytes()));
    }
}

/// A look's detections.
pub(super) fn detections(detections: &[Measured]) -> Vec<u8> {
    let mut out = Vec::with_capacity(detections.len() * 96);
    let mut before = Before::nothing();
    for m in detections {
        // Byte 0 is filled in last.
        let mut pen = Pen { bytes: [0; MOST], len: 1 };
        let mut flags = kind(m, &mut before, &mut pen);
        pen.numbers(&m.z);
        pen.numbers(&m.r);
        pen.numbers(&[m.clutter]);
        pen.raw(&m.new_share.to_le_bytes());
        pen.raw(&m.pd.to_le_bytes());
        if m.offset_s.to_bits() != 0 {
            flags |= has::OFFSET;
            pen.numbers(&[m.offset_s]);
        }
        if let Some((velocity, var)) = m.velocity {
            flags |= has::VELOCITY;
            pen.numbers(&[velocity[0], velocity[1], var]);
        }
        if let Some(Altitude { altitude_m, var }) = m.altitude {
            flags |= has::ALTITUDE;
            pen.numbers(&[altitude_m, var]);
        }
        if let Some(cell) = m.cell {
            flags |= has::CELL;
            pen.raw(&<[u8; 3]>::from(cell));
        }
        pen.bytes[0] = flags;
        out.extend_from_slice(&pen.bytes[..pen.len]);
        if let Kind::Report { name } = &m.kind {
            let length = u32::try_from(name.len()).expect("a frame is shorter than that");
            out.extend_from_slice(&length.to_le_bytes());
            out.extend_from_slice(name.as_bytes());
        }
    }
    out
}

fn kind(m: &Measured, before: &mut Before, pen: &mut Pen) -> u8 {
    match &m.kind {
        Kind::Place => has::PLACE,
        Kind::Report { .. } => has::REPORT,
        Kind::Bearing { towards, var } => {
            pen.numbers(&[towards[0], towards[1], *var]);
            has::BEARING
        }
        Kind::Polar { range_m, range_var, azimuth, towards, range_rate } => {
            let mut flags = has::POLAR;
            pen.numbers(&[*range_m, towards[0], towards[1]]);
            if !before.is(*range_var, azimuth) {
                flags |= has::ERRORS;
                pen.numbers(&[*range_var, azimuth.var]);
                *before = Before { range_var: *range_var, azimuth: *azimuth };
            }
            if let Some((rate, var)) = range_rate {
                flags |= has::RANGE_RATE;
                pen.numbers(&[*rate, *var]);
            }
            flags
        }
    }
}

/// The detections that these bytes are; nothing if they are none.
pub(super) fn read_detections(mut bytes: &[u8]) -> Option<Arc<[Measured]>> {
    let mut made = Vec::new();
    let mut before = Before::nothing();
    while let [flags, rest @ ..] = bytes {
        bytes = rest;
        made.push(read_detection(*flags, &mut bytes, &mut before)?);
    }
    Some(made.into())
}

fn read_detection(flags: u8, bytes: &mut &[u8], before: &mut Before) -> Option<Measured> {
    let has = |what: u8| flags & what != 0;
    let mut kind = read_kind(flags, bytes, before)?;
    let (z, r, [clutter]) = (numbers(bytes)?, numbers(bytes)?, numbers(bytes)?);
    let [new_share, pd] = [raw(bytes)?, raw(bytes)?].map(f32::from_le_bytes);
    let [offset_s] = if has(has::OFFSET) { numbers(bytes)? } else { [0.0] };
    let mut velocity = None;
    if has(has::VELOCITY) {
        let [east, north, var] = numbers(bytes)?;
        velocity = Some(([east, north], var));
    }
    let mut altitude = None;
    if has(has::ALTITUDE) {
        let [altitude_m, var] = numbers(bytes)?;
        altitude = Some(Altitude { altitude_m, var });
    }
    let cell = if has(has::CELL) { Some(Cell::try_from(raw(bytes)?).ok()?) } else { None };
    if let Kind::Report { name } = &mut kind {
        let length = usize::try_from(u32::from_le_bytes(raw(bytes)?)).ok()?;
        let (text, rest) = bytes.split_at_checked(length)?;
        *name = Arc::from(std::str::from_utf8(text).ok()?);
        *bytes = rest;
    }
    Some(Measured { kind, z, r, offset_s, velocity, altitude, clutter, new_share, cell, pd })
}

/// A report's name comes later.
fn read_kind(flags: u8, bytes: &mut &[u8], before: &mut Before) -> Option<Kind> {
    Some(match flags & 3 {
        has::PLACE => Kind::Place,
        has::REPORT => Kind::Report { name: Arc::from("") },
        has::BEARING => {
            let [east, north, var] = numbers(bytes)?;
            Kind::Bearing { towards: [east, north], var }
        }
        _ => {
            let [range_m, east, north] = numbers(bytes)?;
            if flags & has::ERRORS != 0 {
                let [range_var, azimuth_var] = numbers(bytes)?;
                *before = Before { range_var, azimuth: Spread::new(azimuth_var) };
            }
            let mut range_rate = None;
            if flags & has::RANGE_RATE != 0 {
                let [rate, var] = numbers(bytes)?;
                range_rate = Some((rate, var));
            }
            let Before { range_var, azimuth } = *before;
            Kind::Polar { range_m, range_var, azimuth, towards: [east, north], range_rate }
        }
    })
}

fn raw<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, rest) = bytes.split_first_chunk::<N>()?;
    *bytes = rest;
    Some(*taken)
}

fn numbers<const N: usize>(bytes: &mut &[u8]) -> Option<[f64; N]> {
    let mut made = [0.0; N];
    for number in &mut made {
        *number = f64::from_le_bytes(raw(bytes)?);
    }
    Some(made)
}
