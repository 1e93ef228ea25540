//! An AIS receiver: what the ships within radio range transmit, at the intervals their speed prescribes.
//!
//! Intervals from ITU-R M.1371-5 tables 1 and 2; static messages every six minutes, and soon after start-up.

use super::rig::Rig;
use super::{Emission, Firmware};
use crate::calendar::Utc;
use crate::encode::ais::{self, Bits, ClassA, ClassB, Ship};
use crate::encode::nmea::KNOT_MPS;
use crate::links::Kind;
use crate::scenario::AisSpec;
use crate::world::geo::{Frame, turn_deg};
use crate::world::{State, World};

/// Static and voyage data, seconds.
const STATIC_EVERY_S: f64 = 360.0;

pub(super) struct AisReceiver {
    rig: Rig,
    stations: Vec<Station>,
    /// Alternates the two channels and numbers multi-part messages.
    transmissions: u64,
}

struct Station {
    index: usize,
    report_s: f64,
    static_s: f64,
}

impl AisReceiver {
    pub(super) fn new(rig: Rig) -> Self {
        Self { rig, stations: Vec::new(), transmissions: 0 }
    }

    /// Every ship with a station, each in a slot of its own.
    fn tune_in(&mut self, world: &World) {
        let at_s = self.rig.start.at_s;
        let id = self.rig.spec.id.clone();
        for state in world.as_told_by(&id, at_s).filter(|state| state.ais.is_some()) {
            let report_s = at_s + self.rig.chance.between(0.2, 3.0);
            let static_s = at_s + self.rig.chance.between(3.0, 20.0);
            self.stations.push(Station { index: state.index, report_s, static_s });
        }
    }

    fn transmit(&mut self, bits: &Bits, at_s: f64, out: &mut Vec<Emission>) {
        let channel = if self.transmissions.is_multiple_of(2) { 'A' } else { 'B' };
        let sequence = u8::try_from(self.transmissions % 10).expect("a remainder below 10");
        self.transmissions += 1;
        for sentence in ais::sentences(bits, channel, sequence) {
            out.push(Emission { due_s: at_s, kind: Kind::Frame, bytes: sentence.into_bytes() });
        }
    }

    /// Position with the ship's own GNSS error.
    fn position(&mut self, state: &State<'_>, at_s: f64) -> [f64; 2] {
        let fault = self.rig.disturbance(at_s);
        let sigma = self.rig.spec.position_sigma_m * fault.noise;
        let error = [self.rig.chance.normal(sigma) + fault.range_bias_m, self.rig.chance.normal(sigma)];
        Frame::new(state.place).ground(error, 0.0).lat_lon()
    }

    fn report(&mut self, state: &State<'_>, station: &AisSpec, at_s: f64) -> Bits {
        let lat_lon = Some(self.position(state, at_s));
        let speed_mps = Some((state.speed_mps() + self.rig.chance.normal(0.05)).max(0.0));
        let course = (state.speed_mps() > 0.2).then(|| state.course_deg());
        let second = Utc::new(self.rig.stamp_ns(at_s)).second;
        let (mmsi, accurate) = (station.mmsi, true);
        let (course_deg, heading_deg) = (course, course);
        if station.class_b {
            let report = ClassB { mmsi, speed_mps, accurate, lat_lon, course_deg, heading_deg, second };
            return ais::class_b(&report);
        }
        let nav_status = 0;
        let report = ClassA {
            message: 1,
            mmsi,
            nav_status,
            speed_mps,
            accurate,
            lat_lon,
            course_deg,
            heading_deg,
            second,
        };
        ais::class_a(&report)
    }
}

impl Firmware for AisReceiver {
    fn step(&mut self, world: &World, out: &mut Vec<Emission>) {
        if self.stations.is_empty() && self.transmissions == 0 {
            self.tune_in(world);
        }
        // The station that transmits next; ties by its place in the list.
        let due = |station: &Station| station.report_s.min(station.static_s);
        let next = (0..self.stations.len())
            .min_by(|a, b| due(&self.stations[*a]).total_cmp(&due(&self.stations[*b])));
        let Some(next) = next else {
            // Nobody transmits: one empty turn that never comes due ends the box's run.
            out.push(Emission { due_s: f64::INFINITY, kind: Kind::Frame, bytes: Vec::new() });
            return;
        };
        let at_s = due(&self.stations[next]);
        let is_static = self.stations[next].static_s <= self.stations[next].report_s;
        let index = self.stations[next].index;
        let state = world.agent_at(index, at_s);
        let interval_s = state.map_or(10.0, |state| interval_s(world, &state, at_s));
        if is_static {
            self.stations[next].static_s += STATIC_EVERY_S;
        } else {
            self.stations[next].report_s += interval_s;
        }
        let Some((state, station)) = state.and_then(|state| Some((state, state.ais?))) else { return };
        let polar = self.rig.frame.polar(state.place);
        if station.off_from_s.is_some_and(|off_s| at_s >= off_s) {
            return;
        }
        if !self.rig.in_view(polar) || !self.rig.chance.happens(self.rig.spec.detection_probability) {
            return;
        }
        if !is_static {
            let bits = self.report(&state, station, at_s);
            self.transmit(&bits, at_s, out);
            return;
        }
        let ship = ship_of(station);
        if station.class_b {
            self.transmit(&ais::name_part(&ship), at_s, out);
            self.transmit(&ais::type_part(&ship), at_s, out);
        } else {
            self.transmit(&ais::ship(&ship), at_s, out);
        }
    }
}

fn ship_of(station: &AisSpec) -> Ship {
    Ship {
        mmsi: station.mmsi,
        imo: 0,
        callsign: station.callsign.clone(),
        name: station.name.clone(),
        ship_type: station.ship_type,
        dimensions_m: station.dimensions_m,
        draught_m: 4.0,
        destination: "EXERCISE".into(),
    }
}

/// Time to a ship's next position report.
fn interval_s(world: &World, state: &State<'_>, at_s: f64) -> f64 {
    let knots = state.speed_mps() / KNOT_MPS;
    if state.ais.is_some_and(|station| station.class_b) {
        return match knots {
            ..2.0 => 180.0,
            ..14.0 => 30.0,
            ..23.0 => 15.0,
            _ => 5.0,
        };
    }
    let turning = world.agent_at(state.index, at_s - 10.0).is_some_and(|before| {
        before.speed_mps() > 1.0 && turn_deg(state.course_deg(), before.course_deg()).abs() > 5.0
    });
    match (knots, turning) {
        (..3.0, _) => 180.0,
        (..14.0, false) => 10.0,
        (..14.0, true) => 10.0 / 3.0,
        (..23.0, false) => 6.0,
        _ => 2.0,
    }
}
