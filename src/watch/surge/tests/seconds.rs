//! Who has arrived, second by second.

use super::super::{Surges, sought};
use crate::fusion::TrackId;
use crate::time::Timestamp;

/// Arrivals and watched seconds of the bin that is being counted after so many seconds.
fn counted(
    seconds: std::ops::Range<i64>,
    inside: impl Fn(i64) -> Vec<u64>,
    blind: impl Fn(i64) -> Option<f64>,
    surges: &mut Surges,
) -> (u32, u32) {
    for second in seconds {
        let tracks = inside(second).into_iter().map(TrackId);
        surges.second(Timestamp::from_secs(second), 0, tracks, blind(second), sought(1, 1.0));
    }
    let bin = surges.posts[&0].bin.expect("a second has passed");
    (bin.arrivals, bin.watched_s)
}

#[test]
fn who_comes_counts_once_and_who_was_there_does_not() {
    let mut surges = Surges::default();
    let inside = |second: i64| match second {
        0..130 => vec![1, 2],
        130..140 => vec![1, 2, 3],
        140..150 => vec![1],
        _ => vec![1, 3, 4],
    };
    assert_eq!(counted(0..200, inside, |_| Some(0.1), &mut surges), (2, 80), "3 and 4; 3 comes back");
    assert_eq!(surges.latest(0), [TrackId(3), TrackId(4)]);
}

#[test]
fn who_is_there_when_it_is_watched_again_has_not_come() {
    let mut surges = Surges::default();
    let inside = |second: i64| if second < 200 { vec![1] } else { vec![1, 2, 3, 4, 5, 6] };
    let blind = |second: i64| if (150..210).contains(&second) { Some(0.9) } else { Some(0.0) };
    assert_eq!(counted(0..299, inside, blind, &mut surges), (0, 30));
    let mut surges = Surges::default();
    assert_eq!(counted(0..299, inside, |_| None, &mut surges), (0, 0), "nothing is known of what is watched");
}

#[test]
fn an_heir_has_been_where_its_forebear_was() {
    let mut surges = Surges::default();
    assert_eq!(counted(0..150, |_| vec![], |_| Some(0.0), &mut surges), (0, 30));
    assert_eq!(counted(150..160, |_| vec![7], |_| Some(0.0), &mut surges), (1, 40));
    surges.follow(TrackId(7), TrackId(9));
    surges.forget(TrackId(7));
    assert_eq!(counted(160..170, |_| vec![9], |_| Some(0.0), &mut surges), (1, 50));
    assert_eq!(counted(170..180, |_| vec![9, 7], |_| Some(0.0), &mut surges), (2, 60), "7 was forgotten");
}

#[test]
fn the_budget_is_shared() {
    assert!((sought(20, 1.0).wanted - 40_320.0).abs() < 1e-9);
    assert!((sought(1, 7.0).wanted - 288.0).abs() < 1e-9);
}
