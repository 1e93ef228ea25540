//! Recordings without an expected file beside them: counts, and sums over every field that pyais 3.3.1 arrives at.
//!
//! Per type: messages, sum of MMSIs, of longitudes and latitudes (1/10 000 minute), of speed + course + heading +
//! second in units of transmission, and of all text bytes + sizes + ship type + IMO number. Type 0 stands for those
//! of which only the header is read. One wrong bit anywhere moves a sum.

use std::collections::{BTreeMap, BTreeSet};

use super::fields::{self, Fields};
use super::{heard, shared};

type Sums = [i64; 6];

#[test]
fn a_chart_plotter_with_fields_in_its_own_order() {
    check(
        "gofree-merrimac.log",
        (1_507, 171),
        &[
            (1, [1198, 299_016_868_564, 3_872_903_358, 38_271_447_530, 2_168_736, 0]),
            (3, [114, 27_165_109_607, 371_316_688, 3_643_193_468, 203_663, 0]),
            (5, [48, 12_117_485_718, 0, 0, 0, 67_625_100]),
            (18, [10, 2_278_902_684, 32_022_006, 318_908_864, 23_481, 0]),
            (21, [77, 23_948_130_400, 223_905_105, 2_456_330_804, 0, 71_574]),
            (24, [12, 2_950_847_868, 0, 0, 0, 6_240]),
        ],
    );
}

#[test]
fn a_shore_station_of_a_few_seconds() {
    check(
        "replay_dump.txt",
        (51, 34),
        &[
            (1, [43, 10_548_717_871, 316_974_423, 1_448_194_336, 111_572, 0]),
            (3, [1, 219_639_000, 7_613_032, 33_608_848, 2_916, 0]),
            (4, [2, 4_845_183, 15_239_951, 66_934_434, 0, 0]),
            (5, [1, 305_203_000, 0, 0, 0, 8_712_283]),
            (18, [1, 219_003_138, 7_108_816, 33_577_932, 539, 0]),
            (24, [2, 438_022_306, 0, 0, 0, 1_121]),
        ],
    );
}

/// 4,482 sentences and 4,033 messages, and 18 of both from a talker that calls itself `--`.
///
/// Two sums are not pyais's own. It reads the unassigned ship types 6, 15, 39 and 39 as 0; and in one name it goes on
/// past the `@` that ends it: seven of them more, and fourteen and an `L` in the name's extension.
#[test]
fn a_national_feed_of_many_stations_at_once() {
    check(
        "stream_example.txt",
        (4_482 + 18, 1_933),
        &[
            (0, [398, 50_108_915_241, 0, 0, 0, 0]),
            (1, [2511, 657_398_383_711, 16_733_729_893, 85_256_426_052, 5_559_740, 0]),
            (2, [7, 2_018_995_912, 15_290_474, 215_578_852, 21_554, 0]),
            (3, [369, 95_201_498_561, 2_413_886_665, 12_405_784_421, 810_928, 0]),
            (4, [129, 1_071_282_808, 1_090_823_593, 4_485_505_167, 0, 0]),
            (5, [424, 114_955_675_266, 0, 0, 0, 4_393_556_200 + 6 + 15 + 39 + 39]),
            (9, [1, 111_232_501, 108_600_000, 54_600_000, 4_686, 0]),
            (18, [101, 23_845_292_014, 576_256_326, 3_439_854_984, 183_807, 0]),
            (21, [37, 33_743_817_388, 85_147_739, 1_224_297_221, 0, 24_900 - 21 * 64 - 76]),
            (24, [74, 18_642_779_397, 0, 0, 0, 47_021]),
        ],
    );
}

fn check(recording: &str, (sentences, ships): (usize, usize), expected: &[(u8, Sums)]) {
    let Some(text) = shared(recording) else { return };
    let (heard, counted) = heard(&text);
    let mut sums = BTreeMap::<u8, Sums>::new();
    let mut mmsis = BTreeSet::new();
    for heard in &heard {
        let message = &heard.received.message;
        let header = message.header();
        let kind = if fields::is_header_only(message) { 0 } else { header.kind };
        let fields = fields::of(message);
        let sum = |names: &[&str]| names.iter().map(|name| whole(&fields, name)).sum();
        let motion: &[&str] =
            if fields.contains_key("speed") { &["speed", "course", "heading", "second"] } else { &[] };
        let row = [1, i64::from(header.mmsi), sum(&["lon"]), sum(&["lat"]), sum(motion), sum(PARTICULARS)];
        let total = sums.entry(kind).or_default();
        *total = std::array::from_fn(|column| total[column] + row[column]);
        mmsis.insert(header.mmsi);
    }
    assert_eq!((counted, mmsis.len()), (sentences, ships));
    assert_eq!(sums.into_iter().collect::<Vec<_>>(), expected);
}

const PARTICULARS: &[&str] = &[
    "shipname",
    "callsign",
    "destination",
    "name",
    "name_ext",
    "vendorid",
    "to_bow",
    "to_stern",
    "to_port",
    "to_starboard",
    "shiptype",
    "imo",
];

/// A number as it is, a text as the sum of its bytes, nothing as zero.
fn whole(fields: &Fields, name: &str) -> i64 {
    fields.get(name).map_or(0, |value| match value.as_str() {
        Some(text) => text.bytes().map(i64::from).sum(),
        None => value.as_i64().unwrap(),
    })
}
