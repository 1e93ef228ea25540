//! The publisher, in a process of its own: four radars with JSON scans.

use std::fmt::Write as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use linewatch::clock::{self, Clock};
use rumqttc::{AsyncClient, MqttOptions, NetworkOptions, QoS};

use super::{SENSORS, setting};

/// Running publishers, gone when dropped.
pub(crate) struct Load(Child);

impl Load {
    /// `rate` scans a second in all, or as many as the broker takes if 0.
    pub(crate) fn start(port: u16, rate: u32) -> Self {
        let me = std::env::current_exe().unwrap();
        let mut command = Command::new(me);
        command.args(["publish", &port.to_string(), &rate.to_string()]).stdin(Stdio::null());
        Self(command.spawn().unwrap())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Options under which everybody here connects, but for the daemon, which has its own.
pub(crate) fn connect(id: &str, port: u16) -> (AsyncClient, rumqttc::EventLoop) {
    let mut options = MqttOptions::new(id, "127.0.0.1", port);
    options.set_max_packet_size(1 << 20, 1 << 20).set_inflight(100).set_keep_alive(Duration::from_secs(30));
    let (client, mut events) = AsyncClient::new(options, 100);
    let mut network = NetworkOptions::new();
    network.set_tcp_nodelay(true);
    events.set_network_options(network);
    (client, events)
}

/// Publishes until killed: all radars over one connection, so that no look overtakes another. What late looks cost is
/// the tracker's own measurement.
#[expect(clippy::cast_precision_loss, reason = "a scan counter")]
pub(crate) fn publish(port: u16, rate: f64) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.block_on(async {
        let (client, mut events) = connect("radars", port);
        tokio::spawn(async move { while events.poll().await.is_ok() {} });
        let detections = setting("LINEWATCH_BENCH_DETECTIONS", 10);
        let began = clock::instant();
        for count in 1_u64.. {
            if rate > 0.0 {
                let due = Duration::from_secs_f64(count as f64 / rate);
                // Timers have a millisecond's grain: what is nearly due goes at once.
                let ahead = due.saturating_sub(began.elapsed());
                if ahead > Duration::from_millis(1) {
                    tokio::time::sleep(ahead).await;
                }
            }
            let number = count % SENSORS.len() as u64;
            let sensor = SENSORS[usize::try_from(number).unwrap()];
            let topic = format!("linewatch/v1/bench/{sensor}/scan");
            let payload = scan(sensor, number, count, detections);
            client.publish(topic, QoS::AtLeastOnce, false, payload).await.unwrap();
        }
    });
}

/// One look at things that stand still, each radar at its own.
fn scan(sensor: &str, number: u64, seq: u64, detections: u64) -> Vec<u8> {
    let now = Clock::system().now();
    let mut text =
        format!("{{\"sensor\":\"{sensor}\",\"boot\":1,\"seq\":{seq},\"time\":\"{now}\",\"detections\":[");
    for at in 0..detections {
        let (range_m, azimuth_deg) = (3_000 + 700 * at + 50 * number, 20 + 5 * at);
        let comma = if at == 0 { "" } else { "," };
        write!(text, "{comma}{{\"range_m\":{range_m}.5,\"azimuth_deg\":{azimuth_deg}.25,\"snr_db\":14}}")
            .unwrap();
    }
    text.push_str("]}");
    text.into_bytes()
}
