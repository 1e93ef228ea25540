//! What `linewatch demo` and the tests bring along, so that nothing need be installed.

pub mod broker;
