//! The numbers of the files, each type with its range, stated once for the reader and for the JSON Schema.

use std::borrow::Cow;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;
use toml::de::DeValue;

use super::leaf::inline_schema;
use super::read::FromToml;
use crate::config::error::Report;

macro_rules! numbers {
    ($( $(#[$meta:meta])* $name:ident = $low:expr, $high:expr; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) f64);

        inline_schema!($name, "number", number_schema($low, $high));

        impl FromToml for $name {
            fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
                let number = number(value).filter(|number| ($low as Bound<f64>, $high).contains_number(*number));
                if number.is_none() {
                    report.refuse(at, format!("a number {}", range_words($low, $high)));
                }
                number.map(Self)
            }
        }
    )* };
}

numbers! {
    /// Height over the ellipsoid, metres.
    AltitudeM = Included(-12_000.0), Included(1_000_000.0);
    /// Any direction, degrees.
    HeadingDeg = Included(-360.0), Included(360.0);
    /// A field of view, degrees.
    FieldOfViewDeg = Excluded(0.0), Included(360.0);
    /// A length, metres.
    LengthM = Excluded(0.0), Included(1_000_000.0);
    /// A one-sigma error of a length, metres.
    SigmaM = Excluded(0.0), Included(100_000.0);
    /// How many one-sigma errors are allowed for.
    BiasSigmas = Included(0.0), Included(100.0);
    /// A one-sigma error of an angle, degrees.
    SigmaDeg = Excluded(0.0), Included(90.0);
    /// The probability of something neither impossible nor certain.
    OpenProbability = Excluded(0.0), Excluded(1.0);
    /// Any probability.
    Probability = Included(0.0), Included(1.0);
    /// An expected count.
    Count = Included(0.0), Included(100_000.0);
    /// Time between looks, seconds: a satellite may come once a day.
    PeriodS = Included(0.001), Included(604_800.0);
    /// A time, days.
    Days = Excluded(0.0), Included(36_500.0);
    /// Room on a disk.
    Gigabytes = Excluded(0.0), Included(1_000_000.0);
    /// A distance from a line, metres.
    OffsetM = Included(0.0), Included(500_000.0);
    /// How long something must last to be said, seconds.
    HoldS = Included(0.0), Included(86_400.0);
    /// How far ahead is looked, seconds.
    HorizonS = Excluded(0.0), Included(86_400.0);
    /// How long somebody may stay, seconds.
    StayS = Excluded(0.0), Included(31_622_400.0);
    /// The same, days.
    StayDays = Excluded(0.0), Included(366.0);
    /// False alarms a week.
    PerWeek = Excluded(0.0), Included(1_000.0);
    /// Messages a second.
    RateHz = Excluded(0.0), Included(1_000_000.0);
}

macro_rules! whole_numbers {
    ($( $(#[$meta:meta])* $name:ident: $type:ty = $low:literal, $high:literal; )*) => { $(
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, Serialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) $type);

        inline_schema!($name, "integer", json_schema!({ "type": "integer", "minimum": $low, "maximum": $high }));

        impl FromToml for $name {
            fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
                let whole = whole(value).and_then(|whole| <$type>::try_from(whole).ok());
                let whole = whole.filter(|whole| ($low..=$high).contains(whole));
                if whole.is_none() {
                    report.refuse(at, format!("a whole number from {} to {}", $low, $high));
                }
                whole.map(Self)
            }
        }
    )* };
}

whole_numbers! {
    /// Bits per second of a serial line.
    Baud: u32 = 300, 4_000_000;
    /// Seconds between MQTT pings.
    KeepAliveS: u64 = 5, 3_600;
    /// Size of one MQTT payload.
    PayloadBytes: usize = 1_024, 16_777_216;
    /// Detections in one look.
    Detections: u32 = 1, 10_000;
    /// Seconds between tellings of what stands.
    ResendS: u64 = 1, 3_600;
    /// Seconds between signs of life.
    DeadManS: u64 = 1, 86_400;
    /// Seconds until somebody else is told.
    EscalateS: u64 = 1, 604_800;
    /// Trust groups.
    Groups: u32 = 1, 100;
    /// How many make a gathering.
    Gathering: u32 = 2, 10_000;
    /// Seconds between checkpoints.
    SealS: u64 = 1, 3_600;
    /// Records between checkpoints.
    SealRecords: u64 = 1, 1_000_000;
    /// How many may be somewhere.
    Limit: u32 = 0, 1_000_000;
}

trait ContainsNumber {
    fn contains_number(&self, number: f64) -> bool;
}

impl ContainsNumber for (Bound<f64>, Bound<f64>) {
    fn contains_number(&self, number: f64) -> bool {
        std::ops::RangeBounds::contains(self, &number)
    }
}

/// A finite number, written with or without a point.
pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
        #[expect(clippy::cast_precision_loss, reason = "any integer above 2^53 is out of every range here")]
        DeValue::Integer(_) => whole(value).map(|whole| whole as f64),
        _ => None,
    }
}

/// A whole number.
pub(super) fn whole(value: &DeValue<'_>) -> Option<i64> {
    let integer = value.as_integer()?;
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn range_words(low: Bound<f64>, high: Bound<f64>) -> String {
    let low = match low {
        Included(low) => format!("of at least {low}"),
        Excluded(low) => format!("above {low}"),
        Unbounded => String::new(),
    };
    match high {
        Included(high) => format!("{low} and at most {high}"),
        Excluded(high) => format!("{low} and below {high}"),
        Unbounded => low,
    }
}

fn number_schema(low: Bound<f64>, high: Bound<f64>) -> Schema {
    let mut schema = json_schema!({ "type": "number" });
    match low {
        Included(low) => drop(schema.insert("minimum".into(), low.into())),
        Excluded(low) => drop(schema.insert("exclusiveMinimum".into(), low.into())),
        Unbounded => {}
    }
    match high {
        Included(high) => drop(schema.insert("maximum".into(), high.into())),
        Excluded(high) => drop(schema.insert("exclusiveMaximum".into(), high.into())),
        Unbounded => {}
    }
    schema
}
