//! The JSON Schemas of both files, for editors and for validators that are not ours.

use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use super::raw;

/// Schema of `linewatch.toml`, pretty-printed.
#[must_use]
pub fn installation_schema() -> String {
    printed::<raw::Installation>("linewatch.toml")
}

/// Schema of `agreement.toml`, pretty-printed.
#[must_use]
pub fn agreement_schema() -> String {
    printed::<raw::agreement::Agreement>("agreement.toml")
}

fn printed<T: JsonSchema>(title: &str) -> String {
    let mut schema = schema::<T>();
    schema.insert("title".to_owned(), title.into());
    let mut text = serde_json::to_string_pretty(&schema).expect("a schema is a tree of JSON values");
    text.push('\n');
    text
}

pub(super) fn schema<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(without_null))
        .into_generator()
        .into_root_schema_for::<T>()
}

/// TOML has no null: an optional key is one that is not there.
fn without_null(schema: &mut Schema) {
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
    if let Some(Value::Array(words)) = schema.get_mut("enum") {
        words.retain(|word| !word.is_null());
    }
    if let Some(Value::Array(choices)) = schema.get_mut("anyOf") {
        choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
        if let [Value::Object(only)] = choices.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use toml::de::{DeTable, DeValue};

    use super::*;
    use crate::config::error::Report;
    use crate::config::raw::read::FromToml;

    /// The reader and the schema name the same keys, demand the same ones and refuse the rest.
    fn agree<T: JsonSchema + FromToml>(table: &str, keys: &[&str]) {
        let schema = schema::<T>();
        let properties = schema.get("properties").and_then(Value::as_object).expect("a table has properties");
        let known: BTreeSet<_> = properties.keys().map(String::as_str).collect();
        assert_eq!(known, keys.iter().copied().collect(), "{table}: keys");
        assert_eq!(schema.get("additionalProperties"), Some(&Value::Bool(false)), "{table}: unknown keys");
        let demanded = schema.get("required").and_then(Value::as_array).cloned().unwrap_or_default();
        let mut report = Report::new("");
        T::from_toml(&DeValue::Table(DeTable::new()), "", &mut report);
        let missed: BTreeSet<_> = report.into_parts().0.into_iter().map(|error| error.key_path).collect();
        let demanded: BTreeSet<_> =
            demanded.iter().filter_map(Value::as_str).map(ToOwned::to_owned).collect();
        assert_eq!(missed, demanded, "{table}: required keys");
        assert!(!schema.to_value().to_string().contains("\"null\""), "{table}: TOML has no null");
    }

    macro_rules! agree {
        ($($table:ty),* $(,)?) => { $( agree::<$table>(stringify!($table), <$table>::KEYS); )* };
    }

    #[test]
    fn schema_and_reader_agree_on_every_table() {
        use raw::agreement::{Agreement, Band, Gate, Line, Zone};
        use raw::leave::{Claim, ClassNode, Exemption, Hours, Recipients, Schedule};
        use raw::rule::Rule;
        use raw::{
            AgreementFile, Http, Installation, Journal, Mask, Mqtt, Sector, Sensor, Serial, Sink, Udp,
        };
        agree!(
            Installation,
            Sector,
            AgreementFile,
            Sensor,
            Mask,
            Mqtt,
            Serial,
            Udp,
            Journal,
            Http,
            Sink,
            Agreement,
            Line,
            Zone,
            Band,
            Gate,
            Rule,
            ClassNode,
            Claim,
            Exemption,
            Schedule,
            Hours,
            Recipients
        );
    }
}
