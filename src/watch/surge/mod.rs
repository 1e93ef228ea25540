//! Surges.
mod baseline;
mod chain;
mod chart;
mod curve;
#[cfg(test)]
mod tests;
