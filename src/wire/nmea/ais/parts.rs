//! Sentences to messages: the envelope of VDM and VDO, and messages that come in several sentences.
//!
//! In: checked sentences with the time they came. Out: a [`Received`] message when its last part is in. Holds at most
//! [`MAX_OPEN`] unfinished messages, none longer than [`MAX_AGE`].
//!
//! Source: IEC 61162-1, sentences VDM and VDO: total, number, sequential id, channel, payload, fill bits.

use serde::{Deserialize, Serialize};

use super::super::sentence::{Fields, Sentence, bad_field};
use super::super::tag::Tag;
use super::super::{BAD_PAYLOAD, INCOMPLETE_MESSAGE};
use super::{Bits, Message};
use crate::time::{Span, Timestamp};
use crate::wire::Rejection;

/// Unfinished messages kept at once: ten sequence numbers on two channels from a few stations.
const MAX_OPEN: usize = 64;
/// A message whose parts lie further apart has lost one: receivers send them back to back.
const MAX_AGE: Span = Span::from_secs(10);
/// Most sentences a message can have: one digit.
const MAX_PARTS: u16 = 9;

/// A whole message and how it came.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// What it says.
    pub message: Message,
    /// From VDO: the receiver's own ship speaks.
    pub own_ship: bool,
    /// The first relay's stamp among its sentences.
    pub stamp: Option<Timestamp>,
}

/// Which unfinished message a part belongs to. A TAG group names it without doubt; else talker, sequential id and
/// channel must do, of which any may be empty.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Key {
    own_ship: bool,
    talker: [u8; 2],
    group: Option<u32>,
    sequence: Option<u16>,
    channel: String,
    total: u16,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Open {
    key: Key,
    since: Timestamp,
    stamp: Option<Timestamp>,
    parts: Vec<Option<String>>,
    fill: u8,
}

/// Puts messages together.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Reader {
    /// Oldest first.
    open: Vec<Open>,
    #[serde(skip)]
    bits: Bits,
}

/// A VDM's or VDO's fields.
struct Envelope<'a> {
    total: u16,
    number: u16,
    sequence: Option<u16>,
    channel: &'a str,
    payload: &'a str,
    fill: u8,
}

impl<'a> Envelope<'a> {
    /// Fields behind the fill bits are passed over: some chart plotters add the message's own fill bits after the
    /// sentence's.
    fn read(mut fields: Fields<'a>) -> Result<Self, Rejection> {
        let total = fields.count("total", MAX_PARTS)?.filter(|total| *total > 0);
        let total = total.ok_or_else(|| bad_field("total", "0"))?;
        let number = fields.count("number", total)?.filter(|number| *number > 0);
        let number = number.ok_or_else(|| bad_field("number", "0"))?;
        let sequence = fields.count("sequence", 9)?;
        let channel = fields.text();
        let payload = fields.text();
        let fill = fields.count("fill bits", 5)?.unwrap_or(0);
        if payload.is_empty() {
            return Err(Rejection::new(BAD_PAYLOAD, "empty"));
        }
        Ok(Self { total, number, sequence, channel, payload, fill: u8::try_from(fill).unwrap_or(5) })
    }
}

impl Reader {
    /// Takes one VDM or VDO received at `received`; gives the message that it completes, if it does. Messages given up
    /// for lack of a part are put into `lost`.
    ///
    /// # Errors
    /// `bad_field` (envelope), `bad_payload` (armour), `short_payload` (message).
    pub fn read(
        &mut self,
        received: Timestamp,
        tag: Tag,
        sentence: &Sentence<'_>,
        lost: &mut Vec<Rejection>,
    ) -> Result<Option<Received>, Rejection> {
        let envelope = Envelope::read(sentence.fields())?;
        let own_ship = sentence.kind == "VDO";
        self.bits.clear();
        if envelope.total == 1 {
            self.bits.push(envelope.payload, envelope.fill)?;
            return Ok(Some(Received { message: Message::decode(&self.bits)?, own_ship, stamp: tag.time }));
        }
        // Refused before it can spoil the other parts.
        self.bits.push(envelope.payload, 0)?;
        self.give_up(received, lost);
        let [first, second, ..] = sentence.talker.as_bytes() else { return Err(bad_field("talker", "")) };
        let key = Key {
            own_ship,
            talker: [*first, *second],
            group: tag.group,
            sequence: envelope.sequence,
            channel: envelope.channel.to_owned(),
            total: envelope.total,
        };
        let Some(whole) = self.put(received, tag, key, &envelope, lost) else { return Ok(None) };
        self.bits.clear();
        for part in whole.parts.iter().flatten() {
            self.bits.push(part, whole.fill)?;
        }
        Ok(Some(Received { message: Message::decode(&self.bits)?, own_ship, stamp: whole.stamp }))
    }

