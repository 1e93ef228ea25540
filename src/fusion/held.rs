//! What a tracker holds in memory, counted.
//!
//! In: the tracker. Out: bytes by what they are for. Counts what was asked for, not what an allocator adds.

use super::tracker::Tracker;

/// Memory by what it is for; bytes with the unused room of its buffers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Live tracks.
    pub tracks: usize,
    /// Bytes of the tracks themselves and of the tables they stand in, without their rings.
    pub track_bytes: usize,
    /// Detections and misses that tracks remember in their rings.
    pub updates: usize,
    /// Bytes of those rings.
    pub update_bytes: usize,
    /// Detections of the looks that all tracks share.
    pub detections: usize,
    /// Bytes of those looks.
    pub detection_bytes: usize,
    /// Bytes kept for tracks to come.
    pub spare_bytes: usize,
}

impl Tracker {
    /// What is held in memory now.
    #[must_use]
    pub fn held(&self) -> Held {
        let (detections, detection_bytes) = self.looks.held();
        let mut held = Held {
            tracks: self.tracks.len(),
            track_bytes: self.tracks.table_bytes(),
            detections,
            detection_bytes,
            spare_bytes: self.pool.held(),
            ..Held::default()
        };
        for track in self.tracks.iter() {
            let (updates, bytes) = track.history.held();
            held.track_bytes += track.bytes();
            held.updates += updates;
            held.update_bytes += bytes;
        }
        held
    }
}
