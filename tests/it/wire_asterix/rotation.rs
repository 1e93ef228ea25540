//! From marks and plots to looks: an antenna of four seconds a turn, eight sectors of half a second.

use super::encode::{Item, at, crossing, frame, north, plot};
use super::{run, sensor};
use linewatch::scan::{Look, Scan};
use linewatch::sensor::{SensorIndex, SensorKind};
use linewatch::time::Timestamp;
use linewatch::wire::asterix::Decoder;

/// Scans as text: `from-to:plots`, `?` for a look that claims nothing.
fn looks(scans: &[Scan]) -> Vec<String> {
    let text = |scan: &Scan| match scan.look {
        Look::Sector { from_rad, to_rad, min_range_m, max_range_m } => {
            assert_eq!((min_range_m.to_bits(), max_range_m.to_bits()), (0, 400_000f64.to_bits()));
            format!("{:.0}-{:.0}:{}", from_rad.to_degrees(), to_rad.to_degrees(), scan.detections.len())
        }
        _ => format!("?:{}", scan.detections.len()),
    };
    scans.iter().map(text).collect()
}

/// Feeds frames, each received 50 ms after its second, to a fresh decoder.
fn check(frames: &[(f64, Vec<Item>)], expected: &[&str]) -> (Vec<Scan>, Vec<&'static str>) {
    let frames: Vec<(Timestamp, Vec<u8>)> =
        frames.iter().map(|(seconds, items)| (at(seconds + 0.05), frame(items))).collect();
    let mut decoder = Decoder::new(SensorIndex(7), &sensor(SensorKind::Radar, Some([25, 1])));
    let (scans, refused) = run(&mut decoder, &frames);
    assert_eq!(looks(&scans), expected);
    assert!(scans.iter().all(|scan| scan.sensor == SensorIndex(7)));
    (scans, refused)
}

#[test]
fn sectors_come_with_their_plots_and_empty_ones_too() {
    let (scans, refused) = check(
        &[
            (0.0, vec![crossing(0.0, 0.0)]),
            // The first interval teaches the width: its plot claims nothing.
            (0.5, vec![plot(0.25, 20.0), crossing(0.5, 45.0)]),
            (1.0, vec![plot(0.75, 70.0), plot(0.625, 60.0), crossing(1.0, 90.0)]),
            (1.5, vec![crossing(1.5, 135.0)]),
        ],
        &["?:1", "45-90:2", "90-135:0"],
    );
    assert_eq!(refused, [""; 0]);
    assert_eq!((scans[1].time, scans[1].detections[0].offset.as_nanos()), (at(1.0), -250_000_000));
    assert_eq!(scans[1].detections[0].identity.as_deref(), Some("icao:4ca7f3"));
}

#[test]
fn a_plot_of_the_next_sector_waits_for_it() {
    check(
        &[
            (0.0, vec![crossing(0.0, 0.0), plot(0.0625, 5.0)]),
            (0.5, vec![crossing(0.5, 45.0)]),
            (1.0, vec![crossing(1.0, 90.0), plot(1.0625, 95.0)]),
            (1.5, vec![crossing(1.5, 135.0)]),
        ],
        &["?:1", "45-90:0", "90-135:1"],
    );
}

#[test]
fn plots_that_lag_hold_their_sectors_back() {
    // Every plot comes a second after its time, two sectors late.
    let mut frames: Vec<(f64, Vec<Item>)> = Vec::new();
    for turn in 0..16u32 {
        let seconds = f64::from(turn) / 2.0;
        let azimuth_deg = f64::from(turn % 8) * 45.0;
        let late = plot(seconds - 1.0, (azimuth_deg + 270.0).rem_euclid(360.0) + 1.0);
        frames.push((seconds, vec![crossing(seconds, azimuth_deg), late]));
    }
    let frames: Vec<_> = frames.into_iter().map(|(seconds, items)| (at(seconds), frame(&items))).collect();
    let mut decoder = Decoder::new(SensorIndex(0), &sensor(SensorKind::Radar, None));
    let (scans, _) = run(&mut decoder, &frames);
    let sectors: Vec<_> = looks(&scans).into_iter().filter(|look| !look.starts_with('?')).collect();
    assert!(sectors.len() >= 11, "{sectors:?}");
    assert!(sectors.iter().all(|look| look.ends_with(":1")), "no sector says nothing was there: {sectors:?}");
}

