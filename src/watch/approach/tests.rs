//! When an approach is raised, said anew and over.

use super::*;

const SUBJECT: Subject = Subject { track: Some(TrackId(1)), rule: 0 };

/// P(crosses) and the median, every three seconds; what changes when.
fn changes(course: &[(f64, f64)]) -> Vec<(i64, &'static str)> {
    let asked = Asked {
        direction: Direction::Any,
        horizon: Span::from_secs(300),
        threshold: 0.5,
        hold: Span::from_secs(6),
    };
    let mut approaches = Approaches::new(true);
    let mut said = Vec::new();
    for (second, (probability, median_s)) in (0..).step_by(3).zip(course) {
        let foreseen = Foreseen {
            asked: *probability,
            within: [*probability; 3],
            median_s: *median_s,
            ..Foreseen::default()
        };
        let word = match approaches.judge(Timestamp::from_secs(second), SUBJECT, &foreseen, &asked) {
            Some(Change::Raise(since, _)) => {
                assert_eq!(since, Timestamp::from_secs(second - 6), "since it was likely");
                "raise"
            }
            Some(Change::Revise(_)) => "revise",
            Some(Change::Clear) => "clear",
            None => continue,
        };
        said.push((second, word));
    }
    said
}

#[test]
fn it_is_raised_once_held_and_over_once_unlikely_for_a_while() {
    let steady = |p: f64, looks: usize| std::iter::repeat_n((p, 200.0), looks);
    let course: Vec<_> = steady(0.6, 2)
        .chain(steady(0.4, 1))
        .chain(steady(0.6, 3))
        .chain(steady(0.3, 9))
        .chain(steady(0.2, 6))
        .collect();
    assert_eq!(
        changes(&course),
        [(15, "raise"), (60, "clear")],
        "between half the threshold and all of it nothing ends"
    );
}

#[test]
fn it_is_said_anew_when_half_the_time_is_gone_and_not_every_minute() {
    let course: Vec<(f64, f64)> = (0..60).map(|look| (0.9, 200.0 - 3.0 * f64::from(look))).collect();
    assert_eq!(changes(&course), [(6, "raise"), (105, "revise"), (165, "revise")]);
}

#[test]
fn what_has_crossed_is_near_no_more() {
    let asked =
        Asked { direction: Direction::Any, horizon: Span::from_secs(60), threshold: 0.5, hold: Span::ZERO };
    let mut approaches = Approaches::new(true);
    let foreseen = Foreseen { asked: 0.9, within: [0.9; 3], median_s: 30.0, ..Foreseen::default() };
    assert!(!approaches.crossed(SUBJECT));
    approaches.judge(Timestamp::from_secs(0), SUBJECT, &foreseen, &asked);
    assert!(approaches.crossed(SUBJECT), "it had been raised");
    assert_eq!(approaches.foreseen().count(), 0);
}
