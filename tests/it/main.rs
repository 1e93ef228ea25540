//! Integration tests: the parts against each other and against outsiders.

mod config;
mod wire_asterix;
mod wire_nmea;
