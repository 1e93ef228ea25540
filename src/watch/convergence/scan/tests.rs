use super::*;

const GROUND: Ground = Ground { low: [0.0, 0.0], side_m: 1000.0, columns: 16, rows: 16 };
const PER_MIN: f64 = 0.05;

/// Somebody who drives in from far away and stays: in the log of one scan.
struct World {
    scan: Scan,
    chance: Chance,
    tracks: Vec<(TrackId, Point, i64)>,
    next: u64,
}

impl World {
    fn new(seed: i64) -> Self {
        Self { scan: Scan::default(), chance: Chance::new(seed), tracks: Vec::new(), next: 0 }
    }

    fn comes(&mut self, minute: i64, to: Point) {
        self.tracks.push((TrackId(self.next), to, minute));
        self.next += 1;
    }

    /// A minute: some come to stay anywhere for half an hour, and `more` near one place.
    fn minute(&mut self, minute: i64, more: u32, learned: bool) -> Option<Window> {
        let mut comers = self.chance.poisson(PER_MIN * 16.0);
        while comers > 0.5 {
            comers -= 1.0;
            let to = [16_000.0 * self.chance.uniform(), 16_000.0 * self.chance.uniform()];
            self.comes(minute, to);
        }
        for _ in 0..more {
            let to = [5_100.0 + 800.0 * self.chance.uniform(), 7_100.0 + 800.0 * self.chance.uniform()];
            self.comes(minute, to);
        }
        self.tracks.retain(|(_, _, came)| minute - came < 30);
        let at = |(track, to, came): &(TrackId, Point, i64)| {
            (*track, if *came == minute { [to[0] - 3_000.0, to[1]] } else { *to })
        };
        let places: Vec<(TrackId, Point)> = self.tracks.iter().map(at).collect();
        if learned {
            self.scan.minutes = self.scan.minutes.max(LEARNED_MIN);
        }
        self.scan.minute(Timestamp::from_secs(60 * minute), &GROUND, &places, false)
    }
}

#[test]
fn the_tail_is_a_gumbel_and_draws_are_poisson() {
    let maxima: Vec<f64> =
        (1..2000).map(|n| 3.0 - 2.0 * libm::log(-libm::log(f64::from(n) / 2000.0))).collect();
    let found = Gumbel::of(&maxima);
    assert!((found.at - 3.0).abs() < 0.05 && (found.scale - 2.0).abs() < 0.05, "{found:?}");
    assert!((found.above(3.0) - 0.632).abs() < 0.01 && (found.above(23.0) / 4.5e-5 - 1.0).abs() < 0.3);
    let mut chance = Chance::new(1);
    for mean in [0.3, 4.0, 80.0] {
        let draws: Vec<f64> = (0..20_000).map(|_| chance.poisson(mean)).collect();
        let found = draws.iter().sum::<f64>() / 20_000.0;
        let variance = draws.iter().map(|x| (x - found) * (x - found)).sum::<f64>() / 20_000.0;
        assert!(
            (found / mean - 1.0).abs() < 0.03 && (variance / mean - 1.0).abs() < 0.05,
            "{mean}: {found} {variance}"
        );
    }
}

#[test]
fn the_statistic_is_kulldorffs_and_finds_its_block() {
    let means = vec![0.01; 256];
    let mut spans = SPANS.map(|_| vec![0.0; 256]);
    spans[1][7 * 16 + 5] = 4.0;
    spans[1][7 * 16 + 6] = 3.0;
    let (statistic, window) = largest(&GROUND, &spans, &means).unwrap();
    // By hand: 7 in the 2 × 2 block in 15 min of which 0.6 are usual: 7 ln(7/0.6) − 6.4 = 10.797.
    assert!((statistic - 10.797).abs() < 0.01 && window.minutes == 15, "{statistic} {window:?}");
    assert!((window.came - 7.0).abs() < 1e-9 && window.high[0] - window.low[0] < 2_001.0);
    assert!(window.low[0] <= 5_000.0 && window.high[0] >= 7_000.0 && window.low[1] <= 7_000.0);
}

#[test]
fn a_gathering_is_found_and_quiet_days_are_not() {
    let mut world = World::new(3);
    let days = 3 * 1440;
    for minute in 0..days {
        world.minute(minute, 0, false);
    }
    let mut least = 1.0_f64;
    for minute in days..days + 600 {
        least = least.min(world.minute(minute, 0, true).map_or(1.0, |window| window.p));
    }
    // Ten hours of scans that overlap: a handful of independent ones.
    assert!(least > 1e-4, "{least}");
    let mut first = None;
    for minute in days + 600..days + 630 {
        let found = world.minute(minute, 1, true);
        if first.is_none() && found.is_some_and(|window| window.p < 1e-5) {
            first = Some((minute - days - 600, found));
        }
    }
    let Some((after, Some(window))) = first else { panic!("never found") };
    assert!((3..=20).contains(&after), "{after} {window:?}");
    assert!(window.low[0] <= 5_900.0 && window.high[0] >= 5_100.0 && window.low[1] <= 7_900.0, "{window:?}");
}

#[test]
fn the_same_hour_gives_the_same_tail() {
    assert_eq!(fit(&GROUND, &[0.01; 256], 5), fit(&GROUND, &[0.01; 256], 5));
    assert_ne!(fit(&GROUND, &[0.01; 256], 5), fit(&GROUND, &[0.01; 256], 6));
}

#[test]
fn ground_has_its_bound() {
    let ground = Ground::new([[0.0, 0.0], [200_000.0, 10_000.0]], 1_000.0);
    assert!(ground.cells() <= 1_300 && ground.side_m > 1_000.0, "{ground:?}");
    assert_eq!(ground.cell([-1.0, 5.0]), None);
    assert!(Ground::new([[0.0, 0.0], [1.0, 1.0]], 1_000.0).cells() == 1);
}

#[test]
fn who_was_first_seen_standing_has_not_come() {
    let (mut stays, at) = (Stays::default(), |minute: i64| Timestamp::from_secs(60 * minute));
    let mut came = Vec::new();
    for minute in 0..10 {
        let drives = [1_000.0 * minute.min(4) as f64, 0.0];
        let tracks = [(TrackId(1), [5.0, 5.0]), (TrackId(2), drives)];
        came.extend(
            stays.minute(at(minute), &tracks, 1_000.0, minute == 0).into_iter().map(|at| (minute, at)),
        );
    }
    assert_eq!(came, [(6, [4_000.0, 0.0])], "the one that drove, once, two minutes after it stopped");
}
