//! Ten seeds of one world each: what one seed says by luck, ten do not.

use std::fmt::Write as _;

use super::golden::{compare, judge, verdict};
use super::run::{Run, scenario};
use super::score::{Reach, Score};
use super::sentences::{Scored, Sentence};

const SEEDS: u64 = 10;
/// Tracks have settled by then, seconds.
const SETTLED_S: i64 = 30;
const REACH: Reach = Reach { c_m: 100.0, nees_every_s: 5 };

/// Ten runs of one world.
struct Ten {
    name: &'static str,
    /// From the beginning, and once settled.
    whole: Vec<Score>,
    settled: Vec<Score>,
    nis: Vec<f64>,
}

impl Ten {
    fn of(name: &'static str) -> Self {
        let mut ten = Self { name, whole: Vec::new(), settled: Vec::new(), nis: Vec::new() };
        for seed in 1..=SEEDS {
            let mut world = scenario(name);
            world.seed = seed;
            let run = Scored::of(Run::of(world), REACH);
            ten.nis.extend(run.run.sensors.iter().filter_map(|row| row.nis_ratio));
            ten.settled.push(run.from(SETTLED_S));
            ten.whole.push(run.score);
        }
        ten
    }

    /// Mean of a figure over all NEES samples.
    fn pooled(&self, figure: fn(&Score) -> f64) -> f64 {
        let samples = self.settled.iter().map(|score| score.nees_samples).sum::<usize>();
        let sum: f64 = self.settled.iter().map(|score| figure(score) * score.nees_samples as f64).sum();
        sum / samples as f64
    }

    fn consistent(&self, least: f64, most: f64, above: f64) -> [Sentence; 3] {
        let nees = self.pooled(|score| score.nees_over_4);
        let share = self.pooled(|score| score.nees_above_99);
        let (low, high) = self.nis.iter().fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
        [
            Sentence::new("NEES/4 is as it must be", (least..=most).contains(&nees), {
                format!("{nees:.2}, from {least} to {most}")
            }),
            Sentence::new("NEES is rarely above its 99 % point", share <= above, {
                format!("{share:.3}, at most {above}")
            }),
            Sentence::new(
                "every sensor's NIS/dof is in 0.8 to 1.25",
                low >= 0.8 && high <= 1.25 && !self.nis.is_empty(),
                format!("{low:.2} to {high:.2}"),
            ),
        ]
    }

    fn judged(&self, sentences: &[Sentence]) {
        let mut text = format!("{}\n", scenario(self.name).name);
        for ((seed, settled), whole) in (1..).zip(&self.settled).zip(&self.whole) {
            let Score { gospa_mean, nees_over_4, switches, lasting_false, .. } = settled;
            let _ = writeln!(
                text,
                "seed {seed}: GOSPA {gospa_mean:.1} m, NEES/4 {nees_over_4:.2}, {switches} switches, \
                 {lasting_false} nobody's for 10 s, delay {:.1} s",
                whole.delay_s
            );
        }
        judge(self.name, sentences, &mut text);
        compare(self.name, &text);
        verdict(self.name, sentences);
    }
}

/// Truth that moves exactly as the filter's steady mode assumes: what the filter claims must then be true.
#[test]
fn model_matched() {
    let ten = Ten::of("model_matched");
    ten.judged(&ten.consistent(0.9, 1.1, 0.02));
}

/// Cars and walkers who turn, stop and go on among three radars, and a camera in the middle.
#[test]
fn crowd() {
    let ten = Ten::of("crowd");
    let sum = |figure: fn(&Score) -> f64| ten.whole.iter().map(figure).sum::<f64>();
    let (lasting, never) = (sum(|score| score.lasting_false as f64), sum(|score| score.never_tracked as f64));
    let completeness = sum(|score| score.completeness) / SEEDS as f64;
    let mut sentences = vec![
        Sentence::new("no track is nobody's for 10 s", lasting == 0.0, format!("{lasting} tracks")),
        Sentence::new("everybody is tracked", never == 0.0, format!("{never} never")),
        Sentence::new("completeness is 0.97 at least", completeness >= 0.97, format!("{completeness:.3}")),
    ];
    sentences.extend(ten.consistent(0.5, 1.5, 0.05));
    ten.judged(&sentences);
}
