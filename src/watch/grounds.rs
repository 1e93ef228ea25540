//! What a statement stands on, beside the sensors that made it: as it is said in a notice.
//!
//! Plain data. In: what the rules, the sensors' standing and the tests of integrity found. Out: fields of a notice, each
//! absent where there is nothing to say. "Not determined" is a value. Knows no rule.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The part of a notice that says what it stands on.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Grounds {
    /// For an approach: when and where the line will be crossed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub forecast: Option<Forecast>,
    /// The alert about the crossing that an approach ended in, or the approach that foretold a crossing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub related: Option<String>,
    /// Where the track was first seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// Probability of each class that has at least one in a thousand, where anything is known of it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub class: BTreeMap<String, f64>,
    /// Sensors that should have seen it and did not support it, ascending.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub should_have_seen: Vec<Missed>,
    /// What was blind near the place at the time; for a blind zone, what no longer watches it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blind: Vec<Blinded>,
    /// Share of the zone that nothing watches, for a blind zone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blind_ratio: Option<f64>,
    /// What speaks against believing it, each with its value.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub indicators: Vec<Indicator>,
    /// For a damaged journal: position of the first record that cannot be read, and the one behind the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lost_records: Option<[u64; 2]>,
}

/// First passage of a line, foreseen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// P(it crosses within one minute).
    pub within_60_s: f64,
    /// P(it crosses within five minutes).
    pub within_300_s: f64,
    /// P(it crosses within fifteen minutes).
    pub within_900_s: f64,
    /// If it crosses within fifteen minutes: half of its ways have by then, seconds from `as_of`.
    pub median_s: f64,
    /// A tenth of those ways have crossed by the first, nine tenths by the second, seconds from `as_of`.
    pub interval_s: [f64; 2],
    /// The instant it was made for.
    pub as_of: Timestamp,
    /// Where those ways cross, on average, degrees.
    pub lat: f64,
    /// Degrees.
    pub lon: f64,
    /// Of that place: east-east, east-north, north-north, metres².
    pub cov_m2: [f64; 3],
    /// P(it crosses within the rule's horizon through a gate that is open to it): no part of the others; absent where
    /// that is nothing.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub by_leave: f64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form serde asks for")]
fn is_nothing(p: &f64) -> bool {
    *p <= 0.0
}

/// Where a track was first seen.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// When.
    pub first_seen: Timestamp,
    /// Latitude, degrees.
    pub lat: f64,
    /// Longitude, degrees.
    pub lon: f64,
    /// Which party's side of the line that was, or `not determined`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// P(the left party's side), and P(the right party's); absent where the line divides nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub probability: Option<[f64; 2]>,
}

/// A sensor that should have seen something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Missed {
    /// Its name.
    pub sensor: String,
    /// P(it would have reported it in the time before), by its coverage there and what it lately detected.
    pub probability: f64,
}

/// A sensor that does not see what it should.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Blinded {
    /// Its name.
    pub sensor: String,
    /// Why.
    pub cause: Cause,
    /// Since when.
    pub since: Timestamp,
}

/// Why a sensor does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// It says nothing.
    Silent,
    /// It, or its last will, says it is gone.
    Offline,
    /// It says that its view is hidden.
    Obscured,
    /// It reports interference.
    Jammed,
    /// It says that somebody touched it.
    Tampered,
    /// It says that it is unwell, and not how.
    Degraded,
    /// It misses what others hold.
    SeldomDetects,
    /// It looks elsewhere, or nobody knows.
    NotDetermined,
}

/// One thing that speaks against believing a report, with its own value: never a score over all of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Indicator {
    /// Which; it says the value's unit.
    pub name: Named,
    /// How much of it.
    pub value: f64,
    /// Since when it stands, or when it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// The claimed identity in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The sensor in question.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sensor: Option<String>,
}

/// The indicators there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Named {
    /// What it says of its place is not where others measure it: sum of log likelihood ratios, nats.
    SelfReportDisagrees,
    /// It no longer says where it is, and others still see it: for so many seconds.
    TransponderOff,
    /// It would have to be so quick, metres per second.
    ImpossibleSpeed,
    /// One identity, so many tracks.
    IdentityInTwoPlaces,
    /// One track, so many identities of one scheme.
    TwoIdentities,
    /// Its navigation is interfered with, together with that of so many identities.
    GnssInterference,
    /// So many payloads in ten minutes came before.
    RepeatedPayloads,
    /// So many scans in ten minutes are numbered as of an earlier life of the sensor, or far behind its latest.
    NumbersBackwards,
    /// So many scans in ten minutes are stamped as of another time.
    TimesOutOfRange,
    /// One trust group alone reports it where others look: P(none of them would have).
    LoneSource,
    /// It was first seen where it should have been seen on its way there: P(it would not have been).
    AppearedInside,
    /// A sensor beside it was lost so many seconds before.
    SensorLostBefore,
    /// It claims to be of one side and was first seen on the other's: P(it came from the other's).
    ClaimedSideDiffers,
}

impl Grounds {
    /// Whether a person would act, or judge, otherwise by these than by `said`.
    pub(super) fn is_other_than(&self, said: &Self) -> bool {
        let names = |grounds: &Self| -> Vec<_> {
            let indicators = grounds.indicators.iter();
            indicators.map(|i| (i.name, i.identity.clone(), i.sensor.clone())).collect()
        };
        let sooner = match (&self.forecast, &said.forecast) {
            (Some(known), Some(said)) => known.median_s <= 0.5 * said.median_s,
            (known, said) => known.is_some() != said.is_some(),
        };
        sooner || (&self.related, &self.blind) != (&said.related, &said.blind) || names(self) != names(said)
    }

    /// To the digits that a reader can use.
    #[must_use]
    pub(super) fn rounded(mut self) -> Self {
        let to = |x: f64, per_unit: f64| libm::round(x * per_unit) / per_unit + 0.0;
        if let Some(f) = &mut self.forecast {
            for p in [&mut f.within_60_s, &mut f.within_300_s, &mut f.within_900_s, &mut f.by_leave] {
                *p = to(*p, 1e3);
            }
            f.median_s = to(f.median_s, 1.0);
            f.interval_s = f.interval_s.map(|s| to(s, 1.0));
            (f.lat, f.lon) = (to(f.lat, 1e6), to(f.lon, 1e6));
            f.cov_m2 = f.cov_m2.map(|m2| to(m2, 1.0));
        }
        if let Some(origin) = &mut self.origin {
            (origin.lat, origin.lon) = (to(origin.lat, 1e7), to(origin.lon, 1e7));
            origin.probability = origin.probability.map(|p| p.map(|p| to(p, 1e4)));
        }
        self.class.values_mut().for_each(|p| *p = to(*p, 1e3));
        self.should_have_seen.iter_mut().for_each(|missed| missed.probability = to(missed.probability, 1e4));
        self.blind_ratio = self.blind_ratio.map(|share| to(share, 1e3));
        for indicator in &mut self.indicators {
            indicator.value = if indicator.value.abs() < 0.01 {
                to(indicator.value, 1e9)
            } else {
                to(indicator.value, 1e3)
            };
        }
        self
    }
}
