//! What ships have said about themselves: names and types, remembered for their position reports.
//!
//! In: AIS messages with names, types and call signs. Out: one [`Ship`] per MMSI. Holds at most [`MAX_SHIPS`]; when
//! full, the quarter that was heard longest ago goes, so that a flood of invented MMSIs costs little per message.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::ais::Message;
use crate::time::Timestamp;

/// Ships remembered at once: more than one antenna can hear.
pub const MAX_SHIPS: usize = 8_192;

/// What is known about one MMSI.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ship {
    /// `mmsi:` and nine digits.
    pub identity: Arc<str>,
    /// Its name, if it was given.
    pub name: Option<String>,
    /// Its call sign, if it was given.
    pub callsign: Option<String>,
    /// Its ship and cargo type, if it was given and not 0.
    pub ship_type: Option<u8>,
    heard: Timestamp,
}

/// All of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Ships {
    by_mmsi: BTreeMap<u32, Ship>,
}

impl Ships {
    pub(super) fn get(&self, mmsi: u32) -> Option<&Ship> {
        self.by_mmsi.get(&mmsi)
    }

    /// Learns what `message` says; gives what is now known about its sender.
    pub(super) fn learn(&mut self, heard: Timestamp, message: &Message) -> &Ship {
        let mmsi = message.header().mmsi;
        if self.by_mmsi.len() >= MAX_SHIPS && !self.by_mmsi.contains_key(&mmsi) {
            self.forget_a_quarter();
        }
        let ship = self.by_mmsi.entry(mmsi).or_insert_with(|| Ship {
            identity: format!("mmsi:{mmsi:09}").into(),
            name: None,
            callsign: None,
            ship_type: None,
            heard,
        });
        ship.heard = heard;
        match message {
            Message::Voyage(voyage) => {
                ship.set(Some(&voyage.ship_name), Some(&voyage.callsign), Some(voyage.ship_type));
            }
            Message::ClassBExtended(report) => {
                ship.set(Some(&report.ship_name), None, Some(report.ship_type));
            }
            Message::NamePart(part) => ship.set(Some(&part.ship_name), None, None),
            Message::CraftPart(part) => ship.set(None, Some(&part.callsign), Some(part.ship_type)),
            _ => {}
        }
        ship
    }

    fn forget_a_quarter(&mut self) {
        let mut heard: Vec<_> = self.by_mmsi.iter().map(|(mmsi, ship)| (ship.heard, *mmsi)).collect();
        heard.sort_unstable();
        for (_, mmsi) in heard.iter().take(MAX_SHIPS / 4) {
            self.by_mmsi.remove(mmsi);
        }
    }
}

impl Ship {
    /// Replaces what is said; empty texts and type 0 mean "not available".
    fn set(&mut self, name: Option<&String>, callsign: Option<&String>, ship_type: Option<u8>) {
        for (place, said) in [(&mut self.name, name), (&mut self.callsign, callsign)] {
            if let Some(text) = said.filter(|text| !text.is_empty()) {
                place.replace(text.clone());
            }
        }
        self.ship_type = ship_type.filter(|kind| *kind != 0).or(self.ship_type);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ais::Header;
    use super::*;

    #[test]
    fn a_flood_of_names_forgets_the_oldest_first() {
        let mut ships = Ships::default();
        let flood = u32::try_from(MAX_SHIPS).unwrap() * 3;
        for mmsi in 1..=flood {
            let header = Header { kind: 8, repeat: 0, mmsi };
            ships.learn(Timestamp::from_secs(i64::from(mmsi)), &Message::Other(header));
            assert!(ships.by_mmsi.len() <= MAX_SHIPS);
        }
        assert!(ships.get(1).is_none());
        assert_eq!(&*ships.get(flood).unwrap().identity, "mmsi:000024576");
    }
}
