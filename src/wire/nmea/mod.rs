//! NMEA 0183: AIS receivers, radars with a tracker, and the navigation sentences that say where a mobile sensor is.
//!
//! In: frames of one or more lines. Out: one scan per position report or tracked target, each with one detection,
//! measured at the scan's time, and [`Look::Unknown`]: nothing here says that something was *not* there. Kept from
//! frame to frame: parts of unfinished messages, what ships said about themselves, the sensor's own place.
//!
//! | sentence | becomes |
//! | --- | --- |
//! | VDM | AIS 1, 2, 3, 9, 18, 19, 27: a position under `mmsi:…`; 5, 19, 24: remembered; others counted as unknown |
//! | VDO | the own ship's AIS: never a detection; a mobile sensor's pose |
//! | TTM, TLL | a track report under the radar's target number |
//! | RMC, GGA, HDT, THS | pose and heading |
//!
//! **Time.** Received, or the TAG block's `c:` where that is at most an hour older and a second newer (else it is
//! refused as `bad_time` and the sentence used without it); from there the sentence's own second or time of day moves
//! it to the nearest instant that fits (see `instant`).

#![cfg_attr(not(test), deny(clippy::indexing_slicing, clippy::cast_sign_loss, clippy::cast_possible_wrap))]

pub mod ais;
mod instant;
mod pose;
mod radar;
mod report;
pub mod sentence;
mod ships;
mod tag;

pub use ships::{MAX_SHIPS, Ship};
pub use tag::Tag;

use serde::{Deserialize, Serialize};

use super::ranges;
use super::{Decoded, Rejection, TOO_MANY_DETECTIONS};
use crate::scan::{Detection, Look, Scan};
use crate::sensor::{SensorIndex, SensorModel};
use crate::time::Timestamp;
use pose::OwnShip;
use radar::Site;
use sentence::{Line, Sentence};
use ships::Ships;

/// A line is longer than any sentence.
pub const TOO_LONG: &str = "too_long";
/// A line is no sentence: wrong start, no address, not text, something behind its checksum.
pub const BAD_SENTENCE: &str = "bad_sentence";
/// A sentence has no checksum.
pub const NO_CHECKSUM: &str = "no_checksum";
/// A sentence's checksum is wrong.
pub const BAD_CHECKSUM: &str = "bad_checksum";
/// A TAG block is not closed, or its checksum, time or group is wrong.
pub const BAD_TAG_BLOCK: &str = "bad_tag_block";
/// A field that must be there is missing, or says what it cannot.
pub const BAD_FIELD: &str = "bad_field";
/// An AIS payload is empty or holds a character that stands for no six bits.
pub const BAD_PAYLOAD: &str = "bad_payload";
/// An AIS message ends too early for its type.
pub const SHORT_PAYLOAD: &str = "short_payload";
/// A part of a message in several sentences did not come.
pub const INCOMPLETE_MESSAGE: &str = "incomplete_message";
/// A target relative to a sensor that has not said where it is.
pub const NO_POSE: &str = "no_pose";
/// A bearing relative to a heading that is not known.
pub const NO_HEADING: &str = "no_heading";

/// Every reason this decoder refuses under.
pub const REASONS: &[&str] = &[
    TOO_MANY_DETECTIONS,
    TOO_LONG,
    BAD_SENTENCE,
    NO_CHECKSUM,
    BAD_CHECKSUM,
    BAD_TAG_BLOCK,
    BAD_FIELD,
    BAD_PAYLOAD,
    SHORT_PAYLOAD,
    INCOMPLETE_MESSAGE,
    NO_POSE,
    NO_HEADING,
    ranges::OUT_OF_RANGE,
    ranges::NO_UNCERTAINTY,
    ranges::NOT_POSITIVE_DEFINITE,
    ranges::BAD_TIME,
];

/// The decoder of one sensor.
#[derive(Clone, Debug)]
pub struct Decoder {
    sensor: SensorIndex,
    /// Boxed: a decoder is one variant of several and should not outgrow the others.
    model: Box<SensorModel>,
    reader: ais::Reader,
    ships: Ships,
    own_ship: OwnShip,
    /// The last TAG group that came with a time: its later lines have none.
    group: Option<(u32, Timestamp)>,
}

/// What a snapshot holds of a decoder: all but its sensor.
#[derive(Deserialize)]
pub(super) struct State {
    reader: ais::Reader,
    ships: Ships,
    own_ship: OwnShip,
    group: Option<(u32, Timestamp)>,
}

