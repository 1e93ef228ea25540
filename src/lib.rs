#![doc = include_str!("ARCHITECTURE.md")]

pub mod engine;
pub mod fusion;
pub mod geo;
pub mod record;
pub mod scan;
pub mod sensor;
pub mod time;
pub mod watch;
pub mod wire;

#[cfg(feature = "daemon")]
pub mod config;
#[cfg(feature = "daemon")]
pub mod http;
#[cfg(feature = "daemon")]
pub mod metrics;
#[cfg(feature = "daemon")]
pub mod outbox;
#[cfg(feature = "daemon")]
pub mod sinks;
#[cfg(feature = "daemon")]
pub mod sources;
#[cfg(feature = "daemon")]
pub mod tls;
