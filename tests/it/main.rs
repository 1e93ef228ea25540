//! Integration tests: the parts against each other and against outsiders.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]
#![expect(
    clippy::float_cmp,
    clippy::disallowed_methods,
    reason = "counters are whole numbers, and tests are not the core"
)]

mod agreements;
mod bad_input;
mod bad_values;
mod commands;
mod config;
mod config_noise;
mod demo;
mod evidence;
mod incidents;
mod journal;
mod libm_bits;
mod life;
mod out_acts;
mod out_alertmanager;
mod out_cap;
mod out_http;
mod out_metrics;
mod out_mqtt;
mod out_outbox;
mod out_prometheus;
mod out_webhook;
mod reload;
mod rig;
mod scenarios;
mod seal;
mod seal_topic;
mod simulation;
mod snapshot;
mod source_mqtt;
mod source_mqtt_wire;
mod source_serial;
mod source_udp;
mod tidy;
mod wire_asterix;
mod wire_nmea;
mod wire_roundtrip;

// `wire_roundtrip::sound` is the library's own file and names these as its siblings.
use linewatch::{geo, scan};
