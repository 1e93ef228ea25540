//! How long a notice takes, and how long an echo.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use linewatch::clock::{self, Clock};
use linewatch::time::Timestamp;
use rumqttc::{AsyncClient, Event, EventLoop, Packet, QoS};
use tokio::time::MissedTickBehavior;

use super::load::connect;
use super::subject::{PING, PONG};

/// The camera looks five times a second; so often is asked for an echo, too.
const EVERY: Duration = Duration::from_millis(200);
const CAMERA: &str = "linewatch/v1/bench/cam/scan";
const ALERTS: &str = "linewatch/v1/bench/alerts";

/// Walkers on the line at once, 150 m apart, and how many looks each is shown.
const LANES: u64 = 12;
const LOOKS: u64 = 30;
/// Walkers walk 6 m a look, from 90 m before the line to 90 m behind it.
const STRIDE_DEG: f64 = 6.0 / 111_200.0;

/// Seconds from publishing the scan that showed a crossing to the notice of it.
pub(crate) fn notices(port: u16, during: Duration) -> Vec<f64> {
    // What the camera has said lately: when it was measured, and when it was published.
    let mut said: VecDeque<(Timestamp, Instant)> = VecDeque::new();
    exchange(port, during, ALERTS, CAMERA, |step| match step {
        Step::Due(seq) => {
            let now = Clock::system().now();
            said.push_back((now, clock::instant()));
            if said.len() > 50 {
                said.pop_front();
            }
            Answer::Publish(look(now, seq))
        }
        Step::Came(payload, at) => {
            let notice: serde_json::Value = serde_json::from_slice(payload).unwrap();
            let raised = Timestamp::parse(notice["raised_at"].as_str().unwrap()).unwrap();
            // What a tick raised waited for no scan.
            let by_scan = raised.as_nanos() % 1_000_000_000 != 0 && notice["state"] == "opened";
            let cause = said.iter().rev().find(|(measured, _)| *measured <= raised);
            match cause {
                Some((_, published)) if by_scan => Answer::Took((at - *published).as_secs_f64()),
                _ => Answer::Nothing,
            }
        }
    })
}

/// Seconds from publishing a ping to its answer.
pub(crate) fn echoes(port: u16, during: Duration) -> Vec<f64> {
    let began = clock::instant();
    exchange(port, during, PONG, PING, |step| match step {
        Step::Due(_) => Answer::Publish(began.elapsed().as_nanos().to_string().into_bytes()),
        Step::Came(payload, at) => {
            let sent: u64 = std::str::from_utf8(payload).unwrap().parse().unwrap();
            Answer::Took(((at - began).saturating_sub(Duration::from_nanos(sent))).as_secs_f64())
        }
    })
}

enum Step<'a> {
    /// It is time to publish; counts from 1.
    Due(u64),
    /// Something came back.
    Came(&'a [u8], Instant),
}

enum Answer {
    Publish(Vec<u8>),
    Took(f64),
    Nothing,
}

fn exchange(
    port: u16,
    during: Duration,
    from: &str,
    to: &str,
    mut step: impl FnMut(Step<'_>) -> Answer,
) -> Vec<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, mut events): (AsyncClient, EventLoop) = connect("asker", port);
        client.try_subscribe(from, QoS::AtLeastOnce).unwrap();
        let mut took = Vec::new();
        let mut due = tokio::time::interval(EVERY);
        due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let (end, mut count) = (tokio::time::sleep(during), 0);
        tokio::pin!(end);
        loop {
            tokio::select! {
                () = &mut end => return took,
                _ = due.tick() => {
                    count += 1;
                    if let Answer::Publish(payload) = step(Step::Due(count)) {
                        client.try_publish(to, QoS::AtLeastOnce, false, payload).unwrap();
                    }
                }
                event = events.poll() => {
                    if let Event::Incoming(Packet::Publish(publish)) = event.unwrap()
                        && let Answer::Took(seconds) = step(Step::Came(&publish.payload, clock::instant()))
                    {
                        took.push(seconds);
                    }
                }
            }
        }
    })
}

/// One look of the camera: walkers at every stage of crossing, in lanes of their own.
#[expect(clippy::cast_precision_loss, reason = "small counters")]
fn look(now: Timestamp, seq: u64) -> Vec<u8> {
    let mut text =
        format!("{{\"sensor\":\"cam\",\"boot\":1,\"seq\":{seq},\"time\":\"{now}\",\"detections\":[");
    for lane in 0..LANES {
        // Staggered, so that crossings are spread over the window; each walker begins where the last has gone.
        let stage = (seq + lane * LOOKS / LANES) % LOOKS;
        let lat = -49.40 + (stage as f64 - LOOKS as f64 / 2.0 + 0.5) * STRIDE_DEG;
        let lon = 69.30 + lane as f64 * 0.002;
        let comma = if lane == 0 { "" } else { "," };
        write!(text, "{comma}{{\"lat\":{lat:.7},\"lon\":{lon:.7},\"cov_m2\":[4.0,0.0,4.0]}}").unwrap();
    }
    text.push_str("]}");
    text.into_bytes()
}
