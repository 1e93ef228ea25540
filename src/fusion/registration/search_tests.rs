use super::*;

const SITE: [f64; 2] = [0.0, -6_500.0];

struct Deviates(u64);

impl Deviates {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64 * 2.0 - 1.0
    }
}

fn track(x: [f64; 4]) -> Gaussian {
    Gaussian { x, pp: [200.0, 0.0, 200.0], pv: [0.0; 4], vv: [4.0, 0.0, 4.0] }
}

fn field(u: &mut Deviates, count: usize) -> Vec<[f64; 4]> {
    (0..count).map(|_| [u.next() * 9_000.0, u.next() * 9_000.0, u.next() * 15.0, u.next() * 15.0]).collect()
}

/// As a sensor at [`SITE`] shows it that turns clockwise by `azimuth_rad`, measures `range_m` long and stamps late.
fn shown(x: [f64; 4], range_m: f64, azimuth_rad: f64, clock_s: f64, u: &mut Deviates) -> [f64; 4] {
    let d = [x[0] - clock_s * x[2] - SITE[0], x[1] - clock_s * x[3] - SITE[1]];
    let r = (d[0] * d[0] + d[1] * d[1]).sqrt() + range_m;
    let (sin, cos) = libm::sincos(libm::atan2(d[0], d[1]) + azimuth_rad);
    [SITE[0] + r * sin + u.next() * 15.0, SITE[1] + r * cos + u.next() * 15.0, x[2], x[3]]
}

fn search(truth: &[[f64; 4]], lonely: Vec<[f64; 4]>) -> Option<Peak> {
    let mut search = Search {
        lonely: lonely.into_iter().map(track).collect(),
        others: truth.iter().copied().map(track).collect(),
        ..Search::default()
    };
    search.peak(SITE, true)
}

#[test]
fn a_turned_and_stretched_picture_is_recognised() {
    for count in [6, 40, 300] {
        let mut u = Deviates(7);
        let truth = field(&mut u, count);
        let lonely = truth.iter().map(|x| shown(*x, -60.0, 0.0349, 0.0, &mut u)).collect();
        let peak = search(&truth, lonely).expect("they all agree");
        assert_eq!(peak.shape, Shape::Polar);
        assert!((peak.offset[0] + 60.0).abs() < 15.0, "{count}: {peak:?}");
        assert!((peak.offset[1] - 0.0349).abs() < 0.003, "{count}: {peak:?}");
        assert!(peak.clock_s.abs() < 1e-9);
    }
}

#[test]
fn a_sensor_in_the_wrong_place_and_a_late_clock_are_recognised() {
    let mut u = Deviates(9);
    let truth = field(&mut u, 40);
    let lonely = truth.iter().map(|x| [x[0] + 310.0, x[1] - 140.0, x[2], x[3]]).collect();
    let peak = search(&truth, lonely).expect("they all agree");
    assert_eq!(peak.shape, Shape::Plane);
    assert!((peak.offset[0] - 310.0).abs() < 10.0 && (peak.offset[1] + 140.0).abs() < 10.0, "{peak:?}");
    let quick: Vec<[f64; 4]> = truth.iter().map(|x| [x[0], x[1], 20.0 * x[2], 20.0 * x[3]]).collect();
    let lonely = quick.iter().map(|x| shown(*x, 0.0, 0.0, 2.0, &mut u)).collect();
    let peak = search(&quick, lonely).expect("they all agree");
    assert!((peak.clock_s - 2.0).abs() < 1e-9, "{peak:?}");
}

#[test]
fn strangers_are_no_bias() {
    for seed in 0..40 {
        let mut u = Deviates(seed);
        let (truth, strangers) = (field(&mut u, 300), field(&mut u, 60));
        let sure = search(&truth, strangers).filter(|peak| peak.searches_needed() == SEARCHES_IF_SURE);
        assert_eq!(sure, None, "seed {seed}");
    }
}

/// Decoys: one convoy beside another repeats one offset, and a false heap of two lies nearer than the true one.
#[test]
fn a_convoy_beside_another_is_no_bias_and_decoys_do_not_pull() {
    let convoy: Vec<[f64; 4]> = (0..5).map(|k| [80.0 * f64::from(k), 2_000.0, 10.0, 0.0]).collect();
    let mut u = Deviates(3);
    let mut truth = field(&mut u, 20);
    truth.extend(&convoy);
    let beside: Vec<[f64; 4]> = convoy.iter().map(|x| [x[0], x[1] + 150.0, x[2], x[3]]).collect();
    assert_eq!(search(&truth, beside.clone()), None, "one place is no evidence");
    let mut lonely: Vec<[f64; 4]> = truth[..20].iter().map(|x| shown(*x, 0.0, -0.04, 0.0, &mut u)).collect();
    lonely.extend(beside);
    let peak = search(&truth, lonely).expect("twenty against one convoy");
    assert!((peak.offset[1] + 0.04).abs() < 0.003 && peak.offset[0].abs() < 15.0, "{peak:?}");
}

#[test]
fn chance_is_counted_as_scipy_counts_it() {
    // scipy.stats.poisson.sf(k − 1, mean); the bound is at most a few per cent above.
    for (k, mean, exact) in [(3, 0.01, 1.654_217e-7), (10, 2.0, 4.649_808e-5), (40, 15.0, 6.489_049e-8)] {
        let got = poisson_tail(k, mean);
        assert!(got >= exact * 0.999 && got < exact * 1.2, "{k} {mean}: {got}");
    }
}
