//! The colours: those of Okabe and Ito (2008, "Color Universal Design"), which colour-blind people tell apart, on white.

use plotters::style::RGBColor;

use crate::sensor::SensorKind;

/// Text and lines of the agreement.
pub(super) const INK: RGBColor = RGBColor(0x22, 0x22, 0x22);
/// The truth, and what is less important.
pub(super) const GREY: RGBColor = RGBColor(0x7a, 0x7a, 0x7a);
/// The grid.
pub(super) const FAINT: RGBColor = RGBColor(0xe4, 0xe4, 0xe4);
/// Paper.
pub(super) const WHITE: RGBColor = RGBColor(0xff, 0xff, 0xff);
/// Alerts alone.
pub(super) const VERMILION: RGBColor = RGBColor(0xd5, 0x5e, 0x00);

const ORANGE: RGBColor = RGBColor(0xe6, 0x9f, 0x00);
const SKY: RGBColor = RGBColor(0x56, 0xb4, 0xe9);
const GREEN: RGBColor = RGBColor(0x00, 0x9e, 0x73);
const BLUE: RGBColor = RGBColor(0x00, 0x72, 0xb2);
const PURPLE: RGBColor = RGBColor(0xcc, 0x79, 0xa7);

/// Tracks take turns: neighbours in age differ.
const TRACKS: [RGBColor; 5] = [BLUE, ORANGE, GREEN, PURPLE, SKY];

/// A track's colour, the same in every picture.
pub(super) fn of_track(id: &str) -> RGBColor {
    let turn = id.bytes().fold(0_usize, |turn, byte| (turn * 10 + usize::from(byte % 16)) % TRACKS.len());
    TRACKS[turn]
}

/// The tint of what a sensor covers.
pub(super) fn of_sensor(kind: SensorKind) -> RGBColor {
    match kind {
        SensorKind::Radar => SKY,
        SensorKind::Camera => ORANGE,
        SensorKind::Lidar => GREEN,
        SensorKind::Satellite => PURPLE,
        SensorKind::Transponder => GREY,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tracks_take_turns_by_their_number() {
        for number in 0..30_usize {
            assert_eq!(of_track(&number.to_string()), TRACKS[number % 5], "{number}");
        }
        assert_eq!(of_track("no number"), of_track("no number"));
    }
}