    /// Files one part; gives the message if it was the last that was missing.
    fn put(
        &mut self,
        received: Timestamp,
        tag: Tag,
        key: Key,
        part: &Envelope<'_>,
        lost: &mut Vec<Rejection>,
    ) -> Option<Open> {
        let slot = usize::from(part.number - 1);
        // A part that is there already belongs to the next message under the same number: the older one is lost.
        let free = |open: &Open| open.parts.get(slot).is_some_and(Option::is_none);
        let mut at = self.open.iter().position(|open| open.key == key);
        if let Some(taken) = at.filter(|at| !self.open.get(*at).is_some_and(free)) {
            lost.push(given_up(&self.open.remove(taken)));
            at = None;
        }
        if at.is_none() {
            if self.open.len() >= MAX_OPEN {
                lost.push(given_up(&self.open.remove(0)));
            }
            let parts = vec![None; usize::from(key.total)];
            self.open.push(Open { key, since: received, stamp: None, parts, fill: 0 });
        }
        let at = at.unwrap_or(self.open.len() - 1);
        let open = self.open.get_mut(at)?;
        open.stamp = open.stamp.or(tag.time);
        *open.parts.get_mut(slot)? = Some(part.payload.to_owned());
        if part.number == part.total {
            open.fill = part.fill;
        }
        open.parts.iter().all(Option::is_some).then(|| self.open.remove(at))
    }

    fn give_up(&mut self, received: Timestamp, lost: &mut Vec<Rejection>) {
        self.open.retain(|open| {
            let kept = received.since(open.since) <= MAX_AGE;
            if !kept {
                lost.push(given_up(open));
            }
            kept
        });
    }
}

fn given_up(open: &Open) -> Rejection {
    let present = open.parts.iter().flatten().count();
    let detail = format!("{present} of {} parts of sequence {:?}", open.key.total, open.key.sequence);
    Rejection::new(INCOMPLETE_MESSAGE, detail)
}

#[cfg(test)]
mod tests {
    use super::super::super::sentence::Line;
    use super::*;

    const FIRST: &str = "2,1,1,A,55R3Vn82=ILTQ3KKS>1<D60Dq@E918U<F222221J1`?164vc03S1CCAD,0";
    const SECOND: &str = "2,2,1,A,`88888888888880,2";

    #[derive(Default)]
    struct Bench {
        reader: Reader,
        lost: Vec<Rejection>,
    }

    impl Bench {
        /// What comes of `AIVDM,{fields}` at `secs`: a type, nothing yet, or a reason.
        fn read(&mut self, secs: i64, tag: &str, fields: &str) -> Result<Option<u8>, &'static str> {
            let summed = |text: &str| format!("{text}*{:02X}", text.bytes().fold(0, |sum, b| sum ^ b));
            let tag = if tag.is_empty() { String::new() } else { format!("\\{}\\", summed(tag)) };
            let text = format!("{tag}!{}", summed(&format!("AIVDM,{fields}")));
            let line = Line::parse(text.as_bytes()).unwrap();
            let received = Timestamp::from_secs(secs);
            self.reader
                .read(received, line.tag, &line.sentence.unwrap(), &mut self.lost)
                .map(|whole| whole.map(|whole| whole.message.header().kind))
                .map_err(|refused| refused.reason)
        }
    }

    #[test]
    fn parts_meet_in_any_order() {
        let mut bench = Bench::default();
        assert_eq!(bench.read(0, "", FIRST), Ok(None));
        assert_eq!(bench.read(1, "", SECOND), Ok(Some(5)));
        assert_eq!(bench.read(2, "", SECOND), Ok(None));
        assert_eq!(bench.read(3, "", FIRST), Ok(Some(5)));
        assert!(bench.lost.is_empty() && bench.reader.open.is_empty());
    }

    #[test]
    fn other_channels_sequences_and_groups_stay_apart() {
        for (tag, other) in [
            ("", SECOND.replace(",A,", ",B,")),
            ("", SECOND.replace("2,2,1", "2,2,2")),
            ("g:2-2-8", SECOND.to_owned()),
        ] {
            let mut bench = Bench::default();
            assert_eq!(bench.read(0, "g:1-2-7", FIRST), Ok(None));
            assert_eq!(bench.read(0, tag, &other), Ok(None));
            assert_eq!(bench.read(0, "g:2-2-7", SECOND), Ok(Some(5)));
        }
    }

    #[test]
    fn a_lost_part_is_counted_and_never_completed_by_another_message() {
        let mut bench = Bench::default();
        assert_eq!(bench.read(0, "", FIRST), Ok(None));
        assert_eq!(bench.read(1, "", FIRST), Ok(None));
        assert_eq!(bench.lost.len(), 1);
        assert_eq!(bench.read(12, "", SECOND), Ok(None));
        assert_eq!(bench.lost.len(), 2);
        assert!(bench.lost.iter().all(|lost| lost.reason == INCOMPLETE_MESSAGE));
    }

    #[test]
    fn the_table_is_bounded() {
        let mut bench = Bench::default();
        for group in 0..10 * MAX_OPEN {
            assert_eq!(bench.read(0, &format!("g:1-2-{group}"), FIRST), Ok(None));
        }
        assert_eq!((bench.reader.open.len(), bench.lost.len()), (MAX_OPEN, 9 * MAX_OPEN));
    }

    #[test]
    fn an_envelope_that_cannot_be_is_refused() {
        for bad in ["0,1,,A,0,0", "1,2,,A,0,0", "1,0,,A,0,0", "x,1,,A,0,0", "1,1,,A,0,6", "2,1,10,A,0,0", ""]
        {
            assert_eq!(Bench::default().read(0, "", bad), Err(super::super::super::BAD_FIELD), "{bad}");
        }
        assert_eq!(Bench::default().read(0, "", "1,1,,A,,0"), Err(BAD_PAYLOAD));
        assert_eq!(Bench::default().read(0, "", "1,1,,A,1,0"), Err(super::super::super::SHORT_PAYLOAD));
        assert_eq!(Bench::default().read(0, "", "2,1,1,A,~,0"), Err(BAD_PAYLOAD));
    }
}
