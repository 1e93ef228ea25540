//! Hard cases as scenario files: simulated, replayed through the real engine, scored against the truth.
//!
//! Each `tests/scenarios/NAME.json` has a golden text of its figures beside it, and its own sentences that must hold;
//! what the tracker cannot do yet stands in [`shortfalls`] with its figure in the golden. The scorer is checked against an
//! outsider's ([`outsider`]).

mod assignment;
mod cases;
mod counting;
mod golden;
mod gospa;
mod outsider;
mod run;
mod score;
mod seeds;
mod segments;
mod sentences;
mod shortfalls;
