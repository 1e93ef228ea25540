//! Other settings in the middle: nothing that still holds is lost, nothing that does not is kept; an error changes
//! nothing.

use std::collections::BTreeSet;
use std::process::{Child, Command, Stdio};

use linewatch::engine::reload::Reload;
use linewatch::engine::{Engine, Event, Settings};
use linewatch::journal::disk::Disk;
use linewatch::journal::verify::examine;
use linewatch::record::{Body, Record, Sequencer};
use linewatch::time::Span;
use linewatch::watch::Notice;
use linewatch::watch::alert::State;
use rustix::process::{Pid, Signal, kill_process};

use super::rig::{http_client, until};
use super::simulation::world::world;

const SECONDS: u64 = 150;
/// In the middle: alerts are open then.
const AT: Span = Span::from_secs(60);

/// What was said when, and whether what was known went over.
struct Ran {
    notices: Vec<Notice>,
    carried: Option<bool>,
    tracks_before: BTreeSet<String>,
    tracks_after: BTreeSet<String>,
}

fn run(change: impl FnOnce(&mut Settings)) -> Ran {
    let world = world(3, SECONDS);
    let old = world.settings.into_iter().next().unwrap();
    let mut new = old.clone();
    change(&mut new);
    let reload = Body::Reload { bytes: Reload::new(new, "00").to_bytes() };
    let start = world.said[0].0;
    let mut bodies = world.said;
    let at = bodies.partition_point(|(at, _)| at.since(start) < AT);
    bodies.insert(at, (start.plus(AT), reload));
    let mut engine = Engine::new(old);
    let mut sequencer = Sequencer::default();
    let mut ran = Ran {
        notices: Vec::new(),
        carried: None,
        tracks_before: BTreeSet::new(),
        tracks_after: BTreeSet::new(),
    };
    let tracks = |engine: &Engine| engine.picture().tracks.into_iter().map(|row| row.track).collect();
    for (at, body) in bodies {
        let mut records: Vec<Record> = Vec::new();
        sequencer.place(at, body, &mut records);
        for record in records {
            let is_reload = matches!(record.body, Body::Reload { .. });
            if is_reload {
                ran.tracks_before = tracks(&engine);
            }
            for event in engine.step(&record) {
                match event {
                    Event::Notice(notice) => ran.notices.push((*notice).clone()),
                    Event::Reloaded { carried } => ran.carried = Some(carried),
                    _ => {}
                }
            }
            if is_reload {
                ran.tracks_after = tracks(&engine);
            }
        }
    }
    ran
}

/// Alert, revision and rule of everything said, but for the agreement's own name in it.
fn said(ran: &Ran) -> Vec<(String, u32, String, State)> {
    let of =
        |notice: &Notice| (notice.alert.to_string(), notice.revision, notice.rule.to_string(), notice.state);
    // What a flood's group speaks for depends on all rules together.
    ran.notices.iter().filter(|notice| notice.group.is_none()).map(of).collect()
}

#[test]
fn what_still_holds_goes_over_and_what_does_not_is_cleared() {
    let undisturbed = run(|_| {});
    assert_eq!(undisturbed.carried, None, "the same settings are no change");
    let rules: BTreeSet<_> = undisturbed.notices.iter().map(|notice| notice.rule.to_string()).collect();
    assert!(rules.len() >= 2, "{rules:?}");

    let renamed = run(|settings| {
        settings.agreement.rules.reverse();
        settings.agreement.version = "2".into();
        settings.agreement.hash = "another".into();
    });
    assert_eq!(renamed.carried, Some(true));
    let order = |ran| said(ran).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(order(&renamed), order(&undisturbed), "no alert invented, none lost, none numbered anew");

    let sharper = run(|settings| settings.sensors[0].range_sigma_m = Some(7.0));
    assert_eq!(sharper.carried, Some(true));
    assert!(!sharper.tracks_before.is_empty());
    assert_eq!(sharper.tracks_after, sharper.tracks_before);

    let dropped = run(|settings| settings.agreement.rules.retain(|rule| &*rule.id != "post"));
    let cleared =
        dropped.notices.iter().filter(|notice| &*notice.rule == "post" && notice.state == State::Cleared);
    assert!(cleared.count() >= 1, "an open alert of a rule that is gone is over");
    let others = |ran| said(ran).into_iter().filter(|(_, _, rule, _)| rule != "post").collect::<Vec<_>>();
    assert_eq!(others(&dropped), others(&undisturbed));

    let fewer = run(|settings| drop(settings.sensors.pop()));
    assert_eq!(fewer.carried, Some(false), "other boxes: what is known of tracks is not theirs");
    let mut open = BTreeSet::new();
    for notice in &fewer.notices {
        match notice.state {
            State::Opened => drop(open.insert(notice.alert.clone())),
            State::Cleared => drop(open.remove(&notice.alert)),
            State::Updated => {}
        }
    }
    assert!(open.len() < fewer.notices.len(), "alerts of tracks that are no more were cleared");
}

