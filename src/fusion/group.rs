//! Several echoes of one thing: detections of one look so close together that one target may have given them all.
//!
//! In: a look's detections in the plane. Out: fewer of them, each group as its centroid with a covariance that includes
//! the spread, since nobody knows which part of the target the next look will hit. A detection that claims an identity
//! stays what it is. Knows no track.

use super::measure::{Kind, Measured};

/// How far apart two echoes of one boat or vehicle may be, metres, beside their errors.
const EXTENT_M: f64 = 8.0;
/// Echoes of one sweep over a thing are no further apart in time, seconds.
const SAME_TIME_S: f64 = 0.1;
/// A group does not grow beyond this, metres: a quay is no target.
const MOST_EXTENT_M: f64 = 25.0;

/// Buffers kept from look to look.
#[derive(Clone, Debug, Default)]
pub(super) struct Grouping {
    /// Detections from west to east.
    order: Vec<u32>,
    /// Which group each belongs to, named by its westernmost member.
    group: Vec<u32>,
}

impl Grouping {
    /// Replaces every group of `measured` by its centroid; `source` follows, each centroid standing for its first.
    pub(super) fn merge(&mut self, measured: &mut Vec<Measured>, source: &mut Vec<u32>) {
        if measured.len() < 2 {
            return;
        }
        self.find(measured);
        let mut members: Vec<u32> = Vec::new();
        for at in 0..self.order.len() {
            let leader = self.order[at];
            if self.group[leader as usize] != leader {
                continue;
            }
            members.clear();
            let same = |other: &u32| self.group[*other as usize] == leader;
            members.extend(self.order[at..].iter().copied().filter(same));
            if members.len() > 1 {
                let (z, r) = centroid(measured, &members);
                let merged = &mut measured[leader as usize];
                (merged.kind, merged.z, merged.r) = (Kind::Place, z, r);
            }
        }
        let group = &self.group;
        let mut at = 0..group.len();
        measured.retain(|_| at.next().is_some_and(|i| group[i] as usize == i));
        let mut at = 0..group.len();
        source.retain(|_| at.next().is_some_and(|i| group[i] as usize == i));
    }

    /// Sweeps from west to east: each detection joins the nearest group whose leader is near enough.
    fn find(&mut self, measured: &[Measured]) {
        let count = u32::try_from(measured.len()).expect("a look has fewer than 2^32 detections");
        self.order.clear();
        self.order.extend(0..count);
        self.order
            .sort_by(|a, b| measured[*a as usize].z[0].total_cmp(&measured[*b as usize].z[0]).then(a.cmp(b)));
        self.group.clear();
        self.group.extend(0..count);
        for at in 1..self.order.len() {
            let own = self.order[at];
            let mine = &measured[own as usize];
            for &other in self.order[..at].iter().rev() {
                let theirs = &measured[other as usize];
                if mine.z[0] - theirs.z[0] > MOST_EXTENT_M {
                    break;
                }
                let leader = self.group[other as usize];
                if linked(mine, theirs) && distance(mine, &measured[leader as usize]) < MOST_EXTENT_M {
                    self.group[own as usize] = leader;
                    break;
                }
            }
        }
    }
}

fn distance(a: &Measured, b: &Measured) -> f64 {
    let d = [a.z[0] - b.z[0], a.z[1] - b.z[1]];
    (d[0] * d[0] + d[1] * d[1]).sqrt()
}

fn linked(a: &Measured, b: &Measured) -> bool {
    let plain = |m: &Measured| !m.is_bearing() && !m.is_report() && m.velocity.is_none();
    let sigma_m = (0.5 * (a.r[0] + a.r[2] + b.r[0] + b.r[2])).sqrt();
    plain(a)
        && plain(b)
        && (a.offset_s - b.offset_s).abs() < SAME_TIME_S
        && distance(a, b) < EXTENT_M + sigma_m
}

/// Mean place, and mean error plus the spread of the members.
fn centroid(measured: &[Measured], members: &[u32]) -> ([f64; 2], [f64; 3]) {
    let count = members.len() as f64;
    let (mut z, mut r) = ([0.0; 2], [0.0; 3]);
    for &member in members {
        let m = &measured[member as usize];
        (0..2).for_each(|axis| z[axis] += m.z[axis] / count);
        (0..3).for_each(|entry| r[entry] += m.r[entry] / count);
    }
    for &member in members {
        let m = &measured[member as usize];
        let d = [m.z[0] - z[0], m.z[1] - z[1]];
        r[0] += d[0] * d[0] / count;
        r[1] += d[0] * d[1] / count;
        r[2] += d[1] * d[1] / count;
    }
    (z, r)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fusion::measure::Site;
    use crate::fusion::registration::Correction;
    use crate::fusion::testing::sector;
    use crate::scan::{Detection, Measurement};

    fn place(e: f64, n: f64) -> Measured {
        let at = sector().plane_to_geodetic(e, n, 0.0);
        let measurement = Measurement::Position { at, has_altitude: false, covariance_m2: [1.0, 0.0, 1.0] };
        Measured::new(&sector(), &Site::default(), &Detection::new(measurement), 1.0, &Correction::NONE)
            .unwrap()
    }

    fn merged(places: &[(f64, f64)]) -> (Vec<Measured>, Vec<u32>) {
        let mut measured: Vec<Measured> = places.iter().map(|(e, n)| place(*e, *n)).collect();
        let mut source: Vec<u32> = (0..u32::try_from(places.len()).unwrap()).collect();
        Grouping::default().merge(&mut measured, &mut source);
        (measured, source)
    }

    #[test]
    fn echoes_of_one_boat_are_one_detection() {
        let (measured, source) = merged(&[(100.0, 0.0), (0.0, 0.0), (6.0, 2.0), (3.0, -2.0)]);
        assert_eq!(source, [0, 1]);
        let boat = &measured[1];
        // Mean of the three, and 1 m² plus their variances, by hand.
        assert!((boat.z[0] - 3.0).abs() < 1e-6 && boat.z[1].abs() < 1e-6, "{:?}", boat.z);
        assert!(
            (boat.r[0] - 7.0).abs() < 1e-4 && (boat.r[2] - (1.0 + 8.0 / 3.0)).abs() < 1e-4,
            "{:?}",
            boat.r
        );
    }

    #[test]
    fn a_quay_is_more_than_one() {
        let quay: Vec<(f64, f64)> = (0..20).map(|k| (f64::from(k) * 5.0, 0.0)).collect();
        let (measured, _) = merged(&quay);
        assert!(measured.len() >= 4 && measured.len() < 20, "{}", measured.len());
    }

    #[test]
    fn neighbours_stay_apart() {
        assert_eq!(merged(&[(0.0, 0.0), (15.0, 0.0), (30.0, 0.0)]).1, [0, 1, 2]);
    }
}