#[test]
fn a_lost_frame_claims_nothing() {
    check(
        &[
            (0.0, vec![crossing(0.0, 0.0)]),
            (0.5, vec![plot(0.25, 20.0), crossing(0.5, 45.0)]),
            // The frame of 90 degrees is lost.
            (1.5, vec![plot(1.25, 110.0), crossing(1.5, 135.0)]),
            (2.0, vec![crossing(2.0, 180.0)]),
        ],
        &["?:1", "?:1", "135-180:0"],
    );
}

#[test]
fn without_marks_plots_pass_at_once() {
    check(&[(0.0, vec![plot(-0.25, 20.0)]), (0.5, vec![plot(0.25, 60.0)])], &["?:1", "?:1"]);
}

#[test]
fn when_marks_stop_plots_pass_again() {
    check(
        &[
            (0.0, vec![crossing(0.0, 0.0)]),
            (0.5, vec![crossing(0.5, 45.0)]),
            (0.75, vec![plot(0.625, 55.0)]),
            (5.0, vec![plot(4.75, 60.0)]),
            (6.75, vec![plot(6.625, 230.0)]),
            (7.0, vec![plot(6.875, 240.0)]),
        ],
        &["?:1", "?:2", "?:1"],
    );
}

#[test]
fn north_marks_alone_are_cut_by_the_plots() {
    let mut frames = vec![(0.0, vec![north(0.0)]), (4.0, vec![north(4.0)])];
    for step in 1..16 {
        let seconds = 4.0 + f64::from(step) * 0.25;
        frames.push((seconds, vec![plot(seconds, f64::from(step) * 22.5 + 1.0)]));
    }
    frames.push((8.0, vec![north(8.0)]));
    check(
        &frames,
        &[
            "0-30:1",
            "30-60:1",
            "60-90:1",
            "90-120:2",
            "120-150:1",
            "150-180:1",
            "180-210:2",
            "210-240:1",
            "240-270:1",
            "270-300:2",
            "300-0:2",
        ],
    );
}

#[test]
fn midnight_passes_within_a_sector() {
    let (scans, _) = check(
        &[
            (-0.75, vec![crossing(-0.75, 0.0)]),
            (-0.25, vec![plot(-0.5, 20.0), crossing(-0.25, 45.0)]),
            (0.25, vec![plot(-0.125, 60.0), crossing(0.25, 90.0)]),
        ],
        &["?:1", "45-90:1"],
    );
    assert_eq!(scans[1].time, at(0.25));
    assert_eq!(scans[1].detections[0].offset.as_nanos(), -375_000_000);
}

#[test]
fn what_is_not_a_target_is_refused_by_name() {
    let with = |octet: u8, value: u8| {
        let (category, mut record) = plot(0.0, 20.0);
        record[usize::from(octet)] = value;
        (category, record)
    };
    let (_, refused) = check(
        &[
            (0.0, vec![with(7, 0xb0)]), // simulated
            (0.1, vec![with(7, 0xa2)]), // a fixed transponder
            (0.2, vec![with(7, 0x00)]), // no detection
            (0.3, vec![with(8, 0x00)]), // no range
            (0.4, vec![with(4, 0xa9)]), // a day of more than a day
            (0.5, vec![with(4, 0x54)]), // twelve hours off
            (0.6, vec![with(3, 2)]),    // another radar
            (0.7, vec![plot(0.0, 20.0), with(3, 3)]),
            (0.8, vec![plot(0.0, 20.0), with(3, 3)]),
        ],
        &["?:1"],
    );
    let expected = [
        "test_target",
        "test_target",
        "no_detection",
        "out_of_range",
        "out_of_range",
        "bad_time",
        "wrong_source",
        "wrong_source",
        "duplicate",
    ];
    assert_eq!(refused, expected);
}

#[test]
fn plots_that_wait_are_bounded() {
    let mut frames = vec![(0.0, vec![crossing(0.0, 0.0)])];
    for part in 0..26 {
        let plots = (0..400).map(|k| plot(0.25, f64::from(k) / 100.0 + f64::from(part) / 1000.0)).collect();
        frames.push((0.25, plots));
    }
    let (_, refused) = check(&frames, &[]);
    assert_eq!(refused.len(), 400);
    assert!(refused.iter().all(|reason| *reason == "buffer_full"));
}

#[test]
fn without_a_configured_error_a_plot_is_refused() {
    let mut model = sensor(SensorKind::Radar, None);
    model.azimuth_sigma_rad = None;
    let mut decoder = Decoder::new(SensorIndex(0), &model);
    let (scans, refused) = run(&mut decoder, &[(at(0.0), frame(&[plot(0.0, 1.0)]))]);
    assert_eq!((scans.len(), refused), (0, vec!["no_uncertainty"]));
}
