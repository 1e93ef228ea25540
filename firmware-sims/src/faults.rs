//! What can go wrong with a box, as its `--fault` flags say it.
//!
//! A fault is `NAME[=VALUE][@FROM[..UNTIL]]`, times in world seconds: `silence@35s..60s`, `noise=x3`, `restart@30s`.
//! Without a window it lasts for ever. Several combine.

use std::fmt;
use std::str::FromStr;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Fault {
    /// Sends nothing, while its connection stays up.
    Silence,
    /// Sends its last frame again and again, same number and stamp.
    Stuck,
    /// Its clock is this many seconds ahead.
    ClockSkew(f64),
    /// It reports azimuths this many degrees too large.
    BiasAzimuth(f64),
    /// It reports ranges this many metres too large.
    BiasRange(f64),
    /// Its noise is this many times what it claims.
    Noise(f64),
    /// It misses what it would have seen, each with this probability.
    DropOut(f64),
    /// It reports this many times as many false alarms as it claims.
    Clutter(f64),
    /// Sends every frame this many times.
    Flood(u32),
    /// Each byte is damaged with this probability.
    Corrupt(f64),
    /// Starts anew: the boot counter goes up, the scan counter to zero.
    Restart,
}

/// A fault and when it acts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timed {
    /// What.
    pub fault: Fault,
    /// From this world time on, seconds.
    pub from_s: f64,
    /// Until this world time, seconds; infinite if for ever.
    pub until_s: f64,
}

/// A text that is no fault; the message says what would be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultError(String);

impl fmt::Display for FaultError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl std::error::Error for FaultError {}

/// All forms, for `--help` and errors.
pub const FORMS: &str = "silence, stuck, clock-skew=1.5s, bias-azimuth=2deg, bias-range=80m, noise=x3, \
                         drop-out=0.5, clutter=x5, flood=x100, corrupt=0.01, restart@30s; with @FROM or @FROM..UNTIL, as silence@35s..60s";

impl FromStr for Timed {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        let (what, window) = text.split_once('@').map_or((text, None), |(what, when)| (what, Some(when)));
        let (name, value) = what.split_once('=').map_or((what, None), |(name, value)| (name, Some(value)));
        let wrong = |why: String| FaultError(format!("fault `{text}`: {why}; the forms are {FORMS}"));
        let number = |prefix: &str, suffix: &str| {
            let value = value.ok_or_else(|| wrong(format!("`{name}` needs a value")))?;
            let bare = value.strip_prefix(prefix).unwrap_or(value);
            let bare = bare.strip_suffix(suffix).unwrap_or(bare);
            let parsed = bare.parse::<f64>().ok().filter(|number| number.is_finite());
            parsed.ok_or_else(|| wrong(format!("`{value}` is no number for `{name}`")))
        };
        let bounded = |number: f64, low: f64, high: f64| {
            let inside = (low..=high).contains(&number);
            if inside { Ok(number) } else { Err(wrong(format!("{number} is outside {low} to {high}"))) }
        };
        if value.is_some() && matches!(name, "silence" | "stuck" | "restart") {
            return Err(wrong(format!("`{name}` takes no value")));
        }
        let fault = match name {
            "silence" => Fault::Silence,
            "stuck" => Fault::Stuck,
            "restart" => Fault::Restart,
            "clock-skew" => Fault::ClockSkew(bounded(number("", "s")?, -86_400.0, 86_400.0)?),
            "bias-azimuth" => Fault::BiasAzimuth(bounded(number("", "deg")?, -180.0, 180.0)?),
            "bias-range" => Fault::BiasRange(bounded(number("", "m")?, -100_000.0, 100_000.0)?),
            "noise" => Fault::Noise(bounded(number("x", "")?, 0.0, 1_000.0)?),
            "drop-out" => Fault::DropOut(bounded(number("", "")?, 0.0, 1.0)?),
            "clutter" => Fault::Clutter(bounded(number("x", "")?, 0.0, 1_000.0)?),
            "corrupt" => Fault::Corrupt(bounded(number("", "")?, 0.0, 1.0)?),
            "flood" => {
                let times = bounded(number("x", "")?, 1.0, 100_000.0)?;
                #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 100,000")]
                let times = times.round() as u32;
                Fault::Flood(times)
            }
            _ => return Err(wrong(format!("no fault is called `{name}`"))),
        };
        let (from_s, until_s) = match window {
            None if fault == Fault::Restart => return Err(wrong("`restart` needs a time".into())),
            None => (0.0, f64::INFINITY),
            Some(window) => span(window).map_err(wrong)?,
        };
        Ok(Self { fault, from_s, until_s })
    }
}

/// `35s`, `35s..60s` or `35..60`.
fn span(window: &str) -> Result<(f64, f64), String> {
    let seconds = |text: &str| {
        let bare = text.strip_suffix('s').unwrap_or(text);
        let parsed = bare.parse::<f64>().ok().filter(|number| number.is_finite() && *number >= 0.0);
        parsed.ok_or_else(|| format!("`{text}` is no time in seconds"))
    };
    let (from_s, until_s) = match window.split_once("..") {
        None => (seconds(window)?, f64::INFINITY),
        Some((from, until)) => (seconds(from)?, seconds(until)?),
    };
    if from_s < until_s { Ok((from_s, until_s)) } else { Err(format!("`{window}` ends before it begins")) }
}

/// All faults of a box.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faults(Vec<Timed>);

