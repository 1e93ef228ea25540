//! When an agent is where: a timetable of constant accelerations along a path, and a small sideways wander.

use std::f64::consts::TAU;

use super::path::{self, Corner, Piece};
use crate::chance::Chance;

/// What an agent's body allows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Along the path, metres per second squared, gaining and losing speed alike.
    pub(super) forward_mps2: f64,
    /// Across the path.
    pub(super) lateral_mps2: f64,
    /// How far it strays sideways, metres, about one sigma.
    pub(super) wander_m: f64,
    /// Whether it can stand still; an aeroplane cannot.
    pub(super) stands: bool,
}

/// A stretch of constant acceleration.
#[derive(Clone, Copy, Debug)]
struct Phase {
    start_s: f64,
    start_m: f64,
    speed_mps: f64,
    acceleration_mps2: f64,
}

/// One lap of a route as a function of time since its start.
#[derive(Clone, Debug)]
pub(super) struct Motion {
    pieces: Vec<(f64, Piece)>,
    phases: Vec<Phase>,
    /// Path distances where the direction may break: ends and stops.
    breaks_m: Vec<f64>,
    waves: [Wave; 3],
    /// Distance from a break over which the wander grows to its full size.
    fade_m: f64,
    /// How long a lap takes, seconds.
    pub(super) lap_s: f64,
}

#[derive(Clone, Copy, Debug)]
struct Wave {
    amplitude_m: f64,
    length_m: f64,
    phase_rad: f64,
}

impl Motion {
    /// The lap through `corners`, starting and ending at rest (unless the agent cannot stand).
    pub(super) fn new(corners: &[Corner], cruise_mps: f64, limits: Limits, chance: &mut Chance) -> Self {
        let mut pieces = Vec::new();
        let mut breaks_m = vec![0.0];
        let mut along_m = 0.0;
        for piece in path::build(corners, cruise_mps, limits.lateral_mps2, limits.wander_m) {
            pieces.push((along_m, piece));
            along_m += piece.length_m;
            if piece.stop_s.is_some() {
                breaks_m.push(along_m);
            }
        }
        breaks_m.push(along_m);
        let first_wait_s = corners.first().and_then(|corner| corner.stop_s).unwrap_or(0.0);
        let (phases, lap_s) = timetable(&pieces, first_wait_s, cruise_mps, limits);
        let waves = [(0.8, 60.0), (0.5, 23.0), (0.3, 11.0)].map(|(share, length)| {
            let amplitude_m = limits.wander_m * share * chance.between(0.7, 1.3);
            // Long enough that the wander takes a tenth of what the body can do sideways.
            let gentle_m = TAU * cruise_mps * (amplitude_m / (0.1 * limits.lateral_mps2)).sqrt();
            let length_m = gentle_m.max(length) * chance.between(1.0, 1.3);
            Wave { amplitude_m, length_m, phase_rad: chance.between(0.0, TAU) }
        });
        Self { pieces, phases, breaks_m, waves, fade_m: 15.0 * (1.0 + cruise_mps), lap_s }
    }

    /// Where the agent is `t_s` after the lap began, metres east and north; clamped to the lap.
    pub(super) fn at(&self, t_s: f64) -> [f64; 2] {
        let t_s = t_s.clamp(0.0, self.lap_s);
        let index = self.phases.partition_point(|phase| phase.start_s <= t_s).saturating_sub(1);
        let Some(phase) = self.phases.get(index) else { return [0.0, 0.0] };
        let dt = t_s - phase.start_s;
        let s_m = phase.start_m + phase.speed_mps * dt + 0.5 * phase.acceleration_mps2 * dt * dt;
        let index = self.pieces.partition_point(|(start_m, _)| *start_m <= s_m).saturating_sub(1);
        let Some((start_m, piece)) = self.pieces.get(index) else { return [0.0, 0.0] };
        let (at, along) = piece.at((s_m - start_m).min(piece.length_m));
        let aside = self.wander(s_m);
        [at[0] - along[1] * aside, at[1] + along[0] * aside]
    }

