//! The simulated network: a broker that keeps a session, datagrams that do as they like, and the sinks' far ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use linewatch::record::Body;

use super::dice::Dice;

/// A broker with one subscriber's persistent session at QoS 1. Every packet has the lowest number that is free
/// on its connection, so that an acknowledgement that comes by another acknowledges another message.
#[derive(Default)]
pub(crate) struct Broker {
    waiting: VecDeque<(u64, Body)>,
    unacknowledged: VecDeque<(u64, Body)>,
    /// The messages of this connection's packets.
    packets: BTreeMap<u64, u64>,
    next: u64,
    connection: Option<u64>,
    connections: u64,
    /// Messages whose PUBACK came.
    pub(crate) acknowledged: BTreeMap<u64, Body>,
    /// Nobody gets through.
    pub(crate) partitioned: bool,
    /// Copies delivered beside the original, and messages delivered again by a later connection.
    pub(crate) duplicates: u64,
    pub(crate) redelivered: u64,
}

/// One publish on its way to the subscriber.
pub(crate) struct Publish {
    /// Its packet's number on this connection.
    pub(crate) token: u64,
    /// Which message it is.
    pub(crate) message: u64,
    pub(crate) body: Body,
}

impl Broker {
    pub(crate) fn publish(&mut self, body: Body) {
        self.waiting.push_back((self.next, body));
        self.next += 1;
    }

    /// A new connection of the subscriber: what it had not acknowledged comes again, first.
    pub(crate) fn connect(&mut self) -> Option<u64> {
        if self.partitioned {
            return None;
        }
        self.redelivered += self.unacknowledged.len() as u64;
        while let Some(message) = self.unacknowledged.pop_back() {
            self.waiting.push_front(message);
        }
        self.packets.clear();
        self.connections += 1;
        self.connection = Some(self.connections);
        self.connection
    }

    pub(crate) fn disconnect(&mut self) {
        self.connection = None;
    }

    pub(crate) fn is_connected(&self, connection: Option<u64>) -> bool {
        connection.is_some() && self.connection == connection
    }

    /// The broker loses all it held for the subscriber.
    pub(crate) fn lose_session(&mut self) {
        self.disconnect();
        self.waiting.clear();
        self.unacknowledged.clear();
    }

    /// What the connection brings now, now and then one twice.
    pub(crate) fn deliver(&mut self, most: usize, dice: &mut Dice) -> Vec<Publish> {
        let mut brought = Vec::new();
        while brought.len() < most && self.unacknowledged.len() < 1_000 {
            let Some((message, body)) = self.waiting.pop_front() else { break };
            let copies = 1 + u64::from(dice.once_in(200));
            self.duplicates += copies - 1;
            for _ in 0..copies {
                let token = (1..).find(|id| !self.packets.contains_key(id)).unwrap();
                self.packets.insert(token, message);
                brought.push(Publish { token, message, body: body.clone() });
            }
            self.unacknowledged.push_back((message, body));
        }
        brought
    }

    /// A PUBACK that came by `connection`; the message it was for.
    pub(crate) fn puback(&mut self, connection: u64, token: u64) -> Option<(u64, &Body)> {
        if self.connection != Some(connection) {
            return None;
        }
        let message = self.packets.remove(&token)?;
        let at = self.unacknowledged.iter().position(|(id, _)| *id == message)?;
        let (id, body) = self.unacknowledged.remove(at)?;
        Some((id, self.acknowledged.entry(id).or_insert(body)))
    }
}

/// Datagrams on their way: some lost, some twice, some overtaken.
#[derive(Default)]
pub(crate) struct Datagrams {
    under_way: BTreeMap<(u64, u64), Body>,
    sent: u64,
    pub(crate) lost: u64,
    pub(crate) doubled: u64,
}

impl Datagrams {
    pub(crate) fn send(&mut self, now_ms: u64, body: &Body, dice: &mut Dice) {
        let (lost, doubled) = (dice.once_in(50), dice.once_in(50));
        self.lost += u64::from(lost);
        self.doubled += u64::from(doubled && !lost);
        for _ in 0..if lost { 0 } else { 1 + u64::from(doubled) } {
            self.sent += 1;
            self.under_way.insert((now_ms + dice.below(400), self.sent), body.clone());
        }
    }

    pub(crate) fn arrive(&mut self, now_ms: u64) -> Vec<Body> {
        let later = self.under_way.split_off(&(now_ms + 1, 0));
        std::mem::replace(&mut self.under_way, later).into_values().collect()
    }
}

/// How a far end is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    #[default]
    Well,
    /// Cannot be reached.
    Gone,
    /// Answers that it is unwell.
    Unwell,
    /// Takes it, and the answer is lost.
    Mute,
    /// Is well, and refuses a third of what it is offered for good.
    Picky,
}

impl Mood {
    pub(crate) const ALL: [Self; 5] = [Self::Well, Self::Gone, Self::Unwell, Self::Mute, Self::Picky];
}

/// What one sink's far end has got: the content of every copy.
#[derive(Default)]
pub(crate) struct FarEnd {
    pub(crate) mood: Mood,
    pub(crate) got: BTreeSet<Arc<str>>,
    pub(crate) copies: u64,
    pub(crate) beats: u64,
}

impl FarEnd {
    pub(crate) fn take(&mut self, body: &Arc<str>) {
        if body.contains(r#""kind":"dead_man""#) {
            self.beats += 1;
            return;
        }
        self.copies += 1;
        self.got.insert(Arc::clone(body));
    }

    /// Whether it will have this one.
    pub(crate) fn refuses(&self, body: &str) -> bool {
        let sum = body.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(byte.into()));
        self.mood == Mood::Picky && sum % 3 == 0
    }
}
