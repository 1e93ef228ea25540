//! What rules about many cost: ten thousand tracks on 60 km by 60 km, in clusters and alone, under a convergence rule.
//!
//! `cargo bench --bench watch` takes some seconds. A look is every ten seconds, a scan of cells every minute, both inside
//! one tick: what a tick without either takes is printed beside them.

use std::sync::Arc;
use std::time::Duration;

use linewatch::clock;
use linewatch::fusion::{Estimate, Paths, Smoothed, Status, TrackId, TrackView};
use linewatch::geo::{Geodetic, LocalFrame};
use linewatch::time::Timestamp;
use linewatch::watch::Watch;
use linewatch::watch::agreement::{Agreement, Line, Rule, RuleKind, Terms};

const TRACKS: u64 = 10_000;
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

fn watch() -> Watch {
    let frame = LocalFrame::new(Geodetic::from_degrees(35.1, 33.4, 0.0));
    let at = |east_m| frame.plane_to_geodetic(east_m, 0.0, 0.0);
    let line = Line {
        id: "line".into(),
        left: "north".into(),
        right: "south".into(),
        vertices: vec![at(-HALF_M), at(0.0), at(HALF_M)],
    };
    let kind = RuleKind::Convergence { line: Some(0), zone: None, min_number: 5, radius_m: 500.0 };
    let rule =
        Rule { id: Arc::from("columns"), clause: None, classes: Vec::new(), kind, terms: Terms::default() };
    let agreement = Agreement { lines: vec![line], rules: vec![rule], ..Agreement::default() };
    Watch::new("bench", true, &frame, &agreement, &[])
}

/// Half of them in clusters that drive, half alone.
fn views(second: i64) -> impl Iterator<Item = TrackView<'static>> {
    let spread =
        |n: u64| ((n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64 - 0.5) * 2.0;
    (0..TRACKS).map(move |id| {
        let of = if id < TRACKS / 2 { id / CLUSTER } else { id };
        let near = if id < TRACKS / 2 { 200.0 } else { 0.0 };
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
    let mut watch = watch();
    let mut said = Vec::new();
    let mut of: [(&str, Vec<Duration>); 3] =
        [("a tick", vec![]), ("with a look", vec![]), ("with a scan", vec![])];
    for second in 1..=600 {
        let all: Vec<TrackView<'_>> = views(second).collect();
        let began = clock::instant();
        watch.tick(Timestamp::from_secs(second), all.into_iter(), &NoPaths, &mut said);
        let took = clock::instant().duration_since(began);
        let which = if second % 60 == 0 { 2 } else { usize::from(second % 10 == 0) };
        of[which].1.push(took);
    }
    println!("{TRACKS} tracks, {} notices", said.len());
    for (name, mut took) in of {
        took.sort_unstable();
        println!(
            "{name}: median {} µs, greatest {} µs",
            took[took.len() / 2].as_micros(),
            took[took.len() - 1].as_micros()
        );
    }
}
