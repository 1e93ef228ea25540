use super::*;

/// A line along the north of everything.
fn field() -> Field {
    Field::new(vec![vec![[-10_000.0, 0.0], [10_000.0, 0.0]]], 5, 500.0)
}

/// So many in a column, heading north from a place at a speed.
fn column(number: u64, from: Point, velocity: Point, second: i64) -> Vec<Mark> {
    let at = second as f64;
    let mark = |place: u64| Mark {
        track: TrackId(place),
        at: [from[0] + velocity[0] * at, from[1] + velocity[1] * at - 60.0 * place as f64],
        velocity: [velocity[0] + 0.1 * (place % 3) as f64, velocity[1]],
        weight: 1.0,
    };
    (0..number).map(mark).collect()
}

fn said(seconds: i64, marks: impl Fn(i64) -> Vec<Mark>, free: bool) -> Vec<(i64, Change)> {
    let (mut rule, field) = (Convergence::default(), field());
    let mut changes = Vec::new();
    for second in (0..seconds).step_by(10) {
        let now = Timestamp::from_secs(second);
        let found = rule.look(now, &field, &marks(second), 1.0, |_| free);
        changes.extend(found.into_iter().map(|change| (second, change)));
    }
    changes
}

#[test]
fn a_column_that_heads_for_the_line_is_raised_once_and_over_when_it_turns() {
    let north = |second: i64| column(6, [0.0, -6_000.0], [0.0, 8.0], second);
    let turns = |second: i64| match second {
        0..200 => north(second),
        _ => column(6, [0.0, -4_400.0], [9.0, 0.0], second - 200),
    };
    let found = said(600, turns, true);
    let [(20, Change::Raise(group, reason)), (250, Change::Clear(0))] = &found[..] else {
        panic!("{found:?}")
    };
    assert!(group.members.len() == 6 && reason.heads > 0.9 && reason.gathers.is_none());
}

#[test]
fn what_stands_drives_away_is_few_or_inside_a_zone_is_not() {
    let quiet =
        |number, velocity| said(300, |second| column(number, [0.0, -4_000.0], velocity, second), true);
    assert_eq!(quiet(6, [0.0, 0.0]), []);
    assert_eq!(quiet(6, [0.0, -8.0]), []);
    assert_eq!(quiet(4, [0.0, 8.0]), []);
    assert_eq!(said(300, |second| column(6, [0.0, -4_000.0], [0.0, 8.0], second), false), []);
}

#[test]
fn more_is_said_anew_and_who_is_gone_is_over() {
    let grows = |second: i64| match second {
        0..100 => column(6, [0.0, -6_000.0], [0.0, 5.0], second),
        100..300 => column(10, [0.0, -6_000.0], [0.0, 5.0], second),
        _ => Vec::new(),
    };
    let found = said(400, grows, true);
    let words: Vec<(i64, &str)> = found
        .iter()
        .map(|(second, change)| match change {
            Change::Raise(..) => (*second, "raised"),
            Change::Revise(group, _) if group.members.len() == 10 => (*second, "ten"),
            Change::Revise(..) => (*second, "revised"),
            Change::Clear(_) => (*second, "over"),
        })
        .collect();
    assert_eq!(words, [(20, "raised"), (100, "ten"), (350, "over")]);
}

#[test]
fn more_than_usual_near_the_line_is_a_gathering_and_far_from_it_is_none() {
    for (north_m, near) in [(-3_000.0, true), (-5_900.0, false)] {
        let (mut rule, field) = (Convergence::default(), field());
        let mut raised = 0;
        for second in (0..8 * 86_400 + 3_600).step_by(10) {
            // Nobody for a week; then one after the other comes from far away and stays.
            let came = (second - 8 * 86_400).max(0) / 120;
            let mark = |place: i64| {
                let arrived = second - 8 * 86_400 - 120 * (place + 1) > 60;
                let track = TrackId(place.cast_unsigned());
                let at = [50.0 * place as f64 - if arrived { 0.0 } else { 4_000.0 }, north_m];
                Mark { track, at, velocity: [0.0; 2], weight: 1.0 }
            };
            let marks: Vec<Mark> = (0..came.min(8)).map(mark).collect();
            let changes = rule.look(Timestamp::from_secs(second), &field, &marks, 1.0, |_| true);
            raised += changes
                .iter()
                .filter(|change| matches!(change, Change::Raise(_, r) if r.gathers.is_some()))
                .count();
        }
        assert_eq!(raised, usize::from(near), "{north_m}");
        assert!(rule.is_determined());
    }
}
