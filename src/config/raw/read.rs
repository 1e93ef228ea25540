//! Reads TOML tables into raw types, collecting every fault instead of stopping at the first.
//!
//! serde stops at the first wrong type and loses positions, so a table is declared once with [`table!`], which makes the
//! struct, its JSON Schema and its reader from the same list of keys.

use toml::de::{DeTable, DeValue};

use crate::config::error::{Report, join};

/// A raw type that can be read from a TOML value.
pub(crate) trait FromToml: Sized {
    /// The value, or nothing once the fault is in the report.
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self>;
}

/// Declares a table: every field is an `Option`, so that one fault does not hide the others; a missing `required` one
/// has been reported when it is `None`. Keys under `later` are agreed for a later version and refused as such.
macro_rules! table {
    (
        $(#[$meta:meta])*
        $name:ident
        required { $( $(#[$need_meta:meta])* $need:ident : $need_type:ty, )* }
        optional { $( $(#[$may_meta:meta])* $may:ident : $may_type:ty, )* }
        $( later { $( $later:ident, )* } )?
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, Default, serde::Serialize, schemars::JsonSchema)]
        #[schemars(deny_unknown_fields)]
        pub(crate) struct $name {
            $( $(#[$need_meta])* #[schemars(required)] pub(crate) $need: Option<$need_type>, )*
            $( $(#[$may_meta])* #[serde(skip_serializing_if = "Option::is_none")]
               pub(crate) $may: Option<$may_type>, )*
        }

        impl $name {
            /// Every key of the table.
            pub(crate) const KEYS: &'static [&'static str] =
                &[ $( stringify!($need), )* $( stringify!($may), )* ];
            const LATER: &'static [&'static str] = &[ $( $( stringify!($later), )* )? ];
        }

        impl $crate::config::raw::read::FromToml for $name {
            fn from_toml(
                value: &toml::de::DeValue<'_>,
                at: &str,
                report: &mut $crate::config::error::Report,
            ) -> Option<Self> {
                use $crate::config::raw::read;
                let toml::de::DeValue::Table(table) = value else {
                    report.refuse(at, "a table");
                    return None;
                };
                read::refuse_unknown(table, at, Self::KEYS, Self::LATER, report);
                Some(Self {
                    $( $need: read::required(table, at, stringify!($need), report), )*
                    $( $may: read::optional(table, at, stringify!($may), report), )*
                })
            }
        }
    };
}
pub(crate) use table;

/// A key that must be there.
pub(crate) fn required<T: FromToml>(
    table: &DeTable<'_>,
    at: &str,
    key: &str,
    report: &mut Report,
) -> Option<T> {
    if !table.contains_key(key) {
        report.refuse(&join(at, key), "this key: it is required");
    }
    optional(table, at, key, report)
}

/// A key that may be there.
pub(crate) fn optional<T: FromToml>(
    table: &DeTable<'_>,
    at: &str,
    key: &str,
    report: &mut Report,
) -> Option<T> {
    T::from_toml(table.get(key)?.get_ref(), &join(at, key), report)
}

/// Refuses each key of `table` that is not in `keys`.
pub(crate) fn refuse_unknown(
    table: &DeTable<'_>,
    at: &str,
    keys: &[&str],
    later: &[&str],
    report: &mut Report,
) {
    for key in table.keys().map(|key| key.get_ref().as_ref()) {
        if later.contains(&key) {
            let expected = "no such key yet: it is not available in this version";
            report.refuse_as(&join(at, key), format!("`{key}`"), expected);
        } else if !keys.contains(&key) {
            report.refuse_as(&join(at, key), "an unknown key", known_keys(key, keys));
        }
    }
}

fn known_keys(unknown: &str, keys: &[&str]) -> String {
    let near = keys.iter().map(|key| (edit_distance(unknown, key), key)).min();
    match near {
        Some((distance, key)) if distance <= 1 + unknown.len() / 4 => format!("perhaps `{key}`"),
        _ => format!("one of {}", keys.join(", ")),
    }
}

/// Levenshtein's distance between two keys, in bytes.
fn edit_distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.bytes().enumerate() {
            let substituted = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

/// The most entries of one list: more is a mistake, and would make quadratic checks slow.
const MAX_ENTRIES: usize = 10_000;

impl<T: FromToml> FromToml for Vec<T> {
    /// All or nothing, so that an entry's index in the list is its index in the file.
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let DeValue::Array(array) = value else {
            let hint =
                if value.is_table() { format!(", written [[{at}]] if of tables") } else { String::new() };
            report.refuse(at, format!("a list{hint}"));
            return None;
        };
        if array.len() > MAX_ENTRIES {
            report.refuse_as(at, format!("{} entries", array.len()), format!("at most {MAX_ENTRIES}"));
            return None;
        }
        let items: Vec<_> = array
            .iter()
            .enumerate()
            .map(|(index, item)| T::from_toml(item.get_ref(), &format!("{at}[{index}]"), report))
            .collect();
        items.into_iter().collect()
    }
}

impl FromToml for bool {
    fn from_toml(value: &DeValue<'_>, at: &str, report: &mut Report) -> Option<Self> {
        let read = value.as_bool();
        if read.is_none() {
            report.refuse(at, "true or false");
        }
        read
    }
}
