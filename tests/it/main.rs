//! Integration tests.

mod out_http;
mod out_metrics;
mod out_mqtt;
mod out_outbox;
mod out_prometheus;
mod out_webhook;
mod rig;
