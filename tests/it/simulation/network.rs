//! The simulated network: a broker that keeps a session, datagrams that do as they like, and two far ends.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use linewatch::record::Body;

use super::dice::Dice;

/// A broker with one subscriber's persistent session at QoS 1.
#[derive(Default)]
pub(crate) struct Broker {
    waiting: VecDeque<(u64, Body)>,
    unacknowledged: VecDeque<(u64, Body)>,
    next: u64,
    connection: Option<u64>,
    connections: u64,
    /// Messages whose PUBACK came.
    pub(crate) acknowledged: BTreeMap<u64, Body>,
    /// Nobody gets through.
    pub(crate) partitioned: bool,
    /// Copies delivered beside the original.
    pub(crate) duplicates: u64,
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
        while let Some(message) = self.unacknowledged.pop_back() {
            self.waiting.push_front(message);
        }
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

    /// What the connection brings now: tokens and bodies, now and then one twice.
    pub(crate) fn deliver(&mut self, most: usize, dice: &mut Dice) -> Vec<(u64, Body)> {
        let mut brought = Vec::new();
        while brought.len() < most && self.unacknowledged.len() < 1_000 {
            let Some(message) = self.waiting.pop_front() else { break };
            brought.push(message.clone());
            if dice.once_in(200) {
                brought.push(message.clone());
                self.duplicates += 1;
            }
            self.unacknowledged.push_back(message);
        }
        brought
    }

    /// A PUBACK that came by `connection`.
    pub(crate) fn puback(&mut self, connection: u64, token: u64) {
        if self.connection != Some(connection) {
            return;
        }
        if let Some(at) = self.unacknowledged.iter().position(|(id, _)| *id == token)
            && let Some((id, body)) = self.unacknowledged.remove(at)
        {
            self.acknowledged.insert(id, body);
        }
    }
}

/// Datagrams on their way: some lost, some twice, some overtaken.
#[derive(Default)]
pub(crate) struct Datagrams(BTreeMap<(u64, u64), Body>, u64);

impl Datagrams {
    pub(crate) fn send(&mut self, now_ms: u64, body: &Body, dice: &mut Dice) {
        let copies = if dice.once_in(50) { 0 } else { 1 + usize::from(dice.once_in(50)) };
        for _ in 0..copies {
            self.1 += 1;
            self.0.insert((now_ms + dice.below(400), self.1), body.clone());
        }
    }

    pub(crate) fn arrive(&mut self, now_ms: u64) -> Vec<Body> {
        let later = self.0.split_off(&(now_ms + 1, 0));
        std::mem::replace(&mut self.0, later).into_values().collect()
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
}

/// What one sink's far end has got: the bytes of every copy.
#[derive(Default)]
pub(crate) struct FarEnd {
    pub(crate) mood: Mood,
    pub(crate) got: BTreeSet<Arc<str>>,
    pub(crate) copies: u64,
}

impl FarEnd {
    pub(crate) fn take(&mut self, body: &Arc<str>) {
        self.copies += 1;
        self.got.insert(Arc::clone(body));
    }
}
