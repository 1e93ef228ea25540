//! Encoders: looks in, bytes out, each written from its standard and from nothing else. One file per format.

pub mod ais;
pub mod asterix;
pub mod frame;
pub mod json;
pub mod nmea;
