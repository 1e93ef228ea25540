//! Integration tests.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on says so by panicking")]

mod out_http;
mod out_metrics;
mod out_mqtt;
mod out_outbox;
mod out_prometheus;
mod out_webhook;
mod rig;
