//! The webhook against a real HTTP server that is unwell in every way a far end can be.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use linewatch::engine::reload::Reload;
use linewatch::engine::{Event, Settings};
use linewatch::machine::Machine;
use linewatch::outbox::{Left, Limits, Outbox};
use linewatch::record::{Body, Sequencer};
use linewatch::sinks::webhook::{Timing, Webhook};
use linewatch::sinks::{Couriers, Kind};
use linewatch::time::Span;
use linewatch::watch::agreement::Recipients;
use linewatch::watch::alert;

use crate::rig::sample::{self, at_s, metrics, notice, sink, utc, value};
use crate::rig::{free_port, until};
use crate::simulation::world::world;

const QUICK: Timing = Timing {
    attempt: Duration::from_millis(400),
    base: Duration::from_millis(10),
    cap: Duration::from_millis(40),
    set_aside: Duration::from_millis(100),
};

/// A far end: what it will answer next (200 when nothing is left), and what it answered to what.
#[derive(Default)]
struct FarEnd {
    answers: Mutex<VecDeque<(Duration, u16)>>,
    answered: Mutex<Vec<(String, String, u16)>>,
}

impl FarEnd {
    /// Listens on a free port; the URL to post to.
    async fn start(answers: &[(u64, u16)]) -> (Arc<Self>, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/notices", listener.local_addr().unwrap());
        let answers = answers.iter().map(|(ms, status)| (Duration::from_millis(*ms), *status)).collect();
        let far_end = Arc::new(Self { answers: Mutex::new(answers), answered: Mutex::default() });
        let app = axum::Router::new()
            .route("/notices", axum::routing::post(Self::answer))
            .with_state(Arc::clone(&far_end));
        tokio::spawn(async move { axum::serve(listener, app).await });
        (far_end, url)
    }

    async fn answer(State(far_end): State<Arc<Self>>, headers: HeaderMap, body: String) -> StatusCode {
        let (wait, status) = far_end.answers.lock().unwrap().pop_front().unwrap_or((Duration::ZERO, 200));
        tokio::time::sleep(wait).await;
        assert_eq!(headers["content-type"], "application/json");
        let key = headers.get("idempotency-key").map_or("", |key| key.to_str().unwrap()).to_owned();
        far_end.answered.lock().unwrap().push((key, body, status));
        StatusCode::from_u16(status).unwrap()
    }

    /// What it took: keys, in order.
    fn taken(&self) -> Vec<String> {
        let answered = self.answered.lock().unwrap();
        answered.iter().filter(|(_, _, status)| *status < 300).map(|(key, _, _)| key.clone()).collect()
    }
}

fn owe(outbox: &Outbox, numbers: impl Iterator<Item = u32>) {
    for n in numbers {
        sample::owe(outbox, &notice(n));
    }
}

fn keys(numbers: impl Iterator<Item = u32>) -> Vec<String> {
    numbers.map(|n| format!("{n:064x}.1")).collect()
}

fn deliver(outbox: &Outbox, sink: &str, url: &str) -> tokio::task::JoinHandle<()> {
    let (webhook, queue) = (Webhook::with_timing(url, QUICK).unwrap(), outbox.queue(sink).unwrap());
    tokio::spawn(async move { webhook.run(&queue).await })
}

