//! The rules from outside: tracks in, notices out.

mod counting;
mod crossings;
mod floods;
mod gates;
mod ids;
mod life;
mod parked;
mod reload;
mod robust;
mod smoothed;
mod succession;
mod terms;
mod zones;

use super::testing;
use crate::fusion::{Paths, Smoothed, Status, TrackId, TrackView};
use crate::scan::{Class, ClassLikelihoods};
use crate::time::Timestamp;
use crate::watch::Watch;
use crate::watch::agreement::{Agreement, Rule};
use crate::watch::alert::{Notice, State};

/// Remembers no track.
struct NoPaths;

impl Paths for NoPaths {
    fn smoothed(&self, _: TrackId, _: Timestamp, _: Timestamp) -> Option<Smoothed> {
        None
    }
}

/// A watch with what it said.
struct Scene {
    watch: Watch,
    said: Vec<Notice>,
}

/// One look at one track.
#[derive(Clone, Copy)]
struct Look<'a> {
    id: u64,
    time_s: f64,
    mean: [f64; 4],
    sensors: &'a [u16],
    status: Status,
    class: ClassLikelihoods,
}

fn look(id: u64, time_s: f64, east_m: f64, north_m: f64) -> Look<'static> {
    Look {
        id,
        time_s,
        mean: [east_m, north_m, 0.0, 0.0],
        sensors: &[0],
        status: Status::Confirmed,
        class: crate::fusion::track::UNKNOWN_CLASS,
    }
}

fn surely(class: Class) -> ClassLikelihoods {
    Class::ALL.map(|other| if other == class { 1.0 } else { 0.0 })
}

impl Scene {
    fn new(rules: Vec<Rule>) -> Self {
        Self::of(&testing::agreement(rules))
    }

    /// Three sensors of 10 m, the first two on one mast.
    fn of(agreement: &Agreement) -> Self {
        let sensors = [
            testing::sensor("r1", "mast", 10.0),
            testing::sensor("r2", "mast", 10.0),
            testing::sensor("c1", "c1", 10.0),
        ];
        let watch = Watch::new("east-3", false, &testing::frame(), agreement, &sensors);
        Self { watch, said: Vec::new() }
    }

    fn observe(&mut self, look: Look<'_>) {
        with_view(look, |now, view| self.watch.observe(now, view, &NoPaths, &mut self.said));
    }

    fn tick(&mut self, second: i64, looks: &[Look<'_>]) {
        let now = Timestamp::from_secs(second);
        let fed: Vec<_> = looks.iter().map(|look| testing::fed_by(look.sensors, now)).collect();
        let views = looks.iter().zip(&fed).map(|(look, fed)| TrackView {
            status: look.status,
            class: look.class,
            ..testing::view(look.id, look.time_s, look.mean, 3.0, fed)
        });
        self.watch.tick(now, views, &NoPaths, &mut self.said);
    }

    fn forget(&mut self, second: i64, id: u64) {
        self.watch.forget(Timestamp::from_secs(second), TrackId(id), &mut self.said);
    }

    /// Walks a track straight from one place to another, a look a second from `start_s`.
    fn walk(&mut self, first: Look<'_>, to: [f64; 2], seconds: u32) {
        for step in 0..=seconds {
            let part = f64::from(step) / f64::from(seconds);
            let mut now = first;
            now.time_s += f64::from(step);
            let way = [to[0] - first.mean[0], to[1] - first.mean[1]];
            let [east, north, ..] = first.mean;
            let seconds = f64::from(seconds);
            now.mean = [east + part * way[0], north + part * way[1], way[0] / seconds, way[1] / seconds];
            self.observe(now);
        }
    }

    fn states(&self) -> Vec<State> {
        self.said.iter().map(|notice| notice.state).collect()
    }
}

fn with_view(look: Look<'_>, f: impl FnOnce(Timestamp, &TrackView<'_>)) {
    let unfed = testing::view(look.id, look.time_s, look.mean, 3.0, &[]);
    let now = unfed.estimate.time;
    let fed = testing::fed_by(look.sensors, now);
    f(now, &TrackView { sensors: &fed, status: look.status, class: look.class, ..unfed });
}
