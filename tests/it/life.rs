//! The life of an alert from outside: acts in the log, cuts, reloads, what a daemon answers, and the day's report.
//!
//! In: a simulated world, and persons who do whatever comes to their minds. What is said must be the same to the last byte
//! however often the engine is taken down and restored, and no alert may be opened twice.

use std::collections::{BTreeMap, BTreeSet};

use linewatch::engine::acts::Written;
use linewatch::engine::reload::Reload;
use linewatch::engine::{Engine, Event, Settings};
use linewatch::record::{Body, Record, Sequencer};
use linewatch::report::form::{Heading, json, markdown};
use linewatch::report::{Day, Reporter};
use linewatch::time::{Span, Timestamp};
use linewatch::watch::Notice;
use linewatch::watch::alert::State;

use super::rig::repository;
use super::simulation::world::world;
use super::snapshot::world::Dice;

const SECONDS: u64 = 240;

/// The records of a world in which persons act at random, and the settings it begins under.
fn acted(seed: u64) -> (Settings, Vec<Record>) {
    let world = world(seed, SECONDS);
    let [settings, other, _] = world.settings;
    let mut dice = Dice::new(seed);
    let mut said = world.said;
    // What ids there will be is known only by running it: acts are made from a first run without them.
    let first = run(&settings, &placed(said.clone()), &BTreeSet::new());
    let ids: Vec<String> = first.notices.iter().map(|notice| notice.alert.to_string()).collect();
    for _ in 0..60 {
        let (at, _) = said[dice.below(said.len())].clone();
        let alert = if dice.below(10) == 0 { "0".repeat(64) } else { ids[dice.below(ids.len())].clone() };
        let until = Some(at.plus(Span::from_secs(i64::try_from(dice.below(60)).unwrap() - 5)).to_string());
        let act = Written { alert, actor: "Ada".into(), ..Written::default() };
        let act = match dice.below(5) {
            0 => Written { act: "acknowledge".into(), ..act },
            1 => Written { act: "shelve".into(), reason: Some("works".into()), until, ..act },
            2 => Written { act: "unshelve".into(), ..act },
            3 => Written { act: "review".into(), verdict: Some("confirmed".into()), ..act },
            _ => Written { act: "review".into(), ..act },
        };
        said.push((at, Body::Act { bytes: act.to_bytes() }));
    }
    let mut new = [settings.clone(), other];
    new[1].configuration = "another file".into();
    for third in 1..3_usize {
        let at = said[0].0.plus(Span::from_secs(80 * i64::try_from(third).unwrap()));
        said.push((at, Body::Reload { bytes: Reload::new(new[third % 2].clone(), "00").to_bytes() }));
    }
    said.sort_by_key(|(at, _)| *at);
    (settings, placed(said))
}

fn placed(said: Vec<(linewatch::time::Timestamp, Body)>) -> Vec<Record> {
    let (mut sequencer, mut records) = (Sequencer::default(), Vec::new());
    said.into_iter().for_each(|(at, body)| sequencer.place(at, body, &mut records));
    sequencer.finish(&mut records);
    records
}

struct Ran {
    notices: Vec<Notice>,
    acts: BTreeMap<String, usize>,
}

