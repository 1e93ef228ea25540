//! Serial ports and UDP sockets: whose they are, and that what arrives can be told apart.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use super::{repeated, socket_address};
use crate::config::error::{Report, join};
use crate::config::raw::leaf::{Id, Text, Word};
use crate::config::raw::{Installation, Sensor, Serial, Udp};
use crate::sensor::{Format, SensorId};
use crate::sources::{serial, udp};

/// The ports.
pub(super) fn serial(raw: &[Serial], sensors: &[Sensor], report: &mut Report) -> Vec<serial::Settings> {
    for index in repeated(raw.iter().map(|port| port.device.as_ref())) {
        report.refuse(&format!("serial[{index}].device"), "a device no other [[serial]] opens");
    }
    for index in repeated(raw.iter().map(|port| port.sensor.as_ref())) {
        report.refuse(&format!("serial[{index}].sensor"), "a sensor no other [[serial]] carries");
    }
    let one = |(index, port): (usize, &Serial)| {
        let at = format!("serial[{index}]");
        let device = device(port.device.as_ref(), &at, report);
        let at_sensor = join(&at, "sensor");
        let sensor = named(port.sensor.as_ref()?, sensors, &at_sensor, report)?;
        let format = format_of(sensor);
        if format == Format::Asterix {
            report.refuse(
                &at_sensor,
                "a sensor of format json, nmea or frame: a serial line cannot carry asterix",
            );
        }
        Some(serial::Settings {
            device: device?,
            baud: port.baud.map_or(38_400, |baud| baud.0),
            sensor: SensorId::new(&sensor.id.as_ref()?.0)?,
            format,
        })
    };
    raw.iter().enumerate().filter_map(one).collect()
}

fn device(raw: Option<&Text>, at: &str, report: &mut Report) -> Option<PathBuf> {
    let device = PathBuf::from(&raw?.0);
    if !device.is_absolute() {
        report.refuse(&join(at, "device"), "an absolute path, best one under /dev/serial/by-id/");
        return None;
    }
    Some(device)
}

fn named<'a>(id: &Id, sensors: &'a [Sensor], at: &str, report: &mut Report) -> Option<&'a Sensor> {
    let sensor = sensors.iter().find(|sensor| sensor.id.as_ref() == Some(id));
    if sensor.is_none() {
        report.refuse(at, "the id of one of [[sensors]]");
    }
    sensor
}

fn format_of(sensor: &Sensor) -> Format {
    sensor.format.map_or(Format::Json, |Word(format)| format)
}

/// The sockets: entries with one listen address become one socket.
pub(super) fn udp(raw: &[Udp], sensors: &[Sensor], report: &mut Report) -> Vec<udp::Settings> {
    for index in repeated(raw.iter().map(|entry| entry.sensor.as_ref())) {
        report.refuse(&format!("udp[{index}].sensor"), "a sensor no other [[udp]] carries");
    }
    let mut sockets: Vec<udp::Settings> = Vec::new();
    for (index, entry) in raw.iter().enumerate() {
        let at = format!("udp[{index}]");
        let Some(one) = socket(entry, sensors, &at, report) else { continue };
        match sockets.iter_mut().find(|socket| socket.listen == one.listen) {
            Some(shared) => share(shared, one, &at, report),
            None => sockets.push(one),
        }
    }
    for (index, entry) in raw.iter().enumerate() {
        refuse_nameless(index, entry, &sockets, report);
    }
    sockets
}

fn socket(entry: &Udp, sensors: &[Sensor], at: &str, report: &mut Report) -> Option<udp::Settings> {
    let listen = entry.listen.as_ref().and_then(|listen| socket_address(listen, &join(at, "listen"), report));
    let group = entry.group.as_ref().and_then(|group| group_address(group, &join(at, "group"), report));
    let sensor = named(entry.sensor.as_ref()?, sensors, &join(at, "sensor"), report)?;
    let listen = listen?;
    if group.is_some() && matches!(listen.ip(), IpAddr::V6(_)) {
        report.refuse(&join(at, "listen"), "an IPv4 address, as the group is one");
    }
    let identity = sensor.sac_sic.map(|identity| identity.0);
    Some(udp::Settings { listen, group, sensors: vec![(SensorId::new(&sensor.id.as_ref()?.0)?, identity)] })
}

fn group_address(text: &Text, at: &str, report: &mut Report) -> Option<Ipv4Addr> {
    let group = text.0.parse().ok().filter(Ipv4Addr::is_multicast);
    if group.is_none() {
        report.refuse(at, "an IPv4 multicast address, 224.0.0.0 to 239.255.255.255");
    }
    group
}

fn share(shared: &mut udp::Settings, one: udp::Settings, at: &str, report: &mut Report) {
    if shared.group != one.group {
        report.refuse(&join(at, "group"), "the same group as the other entry with this `listen`");
    }
    let is_taken = |identity| shared.sensors.iter().any(|(_, taken)| *taken == identity);
    if one.sensors.iter().any(|(_, identity)| identity.is_some() && is_taken(*identity)) {
        let expected = "a sensor with a sac_sic of its own: another [[udp]] listens there too";
        report.refuse(&join(at, "sensor"), expected);
    }
    shared.sensors.extend(one.sensors);
}

/// On a shared socket only the ASTERIX source identity tells who speaks.
fn refuse_nameless(index: usize, entry: &Udp, sockets: &[udp::Settings], report: &mut Report) {
    let Some(id) = entry.sensor.as_ref() else { return };
    let mut shared = sockets.iter().filter(|socket| socket.sensors.len() > 1);
    if shared.any(|socket| {
        socket.sensors.iter().any(|(sensor, identity)| sensor.as_str() == id.0 && identity.is_none())
    }) {
        report.refuse(
            &format!("udp[{index}].sensor"),
            "a sensor with sac_sic: another [[udp]] listens there too, and only that tells them apart",
        );
    }
}

/// A sensor without any link can only be replayed: allowed, but worth saying once there are links at all.
pub(super) fn remark_unreachable(raw: &Installation, report: &mut Report) {
    if raw.mqtt.is_some() || (raw.serial.is_none() && raw.udp.is_none()) {
        return;
    }
    let serial = raw.serial.iter().flatten().filter_map(|port| port.sensor.as_ref());
    let udp = raw.udp.iter().flatten().filter_map(|entry| entry.sensor.as_ref());
    let reached: BTreeSet<_> = serial.chain(udp).collect();
    for id in raw.sensors.iter().flatten().filter_map(|sensor| sensor.id.as_ref()) {
        if !reached.contains(id) {
            report.remark(format!("sensor {}: no [mqtt], [[serial]] or [[udp]] carries it", id.0));
        }
    }
}
