//! What rules cost that ask much: ten thousand tracks on 60 km by 60 km, in clusters and alone, under a convergence rule;
//! and 1,280 of them under an approach rule about a line of 61 vertices across the middle.
//!
//! `cargo bench --bench watch` takes some seconds. Of a convergence rule, a look is every ten seconds, a scan of cells every
//! minute, both inside one tick: what a tick without either takes is printed beside them. An approach rule looks at a third
//! of the tracks in every tick. `-- approach SECONDS` and `-- plain SECONDS` run that alone, for counting instructions.

use std::sync::Arc;
use std::time::Duration;

use linewatch::clock;
use linewatch::fusion::{Estimate, Paths, Smoothed, Status, TrackId, TrackView};
use linewatch::geo::{Geodetic, LocalFrame};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::Watch;
use linewatch::watch::agreement::{Agreement, Direction, Line, Rule, RuleKind, Terms};

const TRACKS: u64 = 10_000;
/// Of these, an approach rule is about so many.
const NEARING: u64 = 1_280;
const HALF_M: f64 = 30_000.0;
/// Every so many tracks make a cluster within 400 m.
const CLUSTER: u64 = 20;

/// Remembers no track.
struct NoPaths;

impl Paths for NoPaths {
    fn smoothed(&self, _: TrackId, _: Timestamp, _: Timestamp) -> Option<Smoothed> {
        None
    }
}

/// A watch over a line through these places, metres east and north, under one rule if any.
fn watch(places: &[[f64; 2]], kind: Option<RuleKind>) -> Watch {
    let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
    let vertices = places.iter().map(|at| frame.plane_to_geodetic(at[0], at[1], 0.0)).collect();
    let line = Line { id: "line".into(), left: "north".into(), right: "south".into(), vertices };
    let rule = kind.map(|kind| Rule {
        id: Arc::from("rule"),
        clause: None,
        classes: Vec::new(),
        kind,
        terms: Terms::default(),
    });
    let agreement =
        Agreement { lines: vec![line], rules: rule.into_iter().collect(), ..Agreement::default() };
    Watch::new("bench", true, &frame, &agreement, &[])
}

fn convergence() -> Watch {
    let kind = RuleKind::Convergence { line: Some(0), zone: None, min_number: 5, radius_m: 500.0 };
    watch(&[[-HALF_M, 0.0], [0.0, 0.0], [HALF_M, 0.0]], Some(kind))
}

/// With the rule, or with the line alone.
fn approach(is_asked: bool) -> Watch {
    let vertex = |n: i32| {
        let at = f64::from(n) / 30.0;
        [HALF_M * at, 1_500.0 * libm::sin(9.0 * at) + 200.0 * libm::sin(70.0 * at)]
    };
    let kind = RuleKind::Approach {
        line: 0,
        direction: Direction::Any,
        horizons: vec![Span::from_secs(300)],
        threshold: 0.5,
        hold: Span::from_secs(9),
    };
    watch(&(-30..=30).map(vertex).collect::<Vec<_>>(), is_asked.then_some(kind))
}

/// Half of them in clusters that drive, half alone.
fn views(second: i64, tracks: u64) -> impl Iterator<Item = TrackView<'static>> {
    let spread =
        |n: u64| ((n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 2.0;
    (0..tracks).map(move |id| {
        let of = if id < tracks / 2 { id / CLUSTER } else { id };
        let near = if id < tracks / 2 { 200.0 } else { 0.0 };
        let (v_east, v_north) = (8.0 * spread(of + 7), 8.0 * spread(of + 77));
        let start = [
            HALF_M * spread(3 * of + 1) + near * spread(5 * id),
            HALF_M * spread(3 * of + 2) + near * spread(5 * id + 1),
        ];
        let mean = [start[0] + v_east * second as f64, start[1] + v_north * second as f64, v_east, v_north];
        let covariance = std::array::from_fn(|i| std::array::from_fn(|j| if i == j { 9.0 } else { 0.0 }));
        let time = Timestamp::from_secs(second);
        TrackView {
            id: TrackId(id),
            status: Status::Confirmed,
            existence: 0.999,
            estimate: Estimate { time, mean, covariance },
            modes: [1.0, 0.0, 0.0],
            altitude_m: None,
            class: linewatch::fusion::track::UNKNOWN_CLASS,
            identity: None,
            sensors: &[],
            born: Timestamp::from_secs(0),
            updated: time,
        }
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let seconds = arguments.last().and_then(|last| last.parse().ok());
    if let (Some(of), Some(seconds)) = (arguments.get(1), seconds) {
        let mut took = ticks(&mut approach(of == "approach"), seconds, NEARING, |_| 0);
        println!("{of}: {}", spread(&mut took[0]));
        return;
    }
    let mut took = ticks(&mut convergence(), 600, TRACKS, |second| {
        if second % 60 == 0 { 2 } else { usize::from(second % 10 == 0) }
    });
    println!("convergence, {TRACKS} tracks");
    for (name, took) in ["a tick", "with a look", "with a scan"].into_iter().zip(&mut took) {
        println!("{name}: {}", spread(took));
    }
    println!("approach, {NEARING} tracks");
    for (name, is_asked) in [("a tick", true), ("without the rule", false)] {
        let mut took = ticks(&mut approach(is_asked), 120, NEARING, |_| 0);
        println!("{name}: {}", spread(&mut took[0]));
    }
}

/// What each tick of so many seconds takes, sorted into three kinds.
fn ticks(watch: &mut Watch, seconds: i64, tracks: u64, which: impl Fn(i64) -> usize) -> [Vec<Duration>; 3] {
    let mut said = Vec::new();
    let mut of: [Vec<Duration>; 3] = Default::default();
    for second in 1..=seconds {
        let all: Vec<TrackView<'_>> = views(second, tracks).collect();
        let began = clock::instant();
        watch.tick(Timestamp::from_secs(second), all.into_iter(), &NoPaths, &mut said);
        of[which(second)].push(clock::instant().duration_since(began));
    }
    of
}

fn spread(took: &mut [Duration]) -> String {
    took.sort_unstable();
    let at = |index: usize| took.get(index).map_or(0, Duration::as_micros);
    format!("median {} µs, greatest {} µs", at(took.len() / 2), at(took.len().saturating_sub(1)))
}
