//! The agreement's class tree: its own names for what is watched, down to the classes that sensors report.
//!
//! In: the tables of classes, and lists of names. Out: for each name the sensors' classes it stands for. What sensors
//! cannot tell apart counts for each of its names: a node's probability is the sum of its leaves' probabilities.

use std::sync::Arc;

use super::{Lists, id};
use crate::config::error::{Report, join};
use crate::config::raw::agreement::ClassWord;
use crate::config::raw::leaf::{Id, Word, Words};
use crate::config::raw::leave::ClassNode as Raw;
use crate::scan::Class;
use crate::watch::agreement::ClassNode;

/// What a list of classes stands for.
#[derive(Default)]
pub(super) struct Named {
    /// The sensors' classes, in the order of their names.
    pub(super) classes: Vec<Class>,
    /// The agreement's own names among those given.
    pub(super) nodes: Vec<Arc<str>>,
}

impl Lists<'_> {
    fn nodes(&self) -> &[Raw] {
        self.raw.classes.as_deref().unwrap_or_default()
    }

    /// Every class of the agreement's own.
    pub(super) fn class_tree(&self, report: &mut Report) -> Vec<Option<ClassNode>> {
        let nodes = self.nodes().iter().enumerate();
        nodes.map(|(index, node)| self.class_node(index, node, report)).collect()
    }

    fn class_node(&self, index: usize, node: &Raw, report: &mut Report) -> Option<ClassNode> {
        let (own, at) = (node.id.as_ref()?, &format!("classes[{index}]"));
        let earlier = self.nodes().iter().take(index).filter_map(|node| node.id.as_ref());
        if !sensed(own).is_empty() {
            report.refuse(&join(at, "id"), "a name that no class of the sensors has");
            return None;
        }
        let includes = node.includes.as_deref().unwrap_or_default();
        for (index, included) in includes.iter().enumerate() {
            let at = format!("{}[{index}]", join(at, "includes"));
            if self.node(included).is_none() {
                let expected = format!("the id of a class of this agreement: {}", self.node_names());
                report.refuse(&at, expected);
                return None;
            }
            if self.reaches(included, own, &mut Vec::new()) {
                // A circle is told once, by its first.
                let told = |one: &Id| {
                    self.reaches(own, one, &mut Vec::new()) && self.reaches(one, own, &mut Vec::new())
                };
                if earlier.clone().any(told) {
                    return None;
                }
                report.refuse(&at, format!("a class that does not itself include `{}`", own.0));
                return None;
            }
        }
        let leaves = self.leaves(own);
        if leaves.is_empty() {
            let expected = "what sensors report it as, or in `includes` classes of which that is known";
            report.refuse(&join(at, "sensed_as"), expected);
            return None;
        }
        Some(ClassNode { id: id(own), includes: includes.iter().map(id).collect(), leaves })
    }

    /// What a list of names, of sensors' classes and of the agreement's own, stands for.
    pub(super) fn named(&self, names: Option<&[Id]>, at: &str, report: &mut Report) -> Option<Named> {
        let (mut named, mut is_good) = (Named::default(), true);
        for (index, name) in names.unwrap_or_default().iter().enumerate() {
            let mut found = sensed(name).to_vec();
            if self.node(name).is_some() {
                named.nodes.push(id(name));
                found = self.leaves(name);
            } else if found.is_empty() {
                let words: Vec<_> = ClassWord::ALL.iter().map(|word| word.word()).collect();
                let own = if self.nodes().is_empty() {
                    "; or a class declared under [[classes]]".to_owned()
                } else {
                    format!("; or a class of this agreement: {}", self.node_names())
                };
                let expected = format!("one of {}{own}", words.join(", "));
                report.refuse(&format!("{at}[{index}]"), expected);
                is_good = false;
            }
            for class in found {
                if !named.classes.contains(&class) {
                    named.classes.push(class);
                }
            }
        }
        is_good.then_some(named)
    }

    /// The sensors' classes that a node and all below it stand for, ascending.
    fn leaves(&self, name: &Id) -> Vec<Class> {
        let (mut leaves, mut seen, mut open) = (Vec::new(), Vec::new(), vec![name]);
        while let Some(next) = open.pop() {
            if seen.contains(&next) {
                continue;
            }
            seen.push(next);
            let Some(node) = self.node(next) else { continue };
            leaves.extend(node.sensed_as.iter().flatten().flat_map(|Word(word)| word.classes()));
            open.extend(node.includes.iter().flatten());
        }
        leaves.sort_unstable();
        leaves.dedup();
        leaves
    }

    /// Whether a node is, or includes at any depth, another.
    fn reaches<'a>(&'a self, from: &'a Id, to: &Id, seen: &mut Vec<&'a Id>) -> bool {
        if from == to {
            return true;
        }
        if seen.contains(&from) {
            return false;
        }
        seen.push(from);
        let includes = self.node(from).and_then(|node| node.includes.as_deref()).unwrap_or_default();
        includes.iter().any(|included| self.reaches(included, to, seen))
    }

    fn node(&self, name: &Id) -> Option<&Raw> {
        self.nodes().iter().find(|node| node.id.as_ref() == Some(name))
    }

    fn node_names(&self) -> String {
        super::ids(self.nodes().iter().map(|node| &node.id))
    }
}

fn sensed(name: &Id) -> &'static [Class] {
    Class::named(&name.0)
}
