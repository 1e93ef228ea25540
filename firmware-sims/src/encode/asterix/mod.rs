//! ASTERIX data blocks (EUROCONTROL SUR.ET1.ST05.2000-STD-01): records of numbered items behind a field specification.
//!
//! In: plain structures in physical units. Out: data blocks. Each item is encoded in one place, with the document that
//! defines it; what does not fit its field is clamped to the field's ends.

mod radar;
mod reports;

pub use radar::{Plot, Sector, encode_cat034, encode_cat048};
pub use reports::{AdsbReport, SurfaceReport, SystemTrack, encode_cat010, encode_cat021, encode_cat062};

/// A record under construction: items in the order of the category's user application profile.
struct Record {
    /// Field reference numbers present, ascending, from 1.
    fields: Vec<usize>,
    body: Vec<u8>,
}

impl Record {
    /// Starts with data source identification, field 1 in every category used here.
    fn new(sac_sic: [u8; 2]) -> Self {
        Self { fields: vec![1], body: sac_sic.to_vec() }
    }

    /// Adds the item with this field reference number; numbers must ascend.
    fn item(&mut self, number: usize, bytes: &[u8]) -> &mut Self {
        assert!(self.fields.last().is_some_and(|last| *last < number), "items come in the profile's order");
        self.fields.push(number);
        self.body.extend_from_slice(bytes);
        self
    }

    /// The field specification (seven fields per byte, lowest bit: more follows) and the items.
    fn finish(&self) -> Vec<u8> {
        let octets = self.fields.last().map_or(1, |last| last.div_ceil(7));
        let mut bytes: Vec<u8> = (0..octets)
            .map(|octet| {
                let bit = |k: usize| u8::from(self.fields.contains(&(octet * 7 + k + 1))) << (7 - k);
                (0..7).map(bit).sum::<u8>() | u8::from(octet + 1 < octets)
            })
            .collect();
        bytes.extend_from_slice(&self.body);
        bytes
    }
}

/// A data block: category, length of the whole, records. At most 65,535 bytes.
fn block(category: u8, records: impl IntoIterator<Item = Vec<u8>>) -> Vec<u8> {
    let body: Vec<u8> = records.into_iter().flatten().collect();
    let length =
        u16::try_from(body.len() + 3).expect("a data block of a few hundred records fits 65,535 bytes");
    let mut bytes = vec![category];
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes.extend_from_slice(&body);
    bytes
}

/// `value` in units of `lsb` as an unsigned field of `octets` bytes, big-endian, clamped.
fn unsigned(value: f64, lsb: f64, octets: usize) -> Vec<u8> {
    let most = (1i64 << (8 * octets)) - 1;
    tail(nearest(value / lsb).clamp(0, most), octets)
}

/// The same in two's complement.
fn signed(value: f64, lsb: f64, octets: usize) -> Vec<u8> {
    let half = 1i64 << (8 * octets - 1);
    tail(nearest(value / lsb).clamp(-half, half - 1), octets)
}

/// An angle clockwise from north as a fraction of the full circle, in two bytes.
fn circle16(degrees: f64) -> Vec<u8> {
    tail(nearest(degrees / 360.0 * 65_536.0).rem_euclid(65_536), 2)
}

/// Time of day in 1/128 s, three bytes, back to zero at midnight.
fn time_of_day(seconds: f64) -> Vec<u8> {
    tail(nearest(seconds * 128.0).rem_euclid(86_400 * 128), 3)
}

fn nearest(value: f64) -> i64 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "casting saturates, and every field is clamped to its width"
    )]
    let whole = value.round() as i64;
    whole
}

fn tail(value: i64, octets: usize) -> Vec<u8> {
    value.to_be_bytes().split_at(8 - octets).1.to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_specification_extends_as_far_as_needed() {
        let mut record = Record::new([25, 1]);
        record.item(2, &[0xaa]).item(8, &[0xbb]);
        assert_eq!(record.finish(), [0b1100_0001, 0b1000_0000, 25, 1, 0xaa, 0xbb]);
    }

    #[test]
    fn fields_clamp_and_angles_wrap() {
        assert_eq!(unsigned(1e9, 1.0, 2), [0xff, 0xff]);
        assert_eq!(unsigned(-5.0, 1.0, 2), [0, 0]);
        assert_eq!(signed(-1.0, 0.25, 2), [0xff, 0xfc]);
        assert_eq!(circle16(359.999), [0, 0]);
        assert_eq!(circle16(90.0), [0x40, 0]);
        assert_eq!(time_of_day(86_399.999), [0, 0, 0]);
    }
}
