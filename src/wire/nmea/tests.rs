//! The decoder as a whole: lines in, scans out.
