//! ASTERIX, the binary format of European surveillance: categories 048 and 034 (radar plots and antenna marks),
//! 010 (surface movement), 021 (ADS-B) and 062 (system tracks).
//!
//! In: one frame (a datagram's blocks). Out: scans. Radar plots come out sector by sector with what was looked at
//! (`antenna` says which intervals are certain, `sectors` when their plots have all come); everything else as scans
//! that claim nothing about what they do not report. `block` knows lengths, one file per category knows its items.
//!
//! A frame whose structure fails anywhere is refused whole and changes nothing: past a wrong length every later octet
//! is a guess. A record that is well formed and says nothing usable is refused alone. Blocks of other categories are
//! counted and skipped; so are expansion and special purpose fields.

mod antenna;
mod block;
pub mod cat010;
pub mod cat021;
pub mod cat034;
pub mod cat048;
pub mod cat062;
mod period;
mod plots;
mod read;
mod repeats;
mod reports;
mod sectors;
mod time_of_day;
mod units;

pub use time_of_day::TimeOfDay;

use serde::{Deserialize, Serialize};

use super::{Decoded, Rejection, TOO_MANY_DETECTIONS, ranges};
use crate::scan::Measurement;
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::Timestamp;
use antenna::{Antenna, Mark};
use read::Reader;
use repeats::Repeats;
use sectors::Sectors;

/// No block is of a category this decoder knows.
const UNKNOWN_CATEGORY: &str = "unknown_category";
/// The record is of a source the sensor is not configured to be.
const WRONG_SOURCE: &str = "wrong_source";
/// The same octets came within the last minute: a second network path, or a stuck sender.
const DUPLICATE: &str = "duplicate";

/// Every reason this decoder refuses under.
pub const REASONS: &[&str] = &[
    TOO_MANY_DETECTIONS,
    read::TRUNCATED,
    block::BAD_LENGTH,
    block::BAD_FSPEC,
    UNKNOWN_CATEGORY,
    WRONG_SOURCE,
    DUPLICATE,
    plots::TEST_TARGET,
    plots::NO_DETECTION,
    plots::EXTRAPOLATED,
    plots::EXTENDED_RANGE,
    plots::MISSING_ITEM,
    antenna::OUT_OF_ORDER,
    sectors::BUFFER_FULL,
    ranges::OUT_OF_RANGE,
    ranges::NO_UNCERTAINTY,
    ranges::NOT_POSITIVE_DEFINITE,
    ranges::BAD_TIME,
];

/// One record of a known category.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
    /// Surface movement.
    Surface(cat010::Record),
    /// ADS-B.
    Adsb(cat021::Record),
    /// Radar service message.
    Service(cat034::Record),
    /// Radar plot.
    Plot(cat048::Record),
    /// System track.
    Track(cat062::Record),
}

/// What a frame holds, before anything is made of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Frame {
    /// Records of known categories, in order.
    pub records: Vec<Record>,
    /// Blocks of other categories, expansion and special purpose fields.
    pub skipped: u32,
}

impl Record {
    /// System area and identification code.
    #[must_use]
    pub const fn source(&self) -> Option<[u8; 2]> {
        match self {
            Self::Surface(record) => record.source,
            Self::Adsb(record) => record.source,
            Self::Service(record) => record.source,
            Self::Plot(record) => record.source,
            Self::Track(record) => record.source,
        }
    }

    const fn skipped(&self) -> u32 {
        match self {
            Self::Surface(record) => record.skipped,
            Self::Adsb(record) => record.skipped,
            Self::Service(record) => record.skipped,
            Self::Plot(record) => record.skipped,
            Self::Track(record) => record.skipped,
        }
    }
}

/// Reads every block and record of a frame.
///
/// # Errors
/// The structure fails somewhere: `truncated`, `bad_length` or `bad_fspec`.
pub fn parse(bytes: &[u8]) -> Result<Frame, Rejection> {
    let mut frame = Frame::default();
    let mut reader = Reader::new(bytes);
    while let Some(block) = block::next_block(&mut reader)? {
        let read: fn(&mut Reader<'_>) -> Result<Record, Rejection> = match block.category {
            10 => |records| cat010::Record::read(records).map(Record::Surface),
            21 => |records| cat021::Record::read(records).map(Record::Adsb),
            34 => |records| cat034::Record::read(records).map(Record::Service),
            48 => |records| cat048::Record::read(records).map(Record::Plot),
            62 => |records| cat062::Record::read(records).map(Record::Track),
            _ => {
                frame.skipped += 1;
                continue;
            }
        };
        let mut records = Reader::new(block.records);
        while !records.is_empty() {
            let record = read(&mut records).map_err(|rejection| Rejection {
                detail: format!("category {}: {}", block.category, rejection.detail),
                ..rejection
            })?;
            frame.skipped += record.skipped();
            frame.records.push(record);
        }
    }
    Ok(frame)
}

/// Source (SAC, SIC) of a frame's first record, whatever its category: every category has it as its first item.
#[must_use]
pub fn peek_source(bytes: &[u8]) -> Option<[u8; 2]> {
    let block = block::next_block(&mut Reader::new(bytes)).ok()??;
    let mut reader = Reader::new(block.records);
    let first = reader.octet().ok()?;
    let mut octet = first;
    while octet & 1 == 1 {
        octet = reader.octet().ok()?;
    }
    if first & 0x80 == 0 { None } else { reader.array().ok() }
}

