//! Our scorer beside an outsider's (`score_tracks.py`, itself checked against Stone Soup), on the same files.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;

use super::run::{Run, scenario};
use super::score::{Reach, Score, score};

/// The scorer's own sampling of NEES.
const NEES_EVERY_S: i64 = 10;

/// The outsider, if it and what it needs are here.
fn scorer() -> Option<PathBuf> {
    let shared = std::env::var_os("LINEWATCH_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let script = shared.join("eval/score_tracks.py");
    if !script.is_file() {
        eprintln!("SKIPPED: {} is absent; our scorer was not compared with it (../shared)", script.display());
        return None;
    }
    let importable = Command::new("python3").args(["-c", "import numpy, scipy"]).output();
    if !importable.is_ok_and(|output| output.status.success()) {
        eprintln!(
            "SKIPPED: python3 with numpy and scipy is absent; our scorer was not compared with ../shared's"
        );
        return None;
    }
    Some(script)
}

/// Our figures under the outsider's names.
fn named(score: &Score) -> Vec<(&'static str, f64)> {
    vec![
        ("tracks", score.tracks as f64),
        ("truths", score.truths as f64),
        ("gospa_mean", score.gospa_mean),
        ("gospa_loc2_mean", score.location_m2),
        ("gospa_missed2_mean", score.missed_m2),
        ("gospa_false2_mean", score.false_m2),
        ("rmse_matched_m", score.rmse_m),
        ("siap_completeness", score.completeness),
        ("siap_spuriousness", score.spuriousness),
        ("siap_longest_segment", score.longest_segment),
        ("id_switches", f64::from(score.switches)),
        ("missed_truth_steps", score.missed_steps as f64),
        ("false_track_steps", score.false_steps as f64),
        ("truth_steps", score.truth_steps as f64),
        ("init_delay_mean_s", score.delay_tracked_s),
        ("truths_never_tracked", score.never_tracked as f64),
        ("false_tracks", score.false_tracks as f64),
        ("longest_false_run_s", f64::from(score.longest_false_s)),
        ("tracks_false_10s", score.lasting_false as f64),
        ("duplicate_steps", score.duplicate_steps as f64),
        ("nees_over_4", score.nees_over_4),
        ("nees_above_99", score.nees_above_99),
        ("nees_samples", score.nees_samples as f64),
    ]
}

fn agree(name: &str, c_m: f64) {
    let Some(script) = scorer() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tracks = folder.path().join("tracks.jsonl");
    let mut file = BufWriter::new(File::create(&tracks).unwrap());
    let run = Run::kept_in(folder.path(), scenario(name), |row| {
        serde_json::to_writer(&mut file, row).unwrap();
        file.write_all(b"\n").unwrap();
    });
    file.flush().unwrap();
    let (ours, _) = score(&run.seconds, Reach { c_m, nees_every_s: NEES_EVERY_S });
    let reach = c_m.to_string();
    let output = Command::new("python3")
        .arg(&script)
        .args([folder.path().join("truth.csv"), tracks])
        .args(["--c", &reach, "--assoc", &reach, "--json"])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let theirs: Value = serde_json::from_slice(&output.stdout).unwrap();
    for (key, ours) in named(&ours) {
        let theirs = theirs[key].as_f64().unwrap_or_else(|| panic!("{key}: {}", theirs[key]));
        let scale = theirs.abs().max(1.0);
        assert!((ours - theirs).abs() <= 1e-6 * scale, "{name}: {key}: ours {ours}, theirs {theirs}");
    }
}

#[test]
fn the_outsider_gives_the_same_figures() {
    agree("crossing", 20.0);
    agree("overconfident", 100.0);
    agree("lidar", 20.0);
}
