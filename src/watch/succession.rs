//! Alerts follow the lineage: what one track was known to have done is known of the one that it turns out to be.
//!
//! In: links of the tracker. Out: notices, where an alert now rests on another track, or where a line was crossed in the
//! gap. Knows how the other parts of the watch remember a track; judges nothing itself.
//!
//! A track that continues a lost one takes over its side of every line, so that whoever goes into a shadow on the one
//! side and comes out on the other has crossed; its raised stays; and its alerts. A track that another was merged into
//! takes over what the other knew and did: it neither says it again nor is anything cleared. What has parted from
//! another begins anew: it has done nothing yet.

use super::Watch;
use super::book::Subject;
use crate::fusion::{Descent, Kinship, Paths, TrackView};
use crate::time::Timestamp;
use crate::watch::agreement::RuleKind;
use crate::watch::alert::Notice;

impl Watch {
    /// Two tracks are one: `heir`, the one that lives, takes over what is known of the other.
    pub fn follow(
        &mut self,
        now: Timestamp,
        link: &Descent,
        heir: &TrackView<'_>,
        paths: &impl Paths,
        out: &mut Vec<Notice>,
    ) {
        let before = match link.kinship {
            Kinship::Continues => link.of,
            Kinship::MergedInto => link.track,
            Kinship::SplitFrom => return,
        };
        if !super::is_sound(heir) {
            return;
        }
        let open = self.book.follow(before, heir.id, out);
        self.doubts.renamed(before, heir.id);
        for rule in open {
            let subject = Subject { track: Some(heir.id), rule };
            match self.rules.get(rule).map(|rule| &rule.kind) {
                Some(RuleKind::Presence { .. }) => self.presence.adopt(subject),
                Some(RuleKind::Approach { .. }) => self.approaches.adopt(now, subject),
                _ => {}
            }
        }
        self.loiter.follow(before, heir.id);
        self.surges.follow(before, heir.id);
        self.gatherings.follow(before, heir.id);
        self.unsaid.follow(before, heir.id);
        self.terms.follow(before, heir.id);
        let bias = self.sensors.bias(heir);
        let mut crossings = Vec::new();
        for (&line, crossing) in &mut self.lines {
            if link.kinship == Kinship::MergedInto {
                crossing.absorb(heir.id, before);
            } else if let Some(crossed) = crossing.resume(heir, before, link.last.as_ref(), bias) {
                crossings.push((line, crossed));
            }
        }
        for (line, crossed) in crossings {
            self.passed(line, now, heir, &crossed, paths, out);
        }
    }
}