/// The decoder of one sensor.
#[derive(Clone, Debug)]
pub struct Decoder {
    // Boxed: one of several decoders in an enum, and by far the largest otherwise.
    sensor: Box<SensorModel>,
    repeats: Repeats,
    antenna: Box<Antenna>,
    sectors: Box<Sectors>,
}

/// What a snapshot holds of a decoder: all but its sensor.
#[derive(Deserialize)]
pub(super) struct State {
    repeats: Repeats,
    antenna: Box<Antenna>,
    sectors: Box<Sectors>,
}

impl Decoder {
    /// Its state alone, in the order of [`State`].
    pub(super) fn state(&self) -> impl Serialize + '_ {
        let Self { repeats, antenna, sectors, sensor: _ } = self;
        (repeats, antenna, sectors)
    }

    /// A new one with the state of another.
    pub(super) fn with(self, state: State) -> Self {
        let State { repeats, antenna, sectors } = state;
        let sectors = Box::new(sectors.configured_as(&self.sectors));
        Self { repeats, antenna, sectors, ..self }
    }

    /// For one sensor.
    #[must_use]
    pub fn new(index: SensorIndex, model: &SensorModel) -> Self {
        Self {
            sensor: Box::new(model.clone()),
            repeats: Repeats::default(),
            antenna: Box::new(Antenna::new(model.period_s)),
            sectors: Box::new(Sectors::new(index, model.max_range_m)),
        }
    }

    /// Decodes one frame.
    ///
    /// # Errors
    /// The structure fails (see [`parse`]), no block is of a known category, every record is of another source, or
    /// the same frame came just before.
    pub fn decode(&mut self, received: Timestamp, bytes: &[u8], out: &mut Decoded) -> Result<(), Rejection> {
        let frame = parse(bytes)?;
        if frame.records.is_empty() {
            return Err(Rejection::new(UNKNOWN_CATEGORY, format!("{} blocks", frame.skipped)));
        }
        let refused = frame.records.iter().filter_map(|record| self.refuse_source(record).err());
        let refused: Vec<_> = refused.collect();
        match refused.first() {
            Some(first) if refused.len() == frame.records.len() => return Err(first.clone()),
            _ => {}
        }
        if self.repeats.is_repeat(bytes, received) {
            return Err(Rejection::new(DUPLICATE, format!("{} octets", bytes.len())));
        }
        out.unknown_fields += frame.skipped;
        for record in &frame.records {
            if let Err(rejection) = self.accept(record, received) {
                out.refused.push(rejection);
            }
        }
        self.sectors.finish(received, self.antenna.period(), &mut out.scans);
        Ok(())
    }

    fn refuse_source(&self, record: &Record) -> Result<(), Rejection> {
        match self.sensor.sac_sic {
            Some(expected) if record.source() != Some(expected) => {
                let found = format!("{:?}, expected {expected:?}", record.source());
                Err(Rejection::new(WRONG_SOURCE, found))
            }
            _ => Ok(()),
        }
    }

    fn accept(&mut self, record: &Record, received: Timestamp) -> Result<(), Rejection> {
        self.refuse_source(record)?;
        match record {
            Record::Surface(record) => {
                let report = plots::surface_report(record, received, &self.sensor)?;
                report.into_iter().for_each(|report| self.sectors.report(report));
                Ok(())
            }
            Record::Adsb(record) => {
                self.sectors.report(reports::adsb_report(record, received, &self.sensor)?);
                Ok(())
            }
            Record::Track(record) => {
                self.sectors.report(reports::system_track(record, received, &self.sensor)?);
                Ok(())
            }
            Record::Plot(record) => self.plot(record, received),
            Record::Service(record) => self.mark(record, received),
        }
    }

    fn plot(&mut self, record: &cat048::Record, received: Timestamp) -> Result<(), Rejection> {
        let plot = plots::radar_plot(record, received, &self.sensor)?;
        let Measurement::Polar(polar) = plot.1.measurement else { return Ok(()) };
        let mark = Mark { time: plot.0, azimuth_rad: polar.azimuth_rad };
        if let Some(swept) = self.antenna.plot(mark) {
            self.sectors.swept(swept, received, self.antenna.period());
        }
        self.sectors.plot(polar.azimuth_rad, plot, received)
    }

    fn mark(&mut self, record: &cat034::Record, received: Timestamp) -> Result<(), Rejection> {
        let time = || plots::instant(record.time_of_day, "I034/030", received);
        let swept = match plots::required(record.message_type, "I034/000")? {
            cat034::NORTH_MARK => [None, self.antenna.north(time()?, record.period_s)?],
            cat034::SECTOR_CROSSING => {
                let azimuth_deg = plots::required(record.azimuth_deg, "I034/020")?;
                let azimuth_rad = ranges::azimuth("azimuth_deg", azimuth_deg)?;
                self.antenna.crossing(Mark { time: time()?, azimuth_rad })?
            }
            // Jamming strobes, filters and the like: nothing about the rotation.
            _ => return Ok(()),
        };
        for swept in swept.into_iter().flatten() {
            self.sectors.swept(swept, received, self.antenna.period());
        }
        Ok(())
    }
}
