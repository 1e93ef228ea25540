//! Run lengths against others' numbers and against counting.

use super::super::chain::*;
use super::chance::{Chance, Counts};

fn length(law: Law, k_tenths: usize, h: f64) -> f64 {
    let mut chain = RunLengths::new(law, k_tenths);
    loop {
        let found = chain.raise();
        if chain.threshold() >= h {
            return found;
        }
    }
}

fn poisson(mean: f64) -> Law {
    Law { mean, dispersion: 1.0 }
}

#[test]
fn run_lengths_are_those_others_give() {
    // By numpy.linalg.solve of the whole chain over tenths with scipy.stats.poisson and nbinom; 2,424.9 is the design's
    // own figure; 37.2 and 5.49 are the documented output of `arl(h=6, k=2, lambda=1.88)` without and with a shift of
    // 0.9627 standard deviations in R's IAcsSPCR 1.2.1, which follows Lucas (1985).
    let overdispersed = Law { mean: 4.0, dispersion: 2.0 };
    for (law, k_tenths, h, expected) in [
        (poisson(4.0), 50, 13.5, 2_424.868_888_373),
        (poisson(1.88), 20, 6.0, 37.203_254_174),
        (poisson(1.88 + 0.9627 * 1.88_f64.sqrt()), 20, 6.0, 5.491_425_945),
        (poisson(4.0), 58, 14.0, 95_005.807_824_6),
        (poisson(8.0), 58, 14.0, 7.145_690_785),
        (overdispersed, 58, 20.0, 3_253.731_620_4),
        (poisson(0.3), 4, 3.7, 143.171_280_223),
    ] {
        let found = length(law, k_tenths, h);
        assert!((found / expected - 1.0).abs() < 1e-8, "{law:?} {k_tenths} {h}: {found}");
    }
}

#[test]
fn a_plan_lasts_as_long_as_wanted_and_a_fifth_longer_at_most() {
    for mean in [0.05, 0.1, 0.3, 1.0, 1.44, 2.0, 4.0, 7.2, 20.0, 100.0, 700.0] {
        for ratio in [1.3, 1.5, 2.0, 3.0] {
            for wanted in [288.0, 2_016.0, 40_320.0] {
                let found = plan(&[(poisson(mean), 1.0)], ratio, wanted);
                let over = found.run_length / wanted;
                // Where one bin tells the two apart, it alarms or not by one whole count, and nothing is in between.
                let one_bin = found.k - mean > 2.0 * mean.sqrt() && over >= 1.0;
                assert!((1.0..=1.2).contains(&over) || one_bin, "{mean} × {ratio}, {wanted}: {found:?}");
                let few = mean * (ratio - 1.0) < 0.2;
                assert!(found.k > mean && (found.k < mean * ratio || few), "{mean} × {ratio}: {found:?}");
            }
        }
    }
}

#[test]
fn whole_and_half_reference_values_are_passed_over() {
    // 4/ln 2 · 0.866 = 4.998: 5.0 is nearest, and S would move in whole steps.
    assert_eq!(references(poisson(4.0 * 0.866_2), 2.0)[0], 49);
    assert_eq!(references(poisson(4.0), 2.0)[0], 58);
    // Twice the variance: half the logarithm of a step, so that half steps will do, and tenths are dear.
    assert_eq!(references(Law { mean: 5.5 * std::f64::consts::LN_2, dispersion: 2.0 }, 2.0)[0], 55);
    assert_eq!(references(Law { mean: 4.0 * 0.866_2, dispersion: 2.0 }, 2.0)[0], 48);
    assert_ne!(references(poisson(5.5 * std::f64::consts::LN_2), 2.0)[0], 55);
}

#[test]
fn who_is_unsure_of_the_usual_waits_for_more() {
    let sure = plan(&[(poisson(4.0), 1.0)], 2.0, 40_320.0);
    let unsure = plan(&[(poisson(4.0), 0.6), (poisson(4.6), 0.2), (poisson(3.5), 0.2)], 2.0, 40_320.0);
    let clumped = plan(&[(Law { mean: 4.0, dispersion: 2.0 }, 1.0)], 2.0, 40_320.0);
    assert!(
        (sure.k - 5.8).abs() < 1e-12 && sure.h < unsure.h && unsure.h < clumped.h,
        "{sure:?} {unsure:?} {clumped:?}"
    );
    // Weighed by how often it alarms, not by how long it runs: the busiest law decides.
    let rates = 0.6 / length(poisson(4.0), 58, unsure.h)
        + 0.2 / length(poisson(4.6), 58, unsure.h)
        + 0.2 / length(poisson(3.5), 58, unsure.h);
    assert!((rates * unsure.run_length - 1.0).abs() < 1e-9);
}

#[test]
fn a_threshold_has_its_bound() {
    let found = plan(&[(Law { mean: 50.0, dispersion: 400.0 }, 1.0)], 1.05, 1e12);
    assert!(found.h <= 1_500.0 && found.run_length.is_finite() && found.run_length > 0.0, "{found:?}");
}

/// Mean number of bins until S ≥ h, counted.
fn counted(runs: u32, law: Law, k: f64, h: f64) -> f64 {
    let (mut chance, counts) = (Chance::new(1), Counts::of(law));
    let mut bins = 0_u64;
    for _ in 0..runs {
        let mut s: f64 = 0.0;
        while s < h - 1e-9 {
            s = (s + f64::from(counts.draw(&mut chance)) - k).max(0.0);
            bins += 1;
        }
    }
    bins as f64 / f64::from(runs)
}

/// In short; the next one is the figure.
#[test]
fn counting_bins_agrees() {
    let found = counted(4_000, poisson(4.0), 5.0, 13.5);
    assert!((found / 2_424.87 - 1.0).abs() < 0.05, "{found}");
}

#[test]
#[ignore = "minutes; `tests/long surge` runs it"]
fn counting_100_000_runs_agrees_within_two_in_a_hundred() {
    let overdispersed = Law { mean: 4.0, dispersion: 2.0 };
    for (law, k_tenths, h) in
        [(poisson(4.0), 50, 13.5), (poisson(0.3), 4, 3.7), (poisson(4.0), 58, 9.0), (overdispersed, 58, 20.0)]
    {
        let expected = length(law, k_tenths, h);
        let found = counted(100_000, law, k_tenths as f64 / 10.0, h);
        let off = found / expected - 1.0;
        println!(
            "{law:?} k {} h {h}: chain {expected:.1}, counted {found:.1}, {:+.2} %",
            k_tenths as f64 / 10.0,
            100.0 * off
        );
        assert!(off.abs() < 0.02, "{law:?}: {found} {expected}");
    }
}
