//! Six seconds of seven real radars on one line, through a decoder each.

use super::{frames, run, samples, sensor};
use linewatch::scan::{Look, Measurement};
use linewatch::sensor::{SensorIndex, SensorKind};
use linewatch::time::{Span, Timestamp};
use linewatch::wire::asterix::{self, Decoder, Record, cat034};

/// What is due of one radar, counted in the expected file by hand: every datagram was captured twice.
struct Due {
    sic: u8,
    plots: usize,
    marks: usize,
    /// Certain sectors (from, to, plots).
    sectors: &'static [(f64, f64, usize)],
}

const DUE: &[Due] = &[
    Due { sic: 11, plots: 4, marks: 2, sectors: &[] },
    Due { sic: 12, plots: 19, marks: 5, sectors: &[(326.25, 337.5, 5), (337.5, 348.75, 4)] },
    Due { sic: 13, plots: 7, marks: 4, sectors: &[(146.25, 157.5, 1), (157.5, 168.75, 2)] },
    Due { sic: 14, plots: 2, marks: 2, sectors: &[] },
    // Plots lag two seconds behind the marks here: no sector has ended long enough ago.
    Due { sic: 201, plots: 14, marks: 1, sectors: &[] },
    Due { sic: 204, plots: 14, marks: 1, sectors: &[] },
    Due { sic: 205, plots: 3, marks: 2, sectors: &[] },
];

fn seconds(seconds: f64) -> Timestamp {
    Timestamp::from_secs(0).plus(Span::from_secs_f64(seconds))
}

#[test]
fn each_radar_of_a_shared_line_gives_its_plots_once_and_its_looks() {
    let Some(folder) = samples() else { return };
    let file = std::fs::read(folder.join("cat_034_048.pcap")).unwrap();
    let captured = frames("cat_034_048.pcap", &file);
    assert_eq!(captured.len(), 100);
    let mut marks = 0;
    for due in DUE {
        let source = [25, due.sic];
        let mut own: Vec<_> = captured
            .iter()
            .filter(|(_, frame)| asterix::peek_source(frame) == Some(source))
            .map(|(time, frame)| (seconds(*time), frame.clone()))
            .collect();
        marks += own.iter().map(|(_, frame)| rotation_marks(frame)).sum::<usize>();
        // Half a minute later it says that it jams: what still waits must go out.
        let last = own.last().unwrap().0.plus(Span::from_secs(30));
        own.push((last, vec![34, 0, 11, 0xf0, 25, due.sic, 4, 0x35, 0x6f, 0x00, 0]));
        let mut decoder = Decoder::new(SensorIndex(0), &sensor(SensorKind::Radar, Some(source)));
        let (scans, refused) = run(&mut decoder, &own);
        let repeated = refused.iter().filter(|reason| **reason == "duplicate").count();
        assert_eq!(repeated * 2, own.len() - 1, "{source:?}: the second network path");
        let others: Vec<_> = refused.iter().filter(|reason| **reason != "duplicate").collect();
        let nothing_detected = if due.sic == 13 { vec![&"no_detection"] } else { vec![] };
        assert_eq!(others, nothing_detected, "{source:?}");
        let plots: usize = scans.iter().map(|scan| scan.detections.len()).sum();
        assert_eq!(plots, due.plots, "{source:?}: plots");
        let sectors: Vec<_> = scans
            .iter()
            .filter_map(|scan| match scan.look {
                Look::Sector { from_rad, to_rad, .. } => {
                    Some((from_rad.to_degrees(), to_rad.to_degrees(), scan.detections.len()))
                }
                _ => None,
            })
            .collect();
        assert_eq!(sectors, due.sectors, "{source:?}: sectors");
        assert_plausible(&scans);
        assert_eq!(due.marks * 2, own.iter().map(|(_, frame)| rotation_marks(frame)).sum::<usize>());
    }
    assert_eq!(marks, 34);
}

fn rotation_marks(frame: &[u8]) -> usize {
    let is_mark = |record: &&Record| match record {
        Record::Service(record) => {
            matches!(record.message_type, Some(cat034::NORTH_MARK | cat034::SECTOR_CROSSING))
        }
        _ => false,
    };
    asterix::parse(frame).unwrap().records.iter().filter(is_mark).count()
}

fn assert_plausible(scans: &[linewatch::scan::Scan]) {
    for scan in scans {
        for detection in &scan.detections {
            let Measurement::Polar(polar) = &detection.measurement else { panic!("{detection:?}") };
            assert!((30_000.0..470_000.0).contains(&polar.range_m));
            assert!(polar.elevation_rad.is_none_or(|elevation_rad| elevation_rad.abs() < 0.3), "{polar:?}");
            assert!(detection.offset.as_secs_f64().abs() < 3.0, "{detection:?}");
        }
    }
}
