//! What persons do, as records: one JSON object each.
//!
//! In: the bytes of an act's record. Out: what is to be done, or why it is none. Strict: a field that this act does not
//! know, or that is missing, is refused by name, for what a person meant must not be guessed. Other acts in the log (how
//! a run ended, that the clock was set back) are the daemon's own and no business of the engine.
//!
//! `{"act":"acknowledge"|"shelve"|"unshelve"|"review","alert":ID,"actor":…,"reason":…,"until":…,"verdict":"confirmed"|
//! "false_alarm"|"exempt","cause":…,"document":…}`: `reason` and `until` are what shelving needs, `verdict` what a review
//! does, with `cause` for a false alarm and `document` for what is exempt; `reason` may always be given.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Engine, Event};
use crate::time::Timestamp;
use crate::watch::life::{Act, Deed, Done, Refusal, Verdict};

/// Longest name of a person, characters.
const LONGEST_NAME: usize = 128;
/// Longest reason, cause or name of a document, characters.
const LONGEST_TEXT: usize = 2_000;
/// Longest record of an act, bytes.
pub const LONGEST_ACT: usize = 16 * 1024;

/// An act's JSON.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written {
    /// What is done.
    pub act: String,
    /// To which alert.
    pub alert: String,
    /// By whom.
    pub actor: String,
    /// Why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Until when, for shelving: RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// What it was, for a review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// What was taken for it, for a review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<String>,
    /// The document that allows it, for a review.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
}

/// What becomes of one act: told to whoever did it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Where its record stands in the log.
    pub position: u64,
    /// What it did, or why nothing.
    pub outcome: Result<Done, Refusal>,
}

/// Reads a record of an act; nothing where it is none of a person's.
///
/// # Errors
/// [`Refusal::Malformed`], which says what is wrong.
pub fn parse(bytes: &[u8]) -> Option<Result<Act, Refusal>> {
    #[derive(Deserialize)]
    struct Word {
        act: String,
    }
    let Word { act } = serde_json::from_slice(bytes).ok()?;
    if !Deed::ALL.contains(&act.as_str()) {
        return None;
    }
    let written: Result<Written, _> = serde_json::from_slice(bytes);
    Some(match written {
        Ok(written) => written.checked().map_err(Refusal::Malformed),
        Err(error) => Err(Refusal::Malformed(error.to_string())),
    })
}

impl Written {
    /// Its bytes in a record.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an act is plain texts")
    }

    /// What it means.
    ///
    /// # Errors
    /// What is wrong with it, for a person.
    pub fn checked(self) -> Result<Act, String> {
        let Self { act, alert, actor, reason, until, verdict, cause, document } = self;
        let alert = Some(alert).filter(|id| is_id(id)).ok_or("`alert`: not an alert's id, 64 hex digits")?;
        let actor = text("actor", Some(actor), LONGEST_NAME)?.ok_or("`actor`: who does it?")?;
        let reason = text("reason", reason, LONGEST_TEXT)?;
        let cause = text("cause", cause, LONGEST_TEXT)?;
        let document = text("document", document, LONGEST_TEXT)?;
        let is_review = act == "review";
        for (name, is_there) in [
            ("until", until.is_some() && act != "shelve"),
            ("verdict", verdict.is_some() && !is_review),
            ("cause", cause.is_some() && !is_review),
            ("document", document.is_some() && !is_review),
        ] {
            if is_there {
                return Err(format!(
                    "`{name}` means nothing when an alert is to be {act}d",
                    act = stem(&act)
                ));
            }
        }
        let deed = match act.as_str() {
            "acknowledge" => Deed::Acknowledge,
            "unshelve" => Deed::Unshelve,
            "shelve" => {
                let reason = reason.ok_or("`reason`: why is it to be silent?")?;
                let until = until.ok_or("`until`: when is it to return?")?;
                let until = Timestamp::parse(&until).map_err(|error| format!("`until`: {error}"))?;
                Deed::Shelve { reason, until }
            }
            "review" => review(verdict.as_deref(), cause, document)?,
            other => return Err(format!("`act`: {other:?} is none of {}", Deed::ALL.join(", "))),
        };
        Ok(Act { alert: alert.into(), actor, deed })
    }
}

fn review(
    verdict: Option<&str>,
    cause: Option<Arc<str>>,
    document: Option<Arc<str>>,
) -> Result<Deed, String> {
    let verdict = match verdict.ok_or("`verdict`: what was it?")? {
        "confirmed" => Verdict::Confirmed,
        "false_alarm" if cause.is_none() => return Err("`cause`: what was taken for it?".into()),
        "false_alarm" => Verdict::FalseAlarm,
        "exempt" if document.is_none() => return Err("`document`: which one allows it?".into()),
        "exempt" => Verdict::Exempt,
        other => return Err(format!("`verdict`: {other:?} is none of confirmed, false_alarm, exempt")),
    };
    Ok(Deed::Review { verdict, cause, document })
}

