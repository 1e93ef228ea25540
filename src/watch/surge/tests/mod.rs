//! The maths of surges on numbers others give, and on simulated weeks and years.

mod chain;
mod chance;
mod seconds;
mod weeks;
