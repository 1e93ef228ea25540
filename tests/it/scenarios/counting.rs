//! How many there are, and who moves together: scenarios under rules that count, and whether P(count) happens as often as
//! it says.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::BufReader;

use firmware_sims::scenario::Scenario;
use linewatch::cli::Failure;
use linewatch::cli::simulate::simulate;
use linewatch::cli::stepping::{Stepped, step_through};
use linewatch::config::load_for_replay;
use linewatch::engine::{Engine, Event, Settings};
use linewatch::geo::LocalFrame;
use linewatch::record::Body;
use linewatch::sources::recording::Reader;
use linewatch::time::Span;
use linewatch::watch::Notice;
use linewatch::watch::agreement::{Rule, RuleKind, Terms, Zone};

use super::golden::compare;
use super::run::scenario;

/// World time 0: 2026-01-01T00:00:00Z.
const EPOCH_S: i64 = 1_767_225_600;

/// What a run under other rules said, and what each ceiling reckoned in every second.
struct Counted {
    notices: Vec<Notice>,
    /// Second → rule → P(more than may be).
    reckoned: BTreeMap<i64, BTreeMap<String, f64>>,
    /// Second → where everybody is.
    truth: BTreeMap<i64, Vec<[f64; 2]>>,
    determined: BTreeMap<String, bool>,
}

/// A rectangle from its low to its high corner, metres.
type Rectangle = [[f64; 2]; 2];

fn zone(frame: &LocalFrame, id: &str, [low, high]: Rectangle) -> Zone {
    let corners = [low, [high[0], low[1]], high, [low[0], high[1]]];
    let polygon = corners.map(|[east, north]| frame.plane_to_geodetic(east, north, 0.0)).to_vec();
    Zone { id: id.into(), polygon, ..Zone::default() }
}

fn rule(id: &str, kind: RuleKind) -> Rule {
    Rule { id: id.into(), clause: None, classes: Vec::new(), kind, terms: Terms::default() }
}

/// Simulates, and replays under the scenario's sensors and these rules.
fn counted(scenario: &Scenario, rules: impl FnOnce(&LocalFrame, &mut Settings)) -> Counted {
    let folder = tempfile::tempdir().unwrap();
    let simulated = simulate(scenario, scenario.duration_s).expect("the scenario can be run");
    simulated.write(folder.path()).expect("a temporary folder can be written");
    let installation = load_for_replay(&folder.path().join("linewatch.toml")).expect("a good configuration");
    let mut settings = installation.engine_settings();
    rules(&LocalFrame::new(settings.origin), &mut settings);
    let mut engine = Engine::new(settings);
    let path = folder.path().join("recording.jsonl");
    let mut reader = Reader::new(BufReader::new(simulated.recording.as_bytes()), &path);
    let (mut notices, mut reckoned) = (Vec::new(), BTreeMap::new());
    let after = |Stepped { record, engine, events, .. }: Stepped<'_>| {
        notices.extend(events.iter().filter_map(|event| match event {
            Event::Notice(notice) => Some(Notice::clone(notice)),
            _ => None,
        }));
        if record.body == Body::Tick {
            let now = engine.reckoned().map(|(rule, found)| (rule.to_string(), found.exceeds)).collect();
            reckoned.insert(record.received.floor_secs() - EPOCH_S, now);
        }
        Ok::<(), Failure>(())
    };
    step_through(&mut reader, &mut engine, |_| {}, after).expect("a good recording");
    let determined = engine.determined().map(|(rule, known)| (rule.to_string(), known)).collect();
    Counted { notices, reckoned, truth: places(&simulated.truth), determined }
}

fn places(truth: &str) -> BTreeMap<i64, Vec<[f64; 2]>> {
    let mut found: BTreeMap<i64, Vec<[f64; 2]>> = BTreeMap::new();
    for line in truth.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let at = [2, 3].map(|k| fields[k].parse::<f64>().unwrap());
        found.entry(fields[0].parse().unwrap()).or_default().push(at);
    }
    found
}

/// A band before the line in which only so many may be, where more must not arrive than usual, and a line that no column
/// may head for.
fn massing(frame: &LocalFrame, settings: &mut Settings, limit: u32) {
    let agreement = &mut settings.agreement;
    agreement.zones = vec![zone(frame, "band", [[-3000.0, -4500.0], [3000.0, -500.0]])];
    let horizon = Some(Span::from_secs(300));
    agreement.rules = vec![
        rule("no-more-in-the-band", RuleKind::Ceiling { zone: 0, limit, horizon }),
        rule("no-surge", RuleKind::Surge { zone: 0 }),
        rule(
            "no-columns",
            RuleKind::Convergence { line: Some(0), zone: None, min_number: 5, radius_m: 500.0 },
        ),
    ];
}

