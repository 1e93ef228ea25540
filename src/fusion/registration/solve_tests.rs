use super::*;
use crate::fusion::registration::residual::{Jacobian, MOST_REFERENCES, Reference, Residual, inverse};
use crate::sensor::SensorIndex;

/// Uniform deviates in (−1, 1): Knuth's MMIX generator, so that numpy can repeat them.
struct Deviates(u64);

impl Deviates {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1u64 << 53) as f64 * 2.0 - 1.0
    }
}

const SCALES: Row = [30.0, 0.017_453, 5.0, 5.0, 0.25];
const SITES: [[f64; 2]; 3] = [[-7_000.0, -4_000.0], [0.0, -6_500.0], [7_000.0, -4_000.0]];
/// Ranges 80 m long and azimuths 0.03 rad clockwise; the third's clock 0.3 s early.
const TRUTH: [Row; 3] = [[0.0; 5], [80.0, 0.03, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0, -0.3]];

fn jacobian(at: [f64; 2], site: [f64; 2], v: [f64; 2]) -> Jacobian {
    let d = [at[0] - site[0], at[1] - site[1]];
    let r = (d[0] * d[0] + d[1] * d[1]).sqrt();
    [[d[0] / r, d[1], 1.0, 0.0, -v[0]], [d[1] / r, -d[0], 0.0, 1.0, -v[1]]]
}

fn times(j: &Jacobian, b: &Row) -> [f64; 2] {
    std::array::from_fn(|row| j[row].iter().zip(b).map(|(j, b)| j * b).sum())
}

/// Sixty targets, each seen by all three sensors and compared with one other.
fn evidence() -> Evidence {
    let mut evidence = Evidence::new(vec![SCALES; 3]);
    let mut u = Deviates(1);
    for k in 0..60 {
        let at = [u.next() * 9_000.0, u.next() * 9_000.0];
        let v = [u.next() * 20.0, u.next() * 20.0];
        for s in 0..3 {
            let o = (s + 1 + k % 2) % 3;
            let (own_j, j) = (jacobian(at, SITES[s], v), jacobian(at, SITES[o], v));
            let (own, other) = (times(&own_j, &TRUTH[s]), times(&j, &TRUTH[o]));
            let nu = [own[0] - other[0] + u.next() * 40.0, own[1] - other[1] + u.next() * 40.0];
            let spread = [900.0 + 100.0 * u.next(), 50.0 * u.next(), 700.0 + 100.0 * u.next()];
            let sensor = SensorIndex(u16::try_from(o).unwrap());
            let mut references = [None; MOST_REFERENCES];
            references[0] = Some(Reference { sensor, weight: 1.0, r: [0.0; 3], j, nu });
            let residual = Residual {
                rows: 2,
                nu,
                own_r: spread,
                extra: [0.0; 3],
                own_j,
                references,
                directions: [[1.0, 0.0], [0.0, 1.0]],
                velocity: v,
            };
            let w = inverse(spread, 2).unwrap().map(|w| 0.5 * w);
            evidence.add(SensorIndex(u16::try_from(s).unwrap()), &residual, w, |reference| reference.nu);
        }
    }
    evidence
}

fn assert_near(got: &[Row], want: &[Row; 3], within: f64) {
    for (s, (got, want)) in got.iter().zip(want).enumerate() {
        for axis in 0..AXES {
            let off = (got[axis] - want[axis]).abs() / SCALES[axis];
            assert!(off < within, "sensor {s} axis {axis}: {} is not {}", got[axis], want[axis]);
        }
    }
}

/// numpy.linalg.lstsq on the 360 weighted rows and 15 prior rows.
const LEAST_SQUARES: [Row; 3] = [
    [-4.421_069_1, -0.000_112_997_678, 3.079_450_64, -0.802_735_694, 0.020_603_163_9],
    [75.882_371_2, 0.030_181_364_8, -2.331_287_33, 0.420_429_67, 0.048_144_068_8],
    [-1.617_757, -8.829_566_63e-6, -0.748_163_315, 0.382_306_024, -0.068_747_232_8],
];

#[test]
fn the_solution_is_that_of_dense_least_squares() {
    let evidence = evidence();
    let first = solve(&evidence, &Solution::prior(&evidence.scales)).unwrap();
    assert_near(&first.value, &LEAST_SQUARES, 1e-7);
    // Roots of the diagonal of numpy.linalg.inv.
    let sigma: Vec<Row> = first.variance.iter().map(|row| row.map(f64::sqrt)).collect();
    let expected = [
        [5.046_831_41, 0.000_664_782_905, 4.169_991_52, 4.703_936_34, 0.189_196_69],
        [5.277_491_84, 0.000_725_651_532, 3.993_120_55, 3.830_703_86, 0.189_186_503],
        [5.610_712_93, 0.000_642_420_242, 4.145_818_06, 4.698_451_01, 0.189_109_686],
    ];
    assert_near(&sigma, &expected, 1e-7);
    // With the prior reweighted by what was found, the one sensor that is off takes more of the blame.
    let second = solve(&evidence, &first).unwrap();
    let expected = [
        [-3.772_241_35, -0.000_110_625_159, 3.277_316_09, -0.444_061_548, 0.020_452_320_9],
        [77.735_715_9, 0.030_235_331_7, -2.422_369_29, 0.067_584_948_3, 0.049_053_218_8],
        [-0.861_607_875, 4.391_131_73e-5, -0.394_888_69, 0.367_931_393, -0.072_726_306_8],
    ];
    assert_near(&second.value, &expected, 1e-7);
}

#[test]
fn iteration_gives_what_factoring_gives() {
    let evidence = evidence();
    let before = Solution::prior(&evidence.scales);
    let mut solved = before.clone();
    iterated(&System::new(&evidence, &before.value), &before, &mut solved);
    assert_near(&solved.value, &LEAST_SQUARES, 1e-6);
    let exact = solve(&evidence, &before).unwrap();
    for (got, want) in solved.variance.iter().flatten().zip(exact.variance.iter().flatten()) {
        assert!((0.3..1.3).contains(&(got / want)), "{got} {want}");
    }
}

#[test]
fn what_nobody_overlaps_stays_unknown() {
    let mut evidence = evidence();
    evidence.drop_sensor(SensorIndex(2));
    let solved = solve(&evidence, &Solution::prior(&evidence.scales)).unwrap();
    assert!(solved.value[2].iter().all(|v| *v == 0.0));
    assert!(solved.variance[2].iter().zip(SCALES).all(|(v, s)| (v / (s * s) - 1.0).abs() < 1e-12));
    assert!((solved.value[1][0] - 80.0).abs() < 25.0, "{solved:?}");
}
