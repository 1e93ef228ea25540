//! The linewatch program.
fn main() {}