/// What was said, a line each.
fn said(notices: &[Notice]) -> String {
    let mut text = String::new();
    for notice in notices {
        let after_s = notice.raised_at.floor_secs() - EPOCH_S;
        let state = format!("{:?}", notice.state).to_lowercase();
        let (rule, severity, confidence) = (&notice.rule, notice.severity.as_str(), notice.confidence);
        let _ = write!(text, "{rule} {state}, raised at {after_s} s, {severity}, {confidence:.2}");
        if let Some(count) = notice.count {
            let _ = write!(text, ", {:.1} in {:?}", count.expected, count.interval);
        }
        if let Some(trend) = notice.trend {
            let _ = write!(text, ", foreseen in {} s", trend.after_s);
        }
        if let Some(group) = notice.gathering {
            let _ = write!(
                text,
                ", {} at {:.0} m/s towards {}°",
                group.number, group.speed_mps, group.course_deg
            );
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_column_is_seen_to_mass_before_the_line() {
    let scenario = scenario("column");
    let run = counted(&scenario, |frame, settings| massing(frame, settings, 6));
    compare("column", &format!("{}\n{}", scenario.name, said(&run.notices)));
    let first = |rule: &str| run.notices.iter().find(|notice| &*notice.rule == rule);
    let column = first("no-columns").expect("a column heads for the line");
    assert!(column.gathering.is_some_and(|group| group.number >= 5 && group.heads > 0.8), "{column:?}");
    assert!(column.raised_at.floor_secs() - EPOCH_S <= 60, "before it is in the band");
    let passed =
        run.notices.iter().find(|notice| &*notice.rule == "no-more-in-the-band" && notice.trend.is_none());
    let passed = passed.expect("the ceiling is passed");
    assert!(
        passed.confidence >= 0.95 && passed.count.is_some_and(|count| count.expected > 6.0),
        "{passed:?}"
    );
    let alerts: std::collections::BTreeSet<&str> = run.notices.iter().map(|notice| &*notice.alert).collect();
    assert_eq!(alerts.len(), 2, "one alert for the column, one for the ceiling");
    assert_eq!(run.determined.values().collect::<Vec<_>>(), [&false, &false], "ten minutes are no baseline");
}

#[test]
fn a_quiet_day_raises_nothing() {
    for seed in 1..=3 {
        let scenario = Scenario { seed, ..scenario("quiet") };
        let run = counted(&scenario, |frame, settings| massing(frame, settings, 15));
        assert_eq!(said(&run.notices), "", "seed {seed}");
    }
}

/// Sixteen squares, four ceilings each.
const SQUARES: i32 = 4;
const SIDE_M: f64 = 2500.0;
const LIMITS: u32 = 4;

fn square(index: i32) -> Rectangle {
    let low = [index % SQUARES, index / SQUARES].map(|k| f64::from(k - SQUARES / 2) * SIDE_M);
    [low, low.map(|x| x + SIDE_M)]
}

/// Every P(more than the limit) that leaves a doubt, with whether it was so, as `p,happened` into `LINEWATCH_CASES`.
#[test]
#[ignore = "minutes; `tests/long calibration` runs it and draws the diagram"]
fn probabilities_of_counts_come_true_as_often_as_they_say() {
    let mut cases = String::new();
    for seed in 1..=30 {
        let scenario = Scenario { seed, ..scenario("crowd") };
        let run = counted(&scenario, |frame, settings| {
            let names = (0..SQUARES * SQUARES).map(|index| (index, format!("z{index}")));
            settings.agreement.zones = names.map(|(index, name)| zone(frame, &name, square(index))).collect();
            let squares = settings.agreement.zones.len();
            let rules = (0..squares).flat_map(|zone| (0..LIMITS).map(move |limit| (zone, limit)));
            let ceiling = |(zone, limit)| {
                rule(&format!("{zone},{limit}"), RuleKind::Ceiling { zone, limit, horizon: None })
            };
            settings.agreement.rules = rules.map(ceiling).collect();
        });
        for (second, reckoned) in
            run.reckoned.iter().filter(|(second, _)| **second >= 30 && **second % 10 == 0)
        {
            let Some(truth) = run.truth.get(second) else { continue };
            for (rule, p) in reckoned.iter().filter(|(_, p)| (0.001..=0.999).contains(*p)) {
                let (zone, limit) = rule.split_once(',').expect("zone and limit");
                let [low, high] = square(zone.parse().unwrap());
                let inside = truth
                    .iter()
                    .filter(|at| (0..2).all(|axis| at[axis] >= low[axis] && at[axis] < high[axis]));
                let happened = u32::from(inside.count() > limit.parse::<usize>().unwrap());
                let _ = writeln!(cases, "{p:.6},{happened}");
            }
        }
    }
    println!("{} cases", cases.lines().count());
    assert!(cases.lines().count() >= 1000, "too few to judge");
    if let Some(path) = std::env::var_os("LINEWATCH_CASES") {
        std::fs::write(&path, cases).expect("the cases can be written");
    }
}
