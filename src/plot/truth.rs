//! What truly happened, as `linewatch simulate` and scoring scripts write it: comma-separated text with a heading.
//!
//! In: lines of text. Out: rows, or what is wrong with a line. The heading names at least `t`, `id`, `x` and `y`:
//! seconds from an epoch the caller knows (or an RFC 3339 time), a name, metres east and north of the sector's origin.
//! Fields are not quoted.

use crate::time::{Span, Timestamp};

/// Farther from the origin nothing is, metres; later than this after the epoch neither, seconds.
const LARGEST: f64 = 1e9;

/// Which column holds what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    time: usize,
    id: usize,
    east: usize,
    north: usize,
}

/// One thing at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Truth<'a> {
    /// When.
    pub time: Timestamp,
    /// Its name.
    pub id: &'a str,
    /// East of the sector's origin.
    pub east_m: f64,
    /// North of the sector's origin.
    pub north_m: f64,
}

impl Columns {
    /// From the heading.
    ///
    /// # Errors
    /// Says which column is missing.
    pub fn of(heading: &str) -> Result<Self, String> {
        let place = |name: &str| {
            let mut names = heading.trim_start_matches('\u{feff}').split(',').map(str::trim);
            names
                .position(|found| found == name)
                .ok_or_else(|| format!("no column `{name}` in the heading; t,id,x,y are needed"))
        };
        Ok(Self { time: place("t")?, id: place("id")?, east: place("x")?, north: place("y")? })
    }

    /// One row; numbers in `t` are seconds after `epoch`.
    ///
    /// # Errors
    /// Says which field is missing or wrong.
    pub fn row<'a>(&self, line: &'a str, epoch: Timestamp) -> Result<Truth<'a>, String> {
        let field = |at: usize, name: &str| {
            let found = line.split(',').nth(at).map(str::trim).filter(|text| !text.is_empty());
            found.ok_or_else(|| format!("no `{name}`"))
        };
        let number = |at: usize, name: &str| {
            let text = field(at, name)?;
            let number = text.parse().ok().filter(|number: &f64| number.abs() <= LARGEST);
            number.ok_or_else(|| format!("`{name}` is {text:?}, expected a number up to 1e9"))
        };
        let time = match Timestamp::parse(field(self.time, "t")?) {
            Ok(time) => time,
            Err(_) => epoch.plus(Span::from_secs_f64(number(self.time, "t")?)),
        };
        let (east_m, north_m) = (number(self.east, "x")?, number(self.north, "y")?);
        Ok(Truth { time, id: field(self.id, "id")?, east_m, north_m })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_found_by_name() {
        let epoch = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        let columns = Columns::of("mode,y,x,id,t").unwrap();
        let row = columns.row("cv,-2.5,10,T7,1.25", epoch).unwrap();
        assert_eq!(row.time.to_string(), "2026-01-01T00:00:01.250Z");
        assert_eq!(
            (row.id, row.east_m.to_bits(), row.north_m.to_bits()),
            ("T7", 10_f64.to_bits(), (-2.5_f64).to_bits())
        );
        let row = columns.row("cv,0,0,7,2027-05-04T03:02:01Z", epoch).unwrap();
        assert_eq!(row.time.to_string(), "2027-05-04T03:02:01.000Z");
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(Columns::of("t,id,x"), Err("no column `y` in the heading; t,id,x,y are needed".into()));
        let columns = Columns::of("t,id,x,y").unwrap();
        for (line, word) in [
            ("1,a,2", "no `y`"),
            ("1,,2,3", "no `id`"),
            ("1,a,NaN,3", "`x` is \"NaN\""),
            ("x,a,2,3", "`t` is"),
        ] {
            let complaint = columns.row(line, Timestamp::default()).unwrap_err();
            assert!(complaint.contains(word), "{line}: {complaint}");
        }
    }
}
