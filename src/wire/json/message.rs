//! The JSON scan as it is written: every field optional, nothing judged yet.
//!
//! In: text. Out: plain structures that borrow from it. Knows the names of the fields and their JSON types; what they
//! may hold and which go together is the decoder's business. Each structure counts the fields it did not know, which
//! derived readers cannot, and refuses a known field that comes twice.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::MAX_DETECTIONS;
use crate::scan::Class;

/// How the message of the error for an overlong list begins; the decoder tells errors apart by their beginnings.
pub(super) const TOO_MANY: &str = "too many detections";
/// How the message of the error for a repeated field begins.
pub(super) const DUPLICATE: &str = "duplicate field";

/// A JSON object whose fields are all optional (`null` is absent), with the number of fields it did not know.
macro_rules! object {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Default)]
        pub(super) struct $name<'de> {
            $(pub(super) $field: Option<$type>,)*
            pub(super) unknown: u32,
            borrows: std::marker::PhantomData<&'de ()>,
        }

        const _: () = {
            #[derive(Clone, Copy)]
            #[expect(non_camel_case_types, reason = "a variant is named as its field")]
            enum Key { $($field,)* unknown }

            impl<'de> Deserialize<'de> for Key {
                fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    struct Keys;
                    impl Visitor<'_> for Keys {
                        type Value = Key;
                        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                            out.write_str("a field name")
                        }
                        fn visit_str<E: Error>(self, name: &str) -> Result<Key, E> {
                            Ok(match name {
                                $(stringify!($field) => Key::$field,)*
                                _ => Key::unknown,
                            })
                        }
                    }
                    from.deserialize_identifier(Keys)
                }
            }

            struct Fields;
            impl<'de> Visitor<'de> for Fields {
                type Value = $name<'de>;
                fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                    out.write_str("an object")
                }
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name<'de>, A::Error> {
                    let mut found = $name::default();
                    let mut seen = 0_u32;
                    while let Some(key) = map.next_key::<Key>()? {
                        let bit = 1_u32 << key as u32;
                        match key {
                            $(Key::$field if seen & bit != 0 => {
                                return Err(Error::custom(concat!("duplicate field ", stringify!($field))));
                            })*
                            $(Key::$field => found.$field = map.next_value()?,)*
                            Key::unknown => {
                                map.next_value::<IgnoredAny>()?;
                                found.unknown = found.unknown.saturating_add(1);
                            }
                        }
                        seen |= bit;
                    }
                    Ok(found)
                }
            }

            impl<'de> Deserialize<'de> for $name<'de> {
                fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                    from.deserialize_map(Fields)
                }
            }
        };
    };
}

object! {
    /// The whole message.
    Message {
        sensor: Text<'de>,
        boot: u64,
        seq: u64,
        time: Text<'de>,
        pose: Pose<'de>,
        look: Look<'de>,
        part: [u16; 2],
        detections: Detections<'de>,
    }
}

object! {
    /// Where a mobile sensor was.
    Pose {
        position: [f64; 2],
        altitude_m: f64,
        heading_deg: f64,
        position_sigma_m: f64,
        heading_sigma_deg: f64,
    }
}

object! {
    /// What a look covered.
    Look {
        azimuth_deg: [f64; 2],
        range_m: [f64; 2],
        polygon: Vec<[f64; 2]>,
    }
}

object! {
    /// One detection, of whichever form.
    Detection {
        range_m: f64,
        azimuth_deg: f64,
        range_sigma_m: f64,
        azimuth_sigma_deg: f64,
        elevation_deg: f64,
        range_rate_mps: f64,
        range_rate_sigma_mps: f64,
        lat: f64,
        lon: f64,
        alt_m: f64,
        cov_m2: [f64; 3],
        speed_mps: f64,
        course_deg: f64,
        dt_s: f64,
        snr_db: f64,
        source_track: Text<'de>,
        identity: Text<'de>,
        class: Box<Classes>,
    }
}

/// A string, borrowed unless it holds escapes.
pub(super) struct Text<'de>(pub(super) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Texts;
        impl<'de> Visitor<'de> for Texts {
            type Value = Text<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        from.deserialize_str(Texts)
    }
}

/// The list of detections, refused as soon as it is longer than [`MAX_DETECTIONS`].
pub(super) struct Detections<'de>(pub(super) Vec<Detection<'de>>);

impl<'de> Deserialize<'de> for Detections<'de> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = Detections<'de>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("a list of detections")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Detections<'de>, A::Error> {
                // Most looks have a few, some hundreds: room that need not be moved at once.
                let mut found = Vec::with_capacity(32);
                while let Some(item) = items.next_element()? {
                    if found.len() == MAX_DETECTIONS {
                        return Err(Error::custom(format_args!("{TOO_MANY}, at most {MAX_DETECTIONS}")));
                    }
                    found.push(item);
                }
                Ok(Detections(found))
            }
        }
        from.deserialize_seq(Items)
    }
}

/// `class`: what was said of each class, by its own name or as one of the kinds of `vehicle`.
#[derive(Default)]
pub(super) struct Classes {
    pub(super) named: [Option<f64>; Class::COUNT],
    pub(super) vehicle: Option<f64>,
    pub(super) unknown: u32,
}

impl<'de> Deserialize<'de> for Classes {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Words;
        impl<'de> Visitor<'de> for Words {
            type Value = Classes;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object of likelihoods")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Classes, A::Error> {
                let mut found = Classes::default();
                while let Some(Text(word)) = map.next_key()? {
                    let slot = if word == "vehicle" {
                        Some(&mut found.vehicle)
                    } else {
                        let named = Class::ALL.iter().zip(&mut found.named);
                        named.into_iter().find(|(class, _)| class.as_str() == word).map(|(_, slot)| slot)
                    };
                    match slot {
                        Some(Some(_)) => return Err(Error::custom(format_args!("{DUPLICATE} {word}"))),
                        Some(slot) => *slot = Some(map.next_value()?),
                        None => {
                            map.next_value::<IgnoredAny>()?;
                            found.unknown = found.unknown.saturating_add(1);
                        }
                    }
                }
                Ok(found)
            }
        }
        from.deserialize_map(Words)
    }
}