/// Runs the records; the engine is taken down before each of these.
fn run(settings: &Settings, records: &[Record], cuts: &BTreeSet<usize>) -> Ran {
    let mut engine = Engine::new(settings.clone());
    let mut in_force = settings.clone();
    let mut ran = Ran { notices: Vec::new(), acts: BTreeMap::new() };
    for (index, record) in records.iter().enumerate() {
        if cuts.contains(&index) {
            engine = Engine::restore(in_force.clone(), &engine.snapshot()).unwrap();
        }
        if let Body::Reload { bytes } = &record.body {
            in_force = Reload::parse(bytes).unwrap().settings;
        }
        for event in engine.step(record) {
            match event {
                Event::Notice(notice) => ran.notices.push((*notice).clone()),
                Event::Act { outcome, .. } => {
                    let word = outcome
                        .map_or_else(|refusal| refusal.as_str().to_owned(), |done| format!("{done:?}"));
                    let word = word.split(' ').next().unwrap_or_default().to_owned();
                    *ran.acts.entry(word).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    ran
}

/// Revisions count from 1 without a gap, one form each; an alert is opened once.
fn is_one_life_each(notices: &[Notice]) {
    let mut latest: BTreeMap<&str, u32> = BTreeMap::new();
    for notice in notices {
        let before = latest.insert(&notice.alert, notice.revision).unwrap_or(0);
        assert_eq!(notice.revision, before + 1, "{}", notice.to_json());
        assert_eq!(notice.state == State::Opened, notice.revision == 1, "{}", notice.to_json());
    }
}

#[test]
fn acts_cuts_and_reloads_leave_every_alert_its_one_life_and_its_bytes() {
    let mut outcomes: BTreeMap<String, usize> = BTreeMap::new();
    for seed in 1..5 {
        let (settings, records) = acted(seed);
        let mut dice = Dice::new(seed + 100);
        let cuts: BTreeSet<usize> = (0..24).map(|_| dice.below(records.len())).collect();
        let (through, cut) = (run(&settings, &records, &BTreeSet::new()), run(&settings, &records, &cuts));
        let bytes = |ran: &Ran| ran.notices.iter().map(Notice::to_json).collect::<Vec<_>>();
        assert_eq!(bytes(&through), bytes(&cut), "seed {seed}");
        is_one_life_each(&through.notices);
        for (word, times) in &through.acts {
            *outcomes.entry(word.clone()).or_insert(0) += times;
        }
        let cites = |what: &str| through.notices.iter().any(|n| n.configuration.as_deref() == Some(what));
        assert!(cites("another file"), "a reload's configuration is cited from then on");
    }
    for word in ["Changed", "Already", "unknown", "malformed", "impossible"] {
        assert!(outcomes.get(word).is_some_and(|n| *n > 0), "no act was {word}: {outcomes:?}");
    }
}

/// The day of a world that persons acted in, and what was said after it, folded as the daemon does.
fn day() -> (Settings, Day) {
    let (settings, records) = acted(2);
    let mut engine = Engine::new(settings.clone());
    let mut reporter = Reporter::default();
    for record in &records {
        assert!(reporter.before(record, &engine, "").is_none(), "the world lasts four minutes");
        let events = engine.step(record);
        reporter.after(record, &events, &engine);
    }
    (settings, reporter.day().unwrap().clone())
}

#[test]
fn the_days_report_is_what_it_was() {
    let (settings, mut day) = day();
    let heading =
        |reviewed| Heading { sector: "exercise-1", exercise: true, agreement: &settings.agreement, reviewed };
    compare("report.md", &markdown(&day, &heading(false)));
    compare("report.json", &json(&day, &heading(false)));
    let (id, row) = day.alerts.iter().find(|(_, row)| row.review.is_none()).unwrap();
    let later = serde_json::json!({
        "alert": id, "rule": row.rule, "kind": row.kind, "severity": "advisory", "confidence": 0.5, "revision": 99,
        "event_time": row.event_time, "raised_at": row.raised_at, "state": "cleared", "trust_groups": 1,
        "review": { "by": "Grace", "at": "2026-01-02T08:00:00.000Z", "verdict": "false_alarm", "cause": "a herd" },
    });
    let (before, id) = (row.clone(), id.clone());
    day.review(&later.to_string());
    let after = &day.alerts[&id];
    assert_eq!(after.review.as_ref().map(|review| review.verdict.as_str()), Some("false_alarm"));
    assert_eq!(
        (&after.severity, after.revision),
        (&before.severity, before.revision),
        "nothing else is later's"
    );
    assert!(markdown(&day, &heading(true)).contains("false_alarm: a herd"));
}

fn compare(name: &str, text: &str) {
    let path = repository(&format!("tests/golden/{name}"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(golden == text, "{name} differs from its golden:\n{text}\n`cargo bless life` rewrites it");
}

#[test]
fn a_day_ends_with_the_tick_of_midnight_and_what_is_open_goes_on() {
    let (settings, records) = acted(3);
    let mut engine = Engine::new(settings);
    let mut reporter = Reporter::default();
    let shift = {
        let latest = records.last().unwrap().received;
        let ([_, to], _) = linewatch::watch::calendar::day("", latest);
        Span::from_nanos(to.since(latest).as_nanos() + 60 * 1_000_000_000)
    };
    let mut ended = Vec::new();
    for record in &records {
        // A world of a minute before midnight and three after: stamps alone move, so that frames are old and unused.
        let record = Record { received: record.received.plus(shift), ..record.clone() };
        ended.extend(reporter.before(&record, &engine, ""));
        let events = engine.step(&record);
        reporter.after(&record, &events, &engine);
    }
    assert_eq!(ended.len(), 1);
    let (yesterday, today) = (&ended[0], reporter.day().unwrap());
    assert_eq!(yesterday.to, today.from);
    let ticks = records.iter().filter(|record| record.body == Body::Tick).count() as u64;
    assert_eq!(yesterday.seconds + today.seconds, ticks);
    assert!(yesterday.seconds > 100 && today.seconds >= 59, "{} {}", yesterday.seconds, today.seconds);
}

#[test]
fn a_reports_day_is_one_of_its_time_zone() {
    let (settings, _) = acted(1);
    let engine = Engine::new(settings);
    let mut reporter = Reporter::default();
    let from = Timestamp::parse("2026-10-24T12:00:00Z").unwrap().floor_secs();
    let mut ended = Vec::new();
    for hour in 0..96 {
        let received = Timestamp::from_secs(from + 3600 * hour);
        // Another zone comes into force within the day after next.
        let zone = if hour < 60 { "Asia/Nicosia" } else { "" };
        let record = Record { position: 0, received, body: Body::Tick };
        ended.extend(reporter.before(&record, &engine, zone));
        reporter.after(&record, &[], &engine);
    }
    let said = |day: &Day| (day.date.clone(), day.to.since(day.from).as_secs_f64() / 3600.0, day.seconds);
    let days: Vec<_> = ended.iter().map(said).collect();
    let day = |date: &str, hours: f64, ticks: u64| (date.to_owned(), hours, ticks);
    // Ticks at whole hours; one at a day's end is its last.
    assert_eq!(
        days,
        [
            day("2026-10-24", 24.0, 10),
            day("2026-10-25", 25.0, 25),
            day("2026-10-26", 24.0, 24),
            day("2026-10-27", 24.0, 24)
        ]
    );
    let last = reporter.day().unwrap();
    assert_eq!(said(last), day("2026-10-28", 26.0, 13), "no day has two reports");
    assert_eq!(ended[3].to, last.from);
    assert!(ended.windows(2).all(|pair| pair[0].to == pair[1].from));
}
