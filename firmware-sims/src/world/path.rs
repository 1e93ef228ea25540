//! The shape of a route: straight legs joined by arcs, each with the speed it may be taken at.
//!
//! Plan coordinates are metres east and north. Knows nothing of time.

/// One piece of a path.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    shape: Shape,
    /// Length, metres.
    pub(super) length_m: f64,
    /// Highest speed on it, metres per second.
    pub(super) limit_mps: f64,
    /// Whether the agent stands still at its end, and how long.
    pub(super) stop_s: Option<f64>,
}

#[derive(Clone, Copy, Debug)]
enum Shape {
    Straight { from: [f64; 2], along: [f64; 2] },
    Arc { centre: [f64; 2], radius_m: f64, start_rad: f64, sweep_rad: f64 },
}

/// A corner of a route: where, and how long to stand there (`None`: drive through).
#[derive(Clone, Copy, Debug)]
pub(super) struct Corner {
    pub(super) at: [f64; 2],
    pub(super) stop_s: Option<f64>,
}

impl Piece {
    fn radius_m(&self) -> f64 {
        match self.shape {
            Shape::Straight { .. } => f64::MAX,
            Shape::Arc { radius_m, .. } => radius_m,
        }
    }

    /// Position and unit direction of travel after `s_m` metres of this piece.
    pub(super) fn at(&self, s_m: f64) -> ([f64; 2], [f64; 2]) {
        match self.shape {
            Shape::Straight { from, along } => ([from[0] + along[0] * s_m, from[1] + along[1] * s_m], along),
            Shape::Arc { centre, radius_m, start_rad, sweep_rad } => {
                let angle = start_rad + sweep_rad * s_m / self.length_m;
                let (sin, cos) = angle.sin_cos();
                let way = sweep_rad.signum();
                ([centre[0] + radius_m * cos, centre[1] + radius_m * sin], [-sin * way, cos * way])
            }
        }
    }
}

/// Straight legs through the corners, rounded where the agent does not stop. Coinciding corners are one.
pub(super) fn build(corners: &[Corner], cruise_mps: f64, lateral_mps2: f64, wander_m: f64) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let Some(first) = corners.first() else { return pieces };
    // An arc much wider than the wander: straying off a tight one would change the speed.
    let wished_m = (cruise_mps * cruise_mps / lateral_mps2).max(20.0 * wander_m);
    let mut from = first.at;
    for (index, corner) in corners.iter().enumerate().skip(1) {
        let next = corners.get(index + 1);
        let rounded = match (corner.stop_s, next) {
            (None, Some(next)) => fillet([from, corner.at, next.at], wished_m),
            _ => None,
        };
        let until = rounded.map_or(corner.at, |(start, _, _)| start);
        let (length_m, along) = leg(from, until);
        if length_m > 1e-6 {
            let shape = Shape::Straight { from, along };
            pieces.push(Piece { shape, length_m, limit_mps: cruise_mps, stop_s: None });
        }
        match rounded {
            Some((_, arc, end)) => {
                let limit_mps = cruise_mps.min((lateral_mps2 * arc.radius_m()).sqrt());
                pieces.push(Piece { limit_mps, ..arc });
                from = end;
            }
            None => {
                // Without an arc the way turns on the spot, so the agent must stand, if only for a moment.
                let stop_s = corner.stop_s.or(next.map(|_| 0.0));
                if let Some(last) = pieces.last_mut() {
                    last.stop_s = stop_s;
                }
                from = corner.at;
            }
        }
    }
    pieces
}

/// The arc that rounds the corner `at`: where it starts, the arc, where it ends. `None`: too sharp to round.
fn fillet([before, at, after]: [[f64; 2]; 3], wished_m: f64) -> Option<([f64; 2], Piece, [f64; 2])> {
    let (length_in, way_in) = leg(before, at);
    let (length_out, way_out) = leg(at, after);
    let cross = way_in[0] * way_out[1] - way_in[1] * way_out[0];
    let turn = cross.atan2(way_in[0] * way_out[0] + way_in[1] * way_out[1]);
    let room = 0.45 * length_in.min(length_out);
    let tan = (turn.abs() / 2.0).tan();
    if turn.abs() > 2.9 || room < 1e-3 || tan < 1e-9 {
        return None;
    }
    let radius_m = wished_m.min(room / tan);
    let tangent = radius_m * tan;
    let start = [at[0] - way_in[0] * tangent, at[1] - way_in[1] * tangent];
    let end = [at[0] + way_out[0] * tangent, at[1] + way_out[1] * tangent];
    let side = turn.signum();
    let centre = [start[0] - way_in[1] * radius_m * side, start[1] + way_in[0] * radius_m * side];
    let arc = Piece {
        shape: Shape::Arc {
            centre,
            radius_m,
            start_rad: (start[1] - centre[1]).atan2(start[0] - centre[0]),
            sweep_rad: turn,
        },
        length_m: radius_m * turn.abs(),
        limit_mps: f64::MAX,
        stop_s: None,
    };
    Some((start, arc, end))
}

/// Length and unit direction from one point to another.
fn leg(from: [f64; 2], to: [f64; 2]) -> (f64, [f64; 2]) {
    let d = [to[0] - from[0], to[1] - from[1]];
    let length = d[0].hypot(d[1]);
    if length < 1e-9 { (0.0, [1.0, 0.0]) } else { (length, [d[0] / length, d[1] / length]) }
}
