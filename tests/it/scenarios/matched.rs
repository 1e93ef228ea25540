//! Ten seeds of targets that move exactly as the filter's steady mode assumes: what it claims must then be true.

use std::fmt::Write as _;

use super::golden::{compare, judge, verdict};
use super::run::{Run, scenario};
use super::score::Reach;
use super::sentences::{Scored, Sentence};

const SEEDS: u64 = 10;
/// Tracks have settled by then, seconds.
const SETTLED_S: i64 = 30;
const REACH: Reach = Reach { c_m: 100.0, nees_every_s: 5 };
const NAME: &str = "model_matched";

#[test]
fn model_matched_truth_is_where_the_tracks_say() {
    let mut text = format!("{}\n", scenario(NAME).name);
    let (mut sum, mut samples, mut above) = (0.0, 0, 0.0);
    let mut nis: Vec<f64> = Vec::new();
    for seed in 1..=SEEDS {
        let mut world = scenario(NAME);
        world.seed = seed;
        let run = Scored::of(Run::of(world), REACH);
        let settled = run.from(SETTLED_S);
        let n = settled.nees_samples as f64;
        (sum, samples, above) = (
            sum + settled.nees_over_4 * n,
            samples + settled.nees_samples,
            above + settled.nees_above_99 * n,
        );
        let ratios: Vec<f64> = run.run.sensors.iter().filter_map(|row| row.nis_ratio).collect();
        let _ = writeln!(
            text,
            "seed {seed}: NEES/4 {:.2}, GOSPA {:.1} m",
            settled.nees_over_4, settled.gospa_mean
        );
        nis.extend(ratios);
    }
    let (nees, above) = (sum / samples as f64, above / samples as f64);
    let (least, most) = nis.iter().fold((f64::MAX, f64::MIN), |(a, b), x| (a.min(*x), b.max(*x)));
    let sentences = [
        Sentence::new(
            "NEES/4 is in 0.9 to 1.1",
            (0.9..=1.1).contains(&nees),
            format!("{nees:.2} of {samples}"),
        ),
        Sentence::new("one in fifty lies above the 99 % point at most", above <= 0.02, format!("{above:.3}")),
        Sentence::new(
            "every sensor's NIS/dof is in 0.8 to 1.25",
            least >= 0.8 && most <= 1.25 && !nis.is_empty(),
            format!("{least:.2} to {most:.2}"),
        ),
    ];
    judge(NAME, &sentences, &mut text);
    compare(NAME, &text);
    verdict(NAME, &sentences);
}