impl Decoder {
    /// Its state alone, in the order of [`State`].
    pub(super) fn state(&self) -> impl Serialize + '_ {
        let Self { reader, ships, own_ship, group, sensor: _, model: _ } = self;
        (reader, ships, own_ship, group)
    }

    /// A new one with the state of another.
    pub(super) fn with(self, state: State) -> Self {
        let State { reader, ships, own_ship, group } = state;
        Self { reader, ships, own_ship, group, ..self }
    }

    /// For one sensor.
    #[must_use]
    pub fn new(index: SensorIndex, model: &SensorModel) -> Self {
        Self {
            sensor: index,
            model: Box::new(model.clone()),
            reader: ais::Reader::default(),
            ships: Ships::default(),
            own_ship: OwnShip::default(),
            group: None,
        }
    }

    /// What the ship with this MMSI has said about itself, if it was heard and is not forgotten.
    #[must_use]
    pub fn ship(&self, mmsi: u32) -> Option<&Ship> {
        self.ships.get(mmsi)
    }

    /// Decodes one frame: usually one line, at most what a gateway bundles. Empty lines and comments (`#`) are passed
    /// over; a bad line beside a good one is listed in `out.refused`.
    ///
    /// # Errors
    /// The first bad line's reason, if no line was good.
    pub fn decode(&mut self, received: Timestamp, bytes: &[u8], out: &mut Decoded) -> Result<(), Rejection> {
        let mut good = false;
        let mut first_bad = None;
        for line in bytes.split(|byte| matches!(byte, b'\r' | b'\n')).map(<[u8]>::trim_ascii) {
            if line.is_empty() || line.starts_with(b"#") {
                continue;
            }
            match self.line(received, line, out) {
                Ok(()) => good = true,
                Err(refused) => {
                    first_bad.get_or_insert(out.refused.len());
                    out.refused.push(refused);
                }
            }
        }
        match first_bad {
            Some(at) if !good => Err(out.refused.swap_remove(at)),
            _ => Ok(()),
        }
    }

    fn line(&mut self, received: Timestamp, bytes: &[u8], out: &mut Decoded) -> Result<(), Rejection> {
        let mut line = Line::parse(bytes)?;
        out.unknown_fields += line.skipped;
        self.settle_time(received, &mut line.tag, out);
        let Some(sentence) = line.sentence else { return Ok(()) };
        let near = line.tag.time.unwrap_or(received);
        let fields = sentence.fields();
        match sentence.kind {
            "VDM" | "VDO" => return self.ais(received, line.tag, &sentence, out),
            "TTM" => {
                let target = radar::ttm(near, &self.site(received), fields)?;
                self.emit(received, target, out);
            }
            "TLL" => {
                let target = radar::tll(near, &self.site(received), fields)?;
                self.emit(received, target, out);
            }
            "RMC" => self.own_ship.rmc(received, fields)?,
            "GGA" => self.own_ship.gga(received, fields)?,
            "HDT" => self.own_ship.hdt(received, fields)?,
            "THS" => self.own_ship.ths(received, fields)?,
            _ => out.unknown_fields += 1,
        }
        Ok(())
    }

    /// Gives a line of a TAG group its group's time, and takes an implausible time away.
    fn settle_time(&mut self, received: Timestamp, tag: &mut Tag, out: &mut Decoded) {
        if let Some(stamp) = tag.time.filter(|stamp| !instant::plausible(received, *stamp)) {
            tag.time = None;
            out.refused.push(Rejection::new(ranges::BAD_TIME, format!("c: {stamp}, received {received}")));
        }
        match (tag.group, tag.time, self.group) {
            (Some(group), Some(time), _) => self.group = Some((group, time)),
            (Some(group), None, Some((known, time))) if group == known => {
                tag.time = Some(time).filter(|time| instant::plausible(received, *time));
            }
            _ => {}
        }
    }

    fn ais(
        &mut self,
        received: Timestamp,
        tag: Tag,
        sentence: &Sentence<'_>,
        out: &mut Decoded,
    ) -> Result<(), Rejection> {
        let Some(whole) = self.reader.read(received, tag, sentence, &mut out.refused)? else { return Ok(()) };
        let message = &whole.message;
        if whole.own_ship {
            return self.own_ship.self_report(received, message);
        }
        // Base stations and marks are decoded but are no targets.
        if matches!(message, ais::Message::Other(_) | ais::Message::BaseStation(_) | ais::Message::Aid(_)) {
            out.unknown_fields += 1;
            return Ok(());
        }
        let ship = self.ships.learn(received, message);
        let near = whole.stamp.unwrap_or(received);
        let report = report::detection(message, ship, &self.model, near)?;
        self.emit(received, report, out);
        Ok(())
    }

    fn site(&self, now: Timestamp) -> Site<'_> {
        Site { model: &self.model, pose: self.pose(now), heading_rad: self.own_ship.heading_rad(now) }
    }

    /// Where the sensor is, if it can be elsewhere than configured.
    fn pose(&self, now: Timestamp) -> Option<crate::scan::Pose> {
        self.own_ship.pose(now).filter(|_| self.model.mobile)
    }

    fn emit(&self, received: Timestamp, found: Option<(Detection, Timestamp)>, out: &mut Decoded) {
        let Some((detection, time)) = found else { return };
        out.scans.push(Scan {
            sensor: self.sensor,
            key: None,
            time,
            pose: self.pose(received),
            look: Look::Unknown,
            part: None,
            detections: vec![detection],
        });
    }
}

#[cfg(test)]
mod tests;