#[tokio::test]
async fn errors_and_slowness_delay_and_reorder_nothing_and_other_sinks_do_not_notice() {
    // Errors, an answer that comes too late to be heard, a redirect, then a slow but good one; then well for good.
    let sick =
        [(0, 500), (0, 503), (5_000, 200), (0, 307), (0, 429), (200, 202), (0, 500), (0, 200), (0, 502)];
    let (sick, sick_url) = FarEnd::start(&sick).await;
    let (well, well_url) = FarEnd::start(&[]).await;
    let metrics = metrics(&["sick", "well"]);
    let outbox = Outbox::new(&["sick", "well"], Limits::default(), &metrics);
    owe(&outbox, 0..50);
    let couriers = [deliver(&outbox, "sick", &sick_url), deliver(&outbox, "well", &well_url)];
    until("the well sink has everything", 10, || well.taken().len() == 50).await;
    assert!(sick.taken().len() < 2, "the sick one is still at its first: {:?}", sick.taken());
    until("the sick sink has everything", 20, || outbox.left().iter().all(|left| left.notices == 0)).await;
    outbox.close();
    for courier in couriers {
        courier.await.unwrap();
    }
    assert_eq!(sick.taken(), keys(0..50), "each taken once, in order");
    assert_eq!(well.taken(), keys(0..50));
    let bodies: Vec<String> = well.answered.lock().unwrap().iter().map(|(_, body, _)| body.clone()).collect();
    assert_eq!(bodies, (0..50).map(|n| notice(n).to_json()).collect::<Vec<_>>());
    let text = metrics.render(at_s(0));
    for (sink, outcome, expected) in [
        ("sick", "delivered", 50.0),
        ("sick", "retry", 7.0),
        ("well", "delivered", 50.0),
        ("well", "retry", 0.0),
    ] {
        let series =
            format!(r#"linewatch_notices_total{{outcome="{outcome}",sector="east-3",sink="{sink}"}}"#);
        assert_eq!(value(&text, &series), Some(expected), "{series}");
    }
}

#[tokio::test]
async fn a_notice_the_far_end_will_not_have_holds_up_no_other_and_stays_owed() {
    let (far_end, url) = FarEnd::start(&[(0, 200), (0, 422), (0, 400)]).await;
    let outbox = Outbox::new(&["hq"], Limits::default(), &metrics(&["hq"]));
    owe(&outbox, 0..10);
    let courier = deliver(&outbox, "hq", &url);
    until("everything is taken", 10, || far_end.taken().len() == 10).await;
    let mut taken = far_end.taken();
    assert_ne!(taken, keys(0..10), "the refused ones came later");
    taken.sort();
    assert_eq!(taken, keys(0..10));
    outbox.close();
    courier.await.unwrap();
}

#[tokio::test]
async fn a_far_end_that_comes_back_gets_everything() {
    let port = free_port();
    let outbox = Outbox::new(&["hq"], Limits::default(), &metrics(&["hq"]));
    owe(&outbox, 0..5);
    let courier = deliver(&outbox, "hq", &format!("http://127.0.0.1:{port}/notices"));
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(outbox.left()[0].notices, 5);
    let far_end = Arc::new(FarEnd::default());
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let app = axum::Router::new()
        .route("/notices", axum::routing::post(FarEnd::answer))
        .with_state(Arc::clone(&far_end));
    tokio::spawn(async move { axum::serve(listener, app).await });
    until("everything is taken", 10, || far_end.taken().len() == 5).await;
    outbox.close();
    courier.await.unwrap();
    assert_eq!(far_end.taken(), keys(0..5));
}

#[tokio::test]
async fn a_drain_delivers_what_it_can_and_says_what_is_left() {
    let (well, well_url) = FarEnd::start(&[]).await;
    let (stuck, stuck_url) = FarEnd::start(&[(0, 200), (60_000, 200)]).await;
    let outbox = Arc::new(Outbox::new(&["well", "stuck"], Limits::default(), &metrics(&["well", "stuck"])));
    let sinks = [("well", well_url), ("stuck", stuck_url)].map(|(id, url)| sink(id, Kind::Webhook { url }));
    let couriers = Couriers::start(&sinks, None, "east-3", &outbox, &utc()).unwrap();
    owe(&outbox, 0..3);
    let left = couriers.drain(Duration::from_secs(2)).await;
    assert_eq!(left, [Left { sink: "stuck".into(), notices: 2 }]);
    assert_eq!((well.taken(), stuck.taken()), (keys(0..3), keys(0..1)));
}

#[tokio::test]
async fn a_sink_that_can_never_work_is_named_before_anything_starts() {
    let outbox = Arc::new(Outbox::new(&["hq"], Limits::default(), &metrics(&["hq"])));
    for kind in [Kind::Webhook { url: "not a url".to_owned() }, Kind::Mqtt] {
        let sinks = [sink("hq", kind)];
        assert!(Couriers::start(&sinks, None, "east-3", &outbox, &utc()).is_err());
    }
}

/// So many notices to a far end that fails on every seventh request, while another sink's far end answers nothing.
async fn owed_many(notices: u32) -> Duration {
    let sick: Vec<_> = (0..notices / 6).flat_map(|_| [200, 200, 200, 200, 200, 200, 503]).collect();
    let sick: Vec<_> = sick.into_iter().map(|status| (0, status)).collect();
    let (sick, sick_url) = FarEnd::start(&sick).await;
    let (hung, hung_url) = FarEnd::start(&[(600_000, 200); 1000]).await;
    let metrics = metrics(&["sick", "hung"]);
    let outbox = Outbox::new(&["sick", "hung"], Limits::default(), &metrics);
    owe(&outbox, 0..notices);
    let began = std::time::Instant::now();
    let couriers = [deliver(&outbox, "sick", &sick_url), deliver(&outbox, "hung", &hung_url)];
    until("all is taken", 300, || outbox.left()[0].notices == 0).await;
    let took = began.elapsed();
    couriers.iter().for_each(tokio::task::JoinHandle::abort);
    assert!(sick.taken() == keys(0..notices), "each taken once, in order");
    assert_eq!((outbox.left()[1].notices, hung.taken().len()), (notices as usize, 0));
    took
}

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_notices_are_delivered_once_each_while_another_sink_hangs() {
    owed_many(600).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "takes a minute: `tests/long sinks`"]
async fn ten_thousand_notices_are_delivered_once_each_while_another_sink_hangs() {
    let took = owed_many(10_000).await;
    println!("10,000 notices, 1,666 of 11,666 answers 503: {:.1} s", took.as_secs_f64());
}

#[tokio::test]
async fn a_dead_man_notice_is_posted_and_owed_to_nobody() {
    let (far_end, url) = FarEnd::start(&[]).await;
    let outbox = Outbox::new(&["hq"], Limits::default(), &metrics(&["hq"]));
    let outbox = outbox.with_dead_man("east-3", false, [("hq", Duration::from_secs(60))]);
    let courier = deliver(&outbox, "hq", &url);
    // Ticks of two minutes: the third interval has only just begun.
    (0..121).for_each(|second| outbox.beat(at_s(second)));
    let latest =
        r#"{"v":1,"kind":"dead_man","sector":"east-3","time":"2026-01-01T00:02:00.000Z","pending":{"hq":0}}"#;
    let posted = || far_end.answered.lock().unwrap().last().cloned();
    until("the latest is there", 10, || posted() == Some((String::new(), latest.to_owned(), 200))).await;
    assert_eq!(outbox.left()[0].notices, 0);
    outbox.close();
    courier.await.unwrap();
}

/// What recipients are: `duty` is told first, `hq` when nobody has acknowledged for half a minute.
fn with_recipients(settings: &Settings, duty: &str) -> Settings {
    let recipients =
        |id: &str, sink: &str| Recipients { id: id.into(), name: None, sinks: vec![sink.into()] };
    let mut made = settings.clone();
    made.agreement.recipients = vec![recipients("duty", duty), recipients("hq", "hq")];
    for rule in &mut made.agreement.rules {
        (rule.terms.recipients, rule.terms.escalate_after) = (vec![0, 1], Some(Span::from_secs(30)));
    }
    made
}

#[tokio::test]
async fn notices_reach_their_recipients_and_nobody_else_through_a_reload_and_a_restart() {
    const SINKS: [&str; 3] = ["day", "night", "hq"];
    let world = world(3, 200);
    let [plain, ..] = world.settings;
    let start = world.said[0].0;
    let mut bodies = world.said;
    // The duty officer changes after a minute.
    let reload = Reload::new(with_recipients(&plain, "night"), "00").to_bytes();
    let at = start.plus(Span::from_secs(60));
    bodies.insert(bodies.partition_point(|(when, _)| *when < at), (at, Body::Reload { bytes: reload }));
    let (mut sequencer, mut records) = (Sequencer::default(), Vec::new());
    bodies.into_iter().for_each(|(at, body)| sequencer.place(at, body, &mut records));
    let outbox = || Arc::new(Outbox::new(&SINKS, Limits::default(), &metrics(&SINKS)));
    let mut machine = Machine::new(with_recipients(&plain, "day"), outbox());
    let mut told: BTreeMap<Arc<str>, BTreeSet<&str>> = BTreeMap::new();
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let restart_at = start.plus(Span::from_secs(100));
    let mut is_restarted = false;
    for record in &records {
        if record.received >= restart_at && !is_restarted {
            is_restarted = true;
            machine = Machine::restore(&machine.still().to_bytes(), outbox()).unwrap();
        }
        let duty = if record.received >= at { "night" } else { "day" };
        machine.step(record, |event, _| {
            let Event::Notice(notice) = event else { return };
            if notice.life.held.is_some() {
                return;
            }
            let sinks = told.entry(Arc::clone(&notice.alert)).or_default();
            sinks.insert(duty);
            if notice.life.escalation.as_ref().is_some_and(|of| of.level > 0) {
                sinks.insert("hq");
            }
            for sink in &*sinks {
                expected.entry(sink).or_default().push(format!("{}.{}", notice.alert, notice.revision));
            }
            if notice.state == alert::State::Cleared {
                sinks.clear();
            }
        });
    }
    assert!(SINKS.iter().all(|sink| expected.get(sink).is_some_and(|keys| keys.len() > 2)), "{expected:?}");
    assert!(expected["hq"].len() < expected["day"].len() + expected["night"].len());
    let outbox = Arc::clone(&machine.outbox);
    for sink in SINKS {
        let (far_end, url) = FarEnd::start(&[]).await;
        deliver(&outbox, sink, &url);
        let due = expected[sink].len();
        until(sink, 20, || far_end.taken().len() >= due).await;
        assert_eq!(far_end.taken(), expected[sink], "{sink}");
    }
    assert!(outbox.left().iter().all(|left| left.notices == 0), "{:?}", outbox.left());
}