#[test]
fn what_a_record_holds_is_exactly_what_was_in_force() {
    let settings = world(1, 1).settings.into_iter().next().unwrap();
    let bytes = Reload::new(settings.clone(), "00").to_bytes();
    let read = Reload::parse(&bytes).unwrap();
    assert!(Engine::new(settings).is_under(&read.settings));
    assert!(Reload::parse(b"{}").is_none());
}

/// A daemon of the program's own, which ends with the test.
struct Daemon(Child);

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Waits until the daemon's metrics have all of these labels.
async fn until_metrics_name(port: u16, labels: &[&str]) {
    let mut text = String::new();
    for _ in 0..200 {
        if let Ok(answer) = http_client().get(format!("http://127.0.0.1:{port}/metrics")).send().await {
            text = answer.text().await.unwrap_or_default();
        }
        if labels.iter().all(|label| text.contains(label)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("{labels:?} in {text}");
}

#[tokio::test]
async fn a_hangup_reloads_an_error_changes_nothing_and_both_are_in_the_log() {
    let dir = tempfile::tempdir().unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let config = dir.path().join("linewatch.toml");
    let agreement = dir.path().join("agreement.toml");
    let text = format!(
        "[sector]\nid = \"east\"\norigin = [-49.0, 69.6]\n[agreement]\nfile = \"agreement.toml\"\n\
         [[sensors]]\nid = \"r1\"\nkind = \"radar\"\nposition = [-49.0, 69.6]\nmax_range_m = 15000.0\n\
         range_sigma_m = 15.0\nazimuth_sigma_deg = 0.3\ndetection_probability = 0.9\nperiod_s = 1.0\n\
         [[udp]]\nlisten = \"127.0.0.1:0\"\nsensor = \"r1\"\n[journal]\ndir = \"journal\"\n\
         [http]\nlisten = \"127.0.0.1:{port}\"\n"
    );
    let rules = |version: &str| {
        format!(
            "name = \"t\"\nversion = \"{version}\"\n[[lines]]\nid = \"l\"\nleft = \"n\"\nright = \"s\"\n\
             coordinates = [[-49.0, 69.5], [-49.0, 69.7]]\n[[rules]]\nid = \"c\"\nkind = \"crossing\"\nline = \"l\"\n"
        )
    };
    std::fs::write(&config, &text).unwrap();
    std::fs::write(&agreement, rules("1")).unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_linewatch"));
    command.args(["run", "--config"]).arg(&config).stdout(Stdio::null()).stderr(Stdio::null());
    let mut daemon = Daemon(command.spawn().unwrap());
    let pid = Pid::from_child(&daemon.0);
    let journal = dir.path().join("journal");
    let count = |kind: &str| {
        let found = Disk::at(&journal).and_then(|disk| examine(&disk, |_| {}));
        found.map_or(0, |found| found.kinds.get(kind).copied().unwrap_or(0))
    };
    until("the settings in force at the start are in the log", 20, || count("reload") == 1).await;
    std::fs::write(&agreement, "name = 7").unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    until("a refused reload is in the log", 20, || count("act") == 1).await;
    assert_eq!(count("reload"), 1);
    std::fs::write(&agreement, rules("2")).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    until("a reload is in the log", 20, || count("reload") == 2).await;
    // Another sensor, and a sink: the daemon builds itself anew, and goes on in the same log.
    let more = text.clone()
        + "[[sensors]]\nid = \"r2\"\nkind = \"radar\"\nposition = [-49.0, 69.6]\nmax_range_m = 15000.0\n\
           range_sigma_m = 15.0\nazimuth_sigma_deg = 0.3\ndetection_probability = 0.9\nperiod_s = 1.0\n\
           [[udp]]\nlisten = \"127.0.0.2:0\"\nsensor = \"r2\"\n\
           [[sinks]]\nid = \"hook\"\nkind = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n";
    std::fs::write(&config, &more).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    until("the longer list is in the log", 20, || count("reload") == 3).await;
    assert_eq!((count("act"), count("gap")), (2, 1), "how one ended, and that nobody listened");
    until_metrics_name(port, &["sensor=\"r2\"", "sink=\"hook\""]).await;
    // Another journal is another installation.
    std::fs::write(&config, more.replace("dir = \"journal\"", "dir = \"elsewhere\"")).unwrap();
    kill_process(pid, Signal::HUP).unwrap();
    until("a refused reload is in the log", 20, || count("act") == 3).await;
    assert!(!dir.path().join("elsewhere").exists());
    kill_process(pid, Signal::TERM).unwrap();
    assert!(daemon.0.wait().unwrap().success());
    assert_eq!(count("act"), 4, "how it ended is in the log, too");
    let found = examine(&Disk::at(&journal).unwrap(), |_| {}).unwrap();
    assert!(found.faults.is_empty() && found.unfinished.is_none(), "{:?}", found.faults);
}
