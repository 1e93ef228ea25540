//! A case's figures as text beside its file, and the judgement of its sentences.

use std::fmt::Write as _;

use super::cases::CASES;
use super::run::{Run, scenario};
use super::score::Score;
use super::sentences::{Scored, Sentence};
use super::shortfalls::is_known;
use crate::rig::repository;

/// Runs a case: its figures are those of its golden, and each sentence holds or is known not to.
pub(crate) fn check(name: &str) {
    let case = CASES.iter().find(|case| case.name == name).expect("a case of this name");
    let run = Scored::of(Run::of(scenario(name)), case.reach);
    let sentences = (case.sentences)(&run);
    let mut text = format!("{}\n{}", run.run.scenario.name, figures(&run.score));
    for (sensor, frames) in &run.run.frames {
        let nis = run.nis_ratio(sensor);
        let (used, late, refused) = (frames.used, frames.too_late, frames.refused);
        let _ = writeln!(text, "{sensor}: {used} used, {late} too late, {refused} refused, NIS/dof {nis:.2}");
    }
    judge(name, &sentences, &mut text);
    compare(name, &text);
    verdict(name, &sentences);
}

/// Appends each sentence with how it stands.
pub(crate) fn judge(name: &str, sentences: &[Sentence], text: &mut String) {
    for Sentence { says, figure, holds } in sentences {
        let word = match (holds, is_known(name, says)) {
            (true, _) => "holds",
            (false, true) => "KNOWN SHORTFALL",
            (false, false) => "FAILS",
        };
        let _ = writeln!(text, "{word}: {says} ({figure})");
    }
}

/// Fails unless each sentence holds, or is known not to and does not.
#[track_caller]
pub(crate) fn verdict(name: &str, sentences: &[Sentence]) {
    let complaints = complaints(sentences, |says| is_known(name, says));
    assert!(complaints.is_empty(), "\n{name}: {}\n", complaints.join(&format!("\n{name}: ")));
}

fn complaints(sentences: &[Sentence], is_known: impl Fn(&str) -> bool) -> Vec<String> {
    let complaint = |Sentence { says, figure, holds }: &Sentence| match (holds, is_known(says)) {
        (false, false) => Some(format!("not so: {says} ({figure})")),
        (true, true) => Some(format!("mended: {says} ({figure}); strike it off the shortfalls")),
        (false, true) => {
            println!("known shortfall: {says} ({figure})");
            None
        }
        (true, false) => None,
    };
    sentences.iter().filter_map(complaint).collect()
}

/// Figures rounded so that only a change of behaviour changes them.
fn figures(score: &Score) -> String {
    let Score { tracks, truths, truth_steps, never_tracked, switches, .. } = score;
    let mut text = String::new();
    let mut line = |what: &str, figure: String| {
        let _ = writeln!(text, "{what}: {figure}");
    };
    line("targets, their seconds", format!("{truths}, {truth_steps}"));
    line("GOSPA m", format!("{:.1}", score.gospa_mean));
    line("its square: location, missed, false m²", {
        format!("{:.0}, {:.0}, {:.0}", score.location_m2, score.missed_m2, score.false_m2)
    });
    line("RMSE m", format!("{:.1}", score.rmse_m));
    line("NEES/4, share above 99 %", format!("{:.2}, {:.2}", score.nees_over_4, score.nees_above_99));
    line("completeness, longest segment", format!("{:.2}, {:.2}", score.completeness, score.longest_segment));
    line("switches", switches.to_string());
    line("initiation delay s, never tracked", format!("{:.1}, {never_tracked}", score.delay_s));
    line("tracks, of them nobody's for 10 s", format!("{tracks}, {}", score.lasting_false));
    line("false track-seconds, beside a target", format!("{}, {}", score.false_steps, score.duplicate_steps));
    text
}

/// Compares with the golden file, or rewrites it under `cargo bless`.
#[track_caller]
pub(crate) fn compare(name: &str, found: &str) {
    let path = repository(&format!("tests/scenarios/{name}.golden"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, found).expect("a golden file can be written");
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == found, "{} is stale (`cargo bless scenarios`). Found:\n{found}", path.display());
}

#[test]
fn what_fails_is_known_and_what_is_known_fails() {
    for (holds, known, complaint) in [
        (true, false, None),
        (false, true, None),
        (false, false, Some("not so")),
        (true, true, Some("mended")),
    ] {
        let found = complaints(&[Sentence::new("it is so", holds, "1 m")], |_| known);
        assert_eq!(found.first().map(|text| text.split(':').next().unwrap()), complaint, "{found:?}");
    }
}
