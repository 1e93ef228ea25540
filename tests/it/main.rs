//! Integration tests.

mod wire_nmea;