/// The word without the `e` that its participle has anyhow.
fn stem(act: &str) -> String {
    if act == "review" { "reviewe".to_owned() } else { act.to_owned() }
}

fn is_id(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Trimmed; nothing where it is absent.
fn text(name: &str, value: Option<String>, longest: usize) -> Result<Option<Arc<str>>, String> {
    let Some(value) = value else { return Ok(None) };
    let trimmed = value.trim();
    if trimmed.is_empty() {
        return Err(format!("`{name}`: is empty"));
    }
    if trimmed.chars().count() > longest {
        return Err(format!("`{name}`: longer than {longest} characters"));
    }
    if trimmed.chars().any(|c| c.is_control() && c != '\n') {
        return Err(format!("`{name}`: has characters that cannot be printed"));
    }
    Ok(Some(trimmed.into()))
}

impl Engine {
    /// Does what a person wants done.
    pub(super) fn act(&mut self, now: Timestamp, bytes: &[u8], events: &mut Vec<Event>) {
        let Some(parsed) = parse(bytes) else { return };
        let (deed, outcome) = match parsed {
            Ok(act) => (act.deed.as_str(), self.watch.act(now, &act, &mut self.notices)),
            Err(refusal) => ("unknown", Err(refusal)),
        };
        events.push(Event::Act { deed, outcome });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn read(rest: &str) -> Result<Deed, String> {
        let json = rest.replace("ID", ID);
        match parse(json.as_bytes()).expect("an act of a person") {
            Ok(act) => Ok(act.deed),
            Err(Refusal::Malformed(why)) => Err(why),
            Err(other) => panic!("{other}"),
        }
    }

    #[test]
    fn every_act_is_read() {
        assert_eq!(read(r#"{"act":"acknowledge","alert":"ID","actor":"Ada"}"#), Ok(Deed::Acknowledge));
        assert_eq!(
            read(r#"{"act":"unshelve","alert":"ID","actor":"Ada","reason":"back"}"#),
            Ok(Deed::Unshelve)
        );
        let until = Timestamp::from_secs(1_767_225_600);
        assert_eq!(
            read(
                r#"{"act":"shelve","alert":"ID","actor":"A","reason":" r ","until":"2026-01-01T00:00:00Z"}"#
            ),
            Ok(Deed::Shelve { reason: "r".into(), until })
        );
        assert_eq!(
            read(r#"{"act":"review","alert":"ID","actor":"A","verdict":"false_alarm","cause":"a cow"}"#),
            Ok(Deed::Review { verdict: Verdict::FalseAlarm, cause: Some("a cow".into()), document: None })
        );
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (json, found) in [
            (r#"{"act":"acknowledge","alert":"ID"}"#, "actor"),
            (r#"{"act":"acknowledge","alert":"ID","actor":" "}"#, "`actor`: is empty"),
            (r#"{"act":"acknowledge","alert":"7","actor":"A"}"#, "`alert`"),
            (r#"{"act":"acknowledge","alert":"ID","actor":"A","until":"x"}"#, "acknowledged"),
            (r#"{"act":"acknowledge","alert":"ID","actor":"A","extra":1}"#, "extra"),
            (r#"{"act":"acknowledge","alert":"ID","actor":"A\u0007"}"#, "printed"),
            (r#"{"act":"shelve","alert":"ID","actor":"A","until":"2026-01-01T00:00:00Z"}"#, "`reason`"),
            (r#"{"act":"shelve","alert":"ID","actor":"A","reason":"r"}"#, "`until`"),
            (r#"{"act":"shelve","alert":"ID","actor":"A","reason":"r","until":"tomorrow"}"#, "RFC 3339"),
            (r#"{"act":"review","alert":"ID","actor":"A"}"#, "`verdict`"),
            (r#"{"act":"review","alert":"ID","actor":"A","verdict":"false_alarm"}"#, "`cause`"),
            (r#"{"act":"review","alert":"ID","actor":"A","verdict":"exempt"}"#, "`document`"),
            (r#"{"act":"review","alert":"ID","actor":"A","verdict":"guilty"}"#, "guilty"),
            (r#"{"act":"unshelve","alert":"ID","actor":"A","cause":"c"}"#, "unshelved"),
        ] {
            let why = read(json).expect_err(json);
            assert!(why.contains(found), "{json}: {why}");
        }
        let long = format!(r#"{{"act":"acknowledge","alert":"ID","actor":"{}"}}"#, "é".repeat(129));
        assert!(read(&long).expect_err("too long").contains("128"));
    }

    #[test]
    fn the_daemons_own_acts_are_none_of_a_persons() {
        for bytes in [&br#"{"act":"stopped","undelivered":{}}"#[..], b"", b"{}", b"traced"] {
            assert_eq!(parse(bytes), None);
        }
    }
}
