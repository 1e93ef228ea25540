//! Integration tests.

mod wire_asterix;
