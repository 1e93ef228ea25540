use proptest::prelude::*;

use super::*;

/// Every joint assignment of a component: (weight, choice per track).
fn enumerate(weights: &[Vec<f64>]) -> Vec<(f64, Vec<Option<usize>>)> {
    let mut all = vec![(1.0, Vec::new())];
    for row in weights {
        let mut next = Vec::new();
        for (weight, choice) in &all {
            let with = |pick: Option<usize>, w: f64| {
                let mut choice: Vec<Option<usize>> = choice.clone();
                choice.push(pick);
                (weight * w, choice)
            };
            next.push(with(None, 1.0));
            for (column, w) in row.iter().enumerate() {
                if *w > 0.0 && !choice.contains(&Some(column)) {
                    next.push(with(Some(column), *w));
                }
            }
        }
        all = next;
    }
    all
}

fn pairs_of(weights: &[Vec<f64>]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    for (t, row) in (0u32..).zip(weights) {
        for (d, w) in (0u32..).zip(row) {
            if *w > 0.0 {
                pairs.push(Pair::new(t, d, *w, 0.0));
            }
        }
    }
    pairs
}

proptest! {
    #[test]
    fn the_best_assignment_is_that_of_brute_force(
        weights in (1..5_usize, 1..5_usize).prop_flat_map(|(rows, columns)| {
            proptest::collection::vec(
                proptest::collection::vec(prop_oneof![1 => Just(0.0), 3 => 0.01..50.0_f64], columns),
                rows,
            )
        })
    ) {
        let mut pairs = pairs_of(&weights);
        Associator::default().solve(&mut pairs, weights.len(), weights[0].len());
        let chosen: f64 = pairs.iter().filter(|p| p.chosen).map(|p| libm::log(p.weight)).sum();
        let best = enumerate(&weights).into_iter().map(|(w, _)| libm::log(w)).fold(0.0, f64::max);
        prop_assert!((chosen - best).abs() < 1e-9, "{chosen} {best}");
        for p in pairs.iter().filter(|p| p.chosen) {
            let rivals = pairs.iter().filter(|q| q.chosen && (q.track == p.track || q.detection == p.detection));
            prop_assert_eq!(rivals.count(), 1);
        }
    }
}

#[test]
fn marginals_are_exact_for_one_track_and_two_and_near_for_more() {
    // One track, two detections: P = w / (1 + Σw), by hand.
    let weights = vec![vec![3.0, 1.0]];
    let mut pairs = pairs_of(&weights);
    Associator::default().solve(&mut pairs, 1, 2);
    assert!((pairs[0].probability - 0.6).abs() < 1e-9 && (pairs[1].probability - 0.2).abs() < 1e-9);
    // Against enumeration: exact for two tracks; for three, loopy belief propagation is close.
    let two = vec![vec![8.0, 2.0, 0.0], vec![3.0, 6.0, 1.5]];
    let mut three = two.clone();
    three.push(vec![0.0, 4.0, 2.5]);
    for (weights, within) in [(two, 1e-12), (three, 0.05)] {
        near_enumeration(&weights, within);
    }
}

fn near_enumeration(weights: &[Vec<f64>], within: f64) {
    let mut pairs = pairs_of(weights);
    Associator::default().solve(&mut pairs, weights.len(), weights[0].len());
    let all = enumerate(weights);
    let total: f64 = all.iter().map(|(w, _)| w).sum();
    for pair in &pairs {
        let exact: f64 = all
            .iter()
            .filter(|(_, choice)| choice[pair.track as usize] == Some(pair.detection as usize))
            .map(|(w, _)| w)
            .sum::<f64>()
            / total;
        assert!((pair.probability - exact).abs() < within, "{pair:?} {exact}");
    }
}

#[test]
fn two_tracks_on_one_detection_share_it() {
    let weights = vec![vec![9.0], vec![9.0]];
    let mut pairs = pairs_of(&weights);
    Associator::default().solve(&mut pairs, 2, 1);
    // Exact: 9 / (1 + 9 + 9).
    assert!(pairs.iter().all(|pair| (pair.probability - 9.0 / 19.0).abs() < 1e-6));
    assert_eq!(pairs.iter().filter(|pair| pair.chosen).count(), 1);
}

#[test]
fn a_crowd_too_large_for_the_exact_method_is_still_assigned_one_to_one() {
    let size = MOST_EXACT + 20;
    let mut pairs: Vec<Pair> = Vec::new();
    for t in 0..u32::try_from(size).unwrap() {
        pairs.push(Pair::new(t, t, 150.0, 0.0));
        pairs.push(Pair::new(t, (t + 1) % u32::try_from(size).unwrap(), 2.7, 0.0));
    }
    Associator::default().solve(&mut pairs, size, size);
    assert_eq!(pairs.iter().filter(|p| p.chosen && p.track == p.detection).count(), size);
    assert_eq!(pairs.iter().filter(|p| p.chosen).count(), size);
}