    /// Sideways offset: waves along the path, fading to nothing where the direction may jump.
    fn wander(&self, s_m: f64) -> f64 {
        let nearest = self.breaks_m.iter().map(|at| (s_m - at).abs()).fold(f64::MAX, f64::min);
        let x = (nearest / self.fade_m).min(1.0);
        let fade = x * x * (3.0 - 2.0 * x);
        let wave = |wave: &Wave| wave.amplitude_m * (TAU * s_m / wave.length_m + wave.phase_rad).sin();
        fade * self.waves.iter().map(wave).sum::<f64>()
    }
}

/// Speeds at the joints that respect every limit (a forward and a backward pass), then the phases between them.
fn timetable(
    pieces: &[(f64, Piece)],
    first_wait_s: f64,
    cruise_mps: f64,
    limits: Limits,
) -> (Vec<Phase>, f64) {
    let end_mps = if limits.stands { 0.0 } else { cruise_mps };
    let mut joint_mps = vec![end_mps];
    for (index, (_, piece)) in pieces.iter().enumerate() {
        let next = pieces.get(index + 1).map_or(end_mps, |(_, next)| next.limit_mps);
        joint_mps.push(if piece.stop_s.is_some() { 0.0 } else { piece.limit_mps.min(next) });
    }
    let reach = |from: f64, length: f64| (from * from + 2.0 * limits.forward_mps2 * length).sqrt();
    for (index, (_, piece)) in pieces.iter().enumerate() {
        joint_mps[index + 1] = joint_mps[index + 1].min(reach(joint_mps[index], piece.length_m));
    }
    for (index, (_, piece)) in pieces.iter().enumerate().rev() {
        joint_mps[index] = joint_mps[index].min(reach(joint_mps[index + 1], piece.length_m));
    }
    let mut clock = Clock { phases: Vec::new(), now_s: 0.0, at_m: 0.0 };
    clock.wait(first_wait_s);
    for (index, (_, piece)) in pieces.iter().enumerate() {
        clock.travel(piece, joint_mps[index], joint_mps[index + 1], limits.forward_mps2);
        clock.wait(piece.stop_s.unwrap_or(0.0));
    }
    (clock.phases, clock.now_s)
}

struct Clock {
    phases: Vec<Phase>,
    now_s: f64,
    at_m: f64,
}

impl Clock {
    fn wait(&mut self, duration_s: f64) {
        self.phase(0.0, 0.0, duration_s);
    }

    /// Speeds up to what the piece allows, keeps it, and slows to the speed of its end.
    fn travel(&mut self, piece: &Piece, from_mps: f64, to_mps: f64, a: f64) {
        let middle = (from_mps * from_mps + to_mps * to_mps) / 2.0 + a * piece.length_m;
        let peak = piece.limit_mps.min(middle.sqrt()).max(from_mps).max(to_mps);
        let up_m = (peak * peak - from_mps * from_mps) / (2.0 * a);
        let down_m = (peak * peak - to_mps * to_mps) / (2.0 * a);
        let end_m = self.at_m + piece.length_m;
        self.phase(from_mps, a, (peak - from_mps) / a);
        self.phase(peak, 0.0, (piece.length_m - up_m - down_m).max(0.0) / peak);
        self.phase(peak, -a, (peak - to_mps) / a);
        self.at_m = end_m;
    }

    fn phase(&mut self, speed_mps: f64, acceleration_mps2: f64, duration_s: f64) {
        if duration_s > 0.0 {
            let (start_s, start_m) = (self.now_s, self.at_m);
            self.phases.push(Phase { start_s, start_m, speed_mps, acceleration_mps2 });
            self.now_s += duration_s;
            self.at_m += speed_mps * duration_s + 0.5 * acceleration_mps2 * duration_s * duration_s;
        }
    }
}
