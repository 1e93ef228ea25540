//! Nothing that a tracker could say makes watch panic or say what is no number.

use proptest::prelude::*;

use super::*;
use crate::geo::Geodetic;
use crate::watch::agreement::{Direction, Line, RuleKind, Zone};

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        8 => -2000.0..2000.0f64,
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(1e-300), Just(f64::MAX), Just(f64::MIN)],
        1 => prop_oneof![Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(1e9)],
    ]
}

fn shape() -> impl Strategy<Value = Vec<Geodetic>> {
    let place = (-500.0..500.0f64, -500.0..500.0f64);
    prop::collection::vec(place, 0..6).prop_map(|places| {
        // Whole hundreds of metres: coincident and collinear vertices are common.
        let snap = |x: f64| libm::round(x / 200.0) * 200.0;
        places.into_iter().map(|(e, n)| testing::geodetic(snap(e), snap(n))).collect()
    })
}

fn rules() -> Vec<Rule> {
    vec![
        testing::crossing(Direction::Any),
        testing::rule("keep-out", RuleKind::Presence { zone: 0 }),
        testing::rule("few", RuleKind::Ceiling { zone: 0, limit: 1, horizon: None }),
        // Indices that lead nowhere.
        testing::rule("none", RuleKind::Crossing { line: 9, direction: Direction::Any }),
        testing::rule("nowhere", RuleKind::Ceiling { zone: 9, limit: 0, horizon: None }),
    ]
}

proptest! {
    #[test]
    fn any_shape_any_state(
        vertices in shape(),
        polygon in shape(),
        states in prop::collection::vec((0..3u64, prop::array::uniform4(number()), prop::array::uniform3(number()), 0..3u16), 1..40),
    ) {
        let mut agreement = testing::agreement(rules());
        agreement.lines[0] = Line { vertices, ..agreement.lines[0].clone() };
        agreement.zones[0] = Zone { polygon, ..agreement.zones[0].clone() };
        let mut scene = Scene::of(&agreement);
        for (step, (id, mean, cov, sensor)) in (0i64..).zip(states) {
            let now = Timestamp::from_secs(step);
            let fed = testing::fed_by(&[sensor], now);
            let mut view = testing::view(id, step as f64, mean, 3.0, &fed);
            view.estimate.covariance[0][0] = cov[0];
            view.estimate.covariance[0][1] = cov[1];
            view.estimate.covariance[1][1] = cov[2];
            scene.watch.observe(now, &view, &NoPaths, &mut scene.said);
            scene.watch.tick(now, std::iter::once(view), &NoPaths, &mut scene.said);
        }
        for notice in &scene.said {
            let numbers = [notice.confidence, notice.position.lat, notice.position.lon, notice.position.east_m];
            prop_assert!(numbers.iter().chain(&notice.position.cov_m2).all(|x| x.is_finite()), "{notice:?}");
            prop_assert!((0.0..=1.0).contains(&notice.confidence));
        }
    }
}
