//! The units ASTERIX counts in, in metres, seconds and degrees.

/// Nautical mile.
pub(super) const NAUTICAL_MILE_M: f64 = 1_852.0;
/// Foot.
pub(super) const FOOT_M: f64 = 0.304_8;
/// Flight level: a hundred feet.
pub(super) const FLIGHT_LEVEL_M: f64 = 100.0 * FOOT_M;
/// 2⁻¹⁴ NM/s, about 0.22 kt.
pub(super) const SPEED_UNIT_MPS: f64 = NAUTICAL_MILE_M / 16_384.0;
/// A turn in 2¹⁶ parts.
pub(super) const ANGLE_UNIT_DEG: f64 = 360.0 / 65_536.0;
/// A half turn in 2²³ parts: positions in three octets.
pub(super) const WGS84_24_DEG: f64 = 180.0 / 8_388_608.0;