/// What the faults amount to at one instant.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disturbance {
    /// Nothing is sent.
    pub silent: bool,
    /// The last frame is sent again.
    pub stuck: bool,
    /// Added to every stamp, seconds.
    pub clock_skew_s: f64,
    /// Added to every azimuth, degrees.
    pub azimuth_bias_deg: f64,
    /// Added to every range, metres.
    pub range_bias_m: f64,
    /// Multiplies every sigma of the true noise.
    pub noise: f64,
    /// Probability that a target it would have seen is missed.
    pub drop_out: f64,
    /// Multiplies the mean number of false alarms.
    pub clutter: f64,
    /// How many times each frame is sent.
    pub copies: u32,
    /// Probability that a byte is damaged.
    pub corrupt: f64,
    /// How often the box has restarted.
    pub restarts: u32,
}

impl Faults {
    /// Reads the flags' texts.
    ///
    /// # Errors
    /// The first text that is no fault.
    pub fn parse<T: AsRef<str>>(texts: &[T]) -> Result<Self, FaultError> {
        texts.iter().map(|text| text.as_ref().parse()).collect::<Result<_, _>>().map(Self)
    }

    /// What they amount to at world time `t_s`.
    #[must_use]
    pub fn at(&self, t_s: f64) -> Disturbance {
        let mut sum = Disturbance {
            silent: false,
            stuck: false,
            clock_skew_s: 0.0,
            azimuth_bias_deg: 0.0,
            range_bias_m: 0.0,
            noise: 1.0,
            drop_out: 0.0,
            clutter: 1.0,
            copies: 1,
            corrupt: 0.0,
            restarts: 0,
        };
        for timed in self.0.iter().filter(|timed| (timed.from_s..timed.until_s).contains(&t_s)) {
            match timed.fault {
                Fault::Silence => sum.silent = true,
                Fault::Stuck => sum.stuck = true,
                Fault::ClockSkew(s) => sum.clock_skew_s += s,
                Fault::BiasAzimuth(deg) => sum.azimuth_bias_deg += deg,
                Fault::BiasRange(m) => sum.range_bias_m += m,
                Fault::Noise(factor) => sum.noise *= factor,
                Fault::DropOut(p) => sum.drop_out = 1.0 - (1.0 - sum.drop_out) * (1.0 - p),
                Fault::Clutter(factor) => sum.clutter *= factor,
                Fault::Flood(times) => sum.copies = sum.copies.saturating_mul(times),
                Fault::Corrupt(p) => sum.corrupt = 1.0 - (1.0 - sum.corrupt) * (1.0 - p),
                Fault::Restart => {}
            }
        }
        let restarted = |timed: &&Timed| timed.fault == Fault::Restart && timed.from_s <= t_s;
        sum.restarts = u32::try_from(self.0.iter().filter(restarted).count()).unwrap_or(u32::MAX);
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        let forever = f64::INFINITY;
        for (text, fault, from_s, until_s) in [
            ("silence@35s", Fault::Silence, 35.0, forever),
            ("silence@35s..60s", Fault::Silence, 35.0, 60.0),
            ("stuck@5..6.5", Fault::Stuck, 5.0, 6.5),
            ("clock-skew=-1.5s", Fault::ClockSkew(-1.5), 0.0, forever),
            ("bias-azimuth=2deg", Fault::BiasAzimuth(2.0), 0.0, forever),
            ("bias-range=80m@10s", Fault::BiasRange(80.0), 10.0, forever),
            ("noise=x3", Fault::Noise(3.0), 0.0, forever),
            ("drop-out=0.5@3s", Fault::DropOut(0.5), 3.0, forever),
            ("clutter=x5", Fault::Clutter(5.0), 0.0, forever),
            ("flood=x100@1s..2s", Fault::Flood(100), 1.0, 2.0),
            ("corrupt=0.01", Fault::Corrupt(0.01), 0.0, forever),
            ("restart@30s", Fault::Restart, 30.0, forever),
        ] {
            assert_eq!(text.parse::<Timed>().unwrap(), Timed { fault, from_s, until_s }, "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_the_reason() {
        for (text, part) in [
            ("silense", "no fault is called"),
            ("noise", "needs a value"),
            ("noise=loud", "no number"),
            ("noise=NaN", "no number"),
            ("corrupt=2", "outside"),
            ("flood=x0", "outside"),
            ("stuck=3", "takes no value"),
            ("restart", "needs a time"),
            ("silence@60s..35s", "ends before"),
            ("silence@soon", "no time"),
            ("silence@-3s", "no time"),
        ] {
            let error = text.parse::<Timed>().unwrap_err().to_string();
            assert!(error.contains(part) && error.contains(text), "{text}: {error}");
        }
    }

    #[test]
    fn faults_combine_inside_their_windows() {
        let faults = Faults::parse(&[
            "noise=x2@10s..20s",
            "noise=x3",
            "silence@15s..16s",
            "restart@5s",
            "restart@12s",
            "bias-range=80m",
        ])
        .unwrap();
        let (early, middle, late) = (faults.at(1.0), faults.at(15.5), faults.at(30.0));
        assert_eq!(
            [early.noise, middle.noise, late.noise].map(f64::to_bits),
            [3.0, 6.0, 3.0].map(f64::to_bits)
        );
        assert_eq!([early.silent, middle.silent, late.silent], [false, true, false]);
        assert_eq!([early.restarts, middle.restarts, late.restarts], [0, 2, 2]);
        assert_eq!(middle.range_bias_m.to_bits(), 80.0f64.to_bits());
    }
}
