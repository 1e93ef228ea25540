//! A message as names and raw values, so that tests can walk another decoder's keys.

use std::collections::BTreeMap;

use linewatch::wire::nmea::ais::{Dimensions, Message, Position};
use serde_json::{Value, json};

pub(super) type Fields = BTreeMap<&'static str, Value>;

/// Every field of `message` under gpsd's names, in the units of transmission.
pub(super) fn of(message: &Message) -> Fields {
    let header = message.header();
    let head = json!({"type": header.kind, "repeat": header.repeat, "mmsi": header.mmsi});
    let rest = match message {
        Message::ClassA(m) => {
            json!({"status": m.status, "turn": m.turn, "speed": m.speed, "accuracy": m.accuracy,
            "position": position(m.position), "course": m.course, "heading": m.heading, "second": m.second,
            "maneuver": m.maneuver, "raim": m.raim, "radio": m.radio})
        }
        Message::BaseStation(m) => json!({"year": m.year, "month": m.month, "day": m.day, "hour": m.hour,
            "minute": m.minute, "second": m.second, "accuracy": m.accuracy, "position": position(m.position),
            "epfd": m.epfd, "raim": m.raim, "radio": m.radio}),
        Message::Voyage(m) => json!({"ais_version": m.ais_version, "imo": m.imo, "callsign": m.callsign,
            "shipname": m.ship_name, "shiptype": m.ship_type, "dimensions": dimensions(m.dimensions),
            "epfd": m.epfd, "month": m.month, "day": m.day, "hour": m.hour, "minute": m.minute,
            "draught": m.draught, "destination": m.destination, "dte": m.dte}),
        Message::Aircraft(m) => json!({"alt": m.altitude, "speed": m.speed, "accuracy": m.accuracy,
            "position": position(m.position), "course": m.course, "second": m.second, "regional": m.regional,
            "dte": m.dte, "assigned": m.assigned, "raim": m.raim, "radio": m.radio}),
        Message::ClassB(m) => json!({"reserved": m.reserved, "speed": m.speed, "accuracy": m.accuracy,
            "position": position(m.position), "course": m.course, "heading": m.heading, "second": m.second,
            "regional": m.regional, "cs": m.cs, "display": m.display, "dsc": m.dsc, "band": m.band,
            "msg22": m.msg22, "assigned": m.assigned, "raim": m.raim, "radio": m.radio}),
        Message::ClassBExtended(m) => json!({"reserved": m.motion.reserved, "speed": m.motion.speed,
            "accuracy": m.motion.accuracy, "position": position(m.motion.position), "course": m.motion.course,
            "heading": m.motion.heading, "second": m.motion.second, "regional": m.motion.regional,
            "shipname": m.ship_name, "shiptype": m.ship_type, "dimensions": dimensions(m.dimensions),
            "epfd": m.epfd, "raim": m.motion.raim, "dte": m.dte, "assigned": m.motion.assigned}),
        Message::Aid(m) => json!({"aid_type": m.aid_type, "name": m.name, "name_ext": m.name_extension,
            "accuracy": m.accuracy, "position": position(m.position), "dimensions": dimensions(m.dimensions),
            "epfd": m.epfd, "second": m.second, "off_position": m.off_position, "regional": m.regional,
            "raim": m.raim, "virtual_aid": m.virtual_aid, "assigned": m.assigned}),
        Message::NamePart(m) => json!({"partno": 0, "shipname": m.ship_name}),
        Message::CraftPart(m) => json!({"partno": 1, "shiptype": m.ship_type, "vendorid": m.vendor,
            "model": m.model, "serial": m.serial, "callsign": m.callsign,
            "dimensions": dimensions(m.dimensions)}),
        Message::LongRange(m) => json!({"accuracy": m.accuracy, "raim": m.raim, "status": m.status,
            "position": position(m.position), "speed": m.speed, "course": m.course, "gnss": m.gnss}),
        Message::Other(_) => json!({}),
    };
    let mut fields = Fields::new();
    flatten(head, &mut fields);
    flatten(rest, &mut fields);
    fields
}

/// Whether `message` is of a type that is taken apart no further than its header.
pub(super) fn is_header_only(message: &Message) -> bool {
    matches!(message, Message::Other(_))
}

fn position(position: Position) -> Value {
    json!({"lon": position.lon, "lat": position.lat})
}

fn dimensions(size: Dimensions) -> Value {
    json!({"to_bow": size.to_bow, "to_stern": size.to_stern, "to_port": size.to_port,
        "to_starboard": size.to_starboard})
}

fn flatten(value: Value, into: &mut Fields) {
    let Value::Object(members) = value else { unreachable!("made of objects above") };
    for (name, value) in members {
        if value.is_object() {
            flatten(value, into);
        } else {
            into.insert(String::leak(name), value);
        }
    }
}

/// One of our raw values as a number, whole or truth.
pub(super) fn number(fields: &Fields, name: &str) -> f64 {
    match fields.get(name) {
        Some(Value::Bool(truth)) => f64::from(u8::from(*truth)),
        Some(value) => value.as_f64().unwrap_or_else(|| panic!("{name} is no number: {value}")),
        None => panic!("no field {name} in {fields:?}"),
    }
}
