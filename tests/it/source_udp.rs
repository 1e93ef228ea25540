//! The UDP source on loopback.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

use linewatch::record::{Body, Link};
use linewatch::sensor::SensorId;
use linewatch::sources::udp::{self, Settings};

use crate::rig::listening::{Listening, texts};
use crate::rig::until;

fn id(name: &str) -> SensorId {
    SensorId::new(name).unwrap()
}

/// An address on loopback nobody listens on now.
fn free_address() -> SocketAddr {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

fn start(settings: Settings) -> Listening {
    Listening::start(|intake, metrics, stopped| udp::run(settings, intake, metrics, stopped))
}

/// A category 48 block that holds its source and nothing else.
fn plot_of(sac_sic: [u8; 2]) -> Vec<u8> {
    vec![48, 0, 6, 0x80, sac_sic[0], sac_sic[1]]
}

#[tokio::test]
async fn each_datagram_is_one_frame() {
    let listen = free_address();
    let mut source = start(Settings { listen, group: None, sensors: vec![(id("r1"), None)] });
    source.until_up(&format!("udp:{listen}"), true).await;
    let radar = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for text in ["first", "", "third"] {
        radar.send_to(text.as_bytes(), listen).unwrap();
    }
    let heard = source.frames(3).await;
    assert_eq!(texts(&heard), ["first", "", "third"]);
    assert!(matches!(heard[0].body, Body::Frame { link: Link::Udp, .. }));
    // The largest datagram IPv4 can carry is not cut.
    radar.send_to(&[b'x'; 65_507], listen).unwrap();
    assert_eq!(source.frames(1).await[0].frame().1.len(), 65_507);
    source.stop().await;
}

#[tokio::test]
async fn radars_on_one_port_are_told_apart_by_their_source_and_strangers_counted() {
    let listen = free_address();
    let sensors = vec![(id("r1"), Some([25, 201])), (id("cam-2"), Some([25, 202]))];
    let mut source = start(Settings { listen, group: None, sensors });
    source.until_up(&format!("udp:{listen}"), true).await;
    let radar = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    for datagram in [plot_of([25, 202]), plot_of([1, 1]), b"?".to_vec(), Vec::new(), plot_of([25, 201])] {
        radar.send_to(&datagram, listen).unwrap();
    }
    let heard: Vec<String> = source.frames(2).await.iter().map(|heard| heard.frame().0).collect();
    assert_eq!(heard, ["cam-2", "r1"]);
    assert_eq!(source.refused("", "unknown_sensor"), 3.0);
    source.stop().await;
}

#[tokio::test]
async fn a_group_is_joined_and_what_is_sent_to_the_host_alone_is_not_taken_for_it() {
    let listen = free_address();
    let group = Ipv4Addr::new(239, 77, 7, 7);
    let mut source = start(Settings { listen, group: Some(group), sensors: vec![(id("r1"), None)] });
    let radar = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
    radar.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    radar.set_multicast_loop_v4(true).unwrap();
    let radar = UdpSocket::from(radar);
    if let Err(error) = radar.send_to(b"anybody?", (group, listen.port())) {
        eprintln!("SKIPPED: no multicast on this host's loopback: {error}");
        return;
    }
    source.until_up(&format!("udp:{listen}"), true).await;
    radar.send_to(b"to the host", listen).unwrap();
    radar.send_to(b"to the group", (group, listen.port())).unwrap();
    let heard = source.frames(1).await.remove(0).frame().1;
    assert!(["anybody?", "to the group"].contains(&heard.as_str()), "{heard}");
    source.stop().await;
}

#[tokio::test]
async fn a_port_that_is_taken_is_tried_again_until_it_is_free() {
    let taken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let listen = taken.local_addr().unwrap();
    let source = start(Settings { listen, group: None, sensors: vec![(id("r1"), None)] });
    source.until_up(&format!("udp:{listen}"), false).await;
    drop(taken);
    source.until_up(&format!("udp:{listen}"), true).await;
    source.stop().await;
}

#[tokio::test]
async fn what_the_pipeline_has_no_room_for_is_dropped_and_counted() {
    let listen = free_address();
    let mut source = start(Settings { listen, group: None, sensors: vec![(id("r1"), None)] });
    source.until_up(&format!("udp:{listen}"), true).await;
    let radar = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    // 64 MiB may wait, a quarter of it for sensors beside a line: under a thousand of these.
    let shed = "linewatch_arrivals_shed_total{class=\"ordinary\",sector=\"east\",sensor=\"r1\"}";
    let mut sent = 0;
    until("something is dropped", 20, || {
        for _ in 0..50 {
            radar.send_to(&[b'x'; 65_000], listen).unwrap();
            sent += 1;
        }
        let text = source.metrics.render(crate::rig::sample::START);
        crate::rig::sample::value(&text, shed).is_some_and(|value| value > 0.0)
    })
    .await;
    assert!(sent > 750, "dropped after {sent}");
    assert_eq!(source.frames(750).await.len(), 750);
    source.stop().await;
}
