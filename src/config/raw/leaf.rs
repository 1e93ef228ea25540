//! The leaves of the files: numbers with their range, ids, texts, words, positions.
//!
//! Each type carries what is allowed once, for its reader and for the JSON Schema.

use std::borrow::Cow;
use std::ops::Bound::{self, Excluded, Included, Unbounded};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};
use toml::de::DeValue;

use super::read::FromToml;
use crate::config::error::Report;
use crate::geo::Geodetic;
use crate::sensor::is_id;

/// Longest text of any key, bytes.
const MAX_TEXT: usize = 1024;

macro_rules! inline_schema {
    ($type:ty, $name:literal, $schema:expr) => {
        impl JsonSchema for $type {
            fn inline_schema() -> bool {
                true
            }
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }
            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                $schema
            }
        }
    };
}

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

fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Float(float) => float.as_str().parse().ok().filter(|number: &f64| number.is_finite()),
        #[expect(clippy::cast_precision_loss, reason = "any integer above 2^53 is out of every range here")]
        DeValue::Integer(_) => whole(value).map(|whole| whole as f64),
        _ => None,
    }
}

fn whole(value: &DeValue<'_>) -> Option<i64> {
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

/// A name of the form all ids have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Id(pub(crate) String);

inline_schema!(Id, "id", json_schema!({ "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$" }));

impl FromToml for Id {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let id = value.as_str().filter(|text| is_id(text));
        if id.is_none() {
            report.refuse(at, "an id: 1 to 63 of A-Z a-z 0-9 . _ -, beginning with a letter or digit");
        }
        id.map(|id| Self(id.to_owned()))
    }
}

/// Text of a person, a path or an address: one line, not empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub(crate) struct Text(pub(crate) String);

inline_schema!(Text, "text", json_schema!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT }));

impl FromToml for Text {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let good = |text: &&str| {
            !text.trim().is_empty() && text.len() <= MAX_TEXT && !text.chars().any(char::is_control)
        };
        let text = value.as_str().filter(good);
        if text.is_none() {
            report.refuse(at, format!("one line of text, not empty, at most {MAX_TEXT} bytes"));
        }
        text.map(|text| Self(text.to_owned()))
    }
}

/// A type that files name by a word.
pub(crate) trait Words: Copy + 'static {
    /// Every value.
    const ALL: &'static [Self];
    /// Words agreed for a later version.
    const LATER: &'static [&'static str] = &[];
    /// The value's word.
    fn word(self) -> &'static str;
}

/// One of a fixed set of words.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<T>(pub(crate) T);

impl<T: Words> JsonSchema for Word<T> {
    fn inline_schema() -> bool {
        true
    }
    fn schema_name() -> Cow<'static, str> {
        "word".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let words: Vec<_> = T::ALL.iter().map(|value| value.word()).collect();
        json_schema!({ "type": "string", "enum": words })
    }
}

impl<T: Words> Serialize for Word<T> {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.serialize_str(self.0.word())
    }
}

impl<T: Words> FromToml for Word<T> {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let written = value.as_str();
        let known = T::ALL.iter().find(|known| Some(known.word()) == written);
        if known.is_none() {
            let words: Vec<_> = T::ALL.iter().map(|value| value.word()).collect();
            let mut expected = format!("one of {}", words.join(", "));
            if let Some(later) = T::LATER.iter().find(|later| Some(**later) == written) {
                expected.push_str(&format!(": `{later}` is not available in this version"));
            }
            report.refuse(at, expected);
        }
        known.map(|known| Self(*known))
    }
}

/// `[lat, lon]`, degrees.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Position(pub(crate) f64, pub(crate) f64);

inline_schema!(
    Position,
    "position",
    json_schema!({
        "description": "[latitude, longitude], degrees, WGS-84",
        "type": "array",
        "prefixItems": [
            { "type": "number", "minimum": -90.0, "maximum": 90.0 },
            { "type": "number", "minimum": -180.0, "maximum": 180.0 },
        ],
        "minItems": 2,
        "maxItems": 2,
    })
);

impl Position {
    /// At height zero.
    pub(crate) fn on_the_ground(self) -> Geodetic {
        Geodetic::from_degrees(self.0, self.1, 0.0)
    }

    /// Whether both angles are in range.
    pub(crate) fn is_on_earth(self) -> bool {
        (-90.0..=90.0).contains(&self.0) && (-180.0..=180.0).contains(&self.1)
    }
}

impl FromToml for Position {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let numbers: Option<Vec<f64>> =
            value.as_array().and_then(|array| array.iter().map(|item| number(item.get_ref())).collect());
        let pair = match numbers.as_deref() {
            Some([lat, lon]) => Some(Self(*lat, *lon)),
            _ => None,
        };
        let position = pair.filter(|position| position.is_on_earth());
        if position.is_none() {
            let swapped = pair.is_some_and(|pair| Self(pair.1, pair.0).is_on_earth());
            let hint = if swapped { "; these two look swapped" } else { "" };
            report.refuse(at, format!("[latitude, longitude] in degrees, within ±90 and ±180{hint}"));
        }
        position
    }
}

/// An ASTERIX source identity: system area code and system identification code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct SacSic(pub(crate) [u8; 2]);

inline_schema!(
    SacSic,
    "sac_sic",
    json_schema!({
        "type": "array",
        "items": { "type": "integer", "minimum": 0, "maximum": 255 },
        "minItems": 2,
        "maxItems": 2,
    })
);

impl FromToml for SacSic {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let bytes: Option<Vec<u8>> = value.as_array().and_then(|array| {
            array.iter().map(|item| whole(item.get_ref()).and_then(|byte| byte.try_into().ok())).collect()
        });
        let pair = match bytes.as_deref() {
            Some([sac, sic]) => Some(Self([*sac, *sic])),
            _ => None,
        };
        if pair.is_none() {
            report.refuse(at, "[SAC, SIC], two whole numbers from 0 to 255");
        }
        pair
    }
}
