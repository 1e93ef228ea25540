//! Simulated boxes.
