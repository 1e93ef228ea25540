//! The MQTT source packet by packet, against a broker that is nothing but this test.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::rig::listening::{Heard, Listening, broker};

const CONNECT: u8 = 0x10;
const PUBACK: u8 = 0x40;
const SUBSCRIBE: u8 = 0x82;
const PINGREQ: u8 = 0xC0;
const DISCONNECT: u8 = 0xE0;

/// One packet shorter than 128 bytes: first byte and body.
async fn packet(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let first = stream.read_u8().await.unwrap();
    let length = stream.read_u8().await.unwrap();
    assert!(length < 128);
    let mut body = vec![0; usize::from(length)];
    stream.read_exact(&mut body).await.unwrap();
    (first, body)
}

/// A QoS 1 publish of a scan of `r1`.
fn publish(id: u16) -> Vec<u8> {
    let topic = b"linewatch/v1/east/r1/scan";
    let mut packet =
        vec![0x32, u8::try_from(topic.len() + 5).unwrap(), 0, u8::try_from(topic.len()).unwrap()];
    packet.extend_from_slice(topic);
    packet.extend_from_slice(&id.to_be_bytes());
    packet.push(b'x');
    packet
}

/// Takes the source's connection up to its subscription.
async fn accept(listener: &TcpListener) -> TcpStream {
    let (mut stream, _) = listener.accept().await.unwrap();
    let (first, body) = packet(&mut stream).await;
    assert_eq!(first, CONNECT);
    assert_eq!(body[7] & 0x02, 0, "the session must be kept");
    stream.write_all(&[0x20, 2, 0, 0]).await.unwrap();
    let (first, body) = packet(&mut stream).await;
    assert_eq!(first, SUBSCRIBE);
    stream.write_all(&[0x90, 4, body[0], body[1], 1, 1]).await.unwrap();
    stream
}

#[tokio::test]
async fn acknowledgements_wait_for_the_log_come_in_its_order_and_before_the_goodbye() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut settings = broker(listener.local_addr().unwrap().port());
    settings.keep_alive = std::time::Duration::from_secs(1);
    let mut source = Listening::mqtt(settings);
    let mut stream = accept(&listener).await;
    let ids = [11, 7, 900, 3, 5, 1];
    for id in ids {
        stream.write_all(&publish(id)).await.unwrap();
    }
    let heard = source.frames(ids.len()).await;
    // Nothing but pings while the log says nothing: a second passes before each.
    for _ in 0..2 {
        assert_eq!(packet(&mut stream).await.0, PINGREQ);
        stream.write_all(&[0xD0, 0]).await.unwrap();
    }
    heard.into_iter().for_each(Heard::confirm);
    let stopping = tokio::spawn(source.stop());
    let mut confirmed = Vec::new();
    loop {
        match packet(&mut stream).await {
            (PUBACK, body) => confirmed.push(u16::from_be_bytes([body[0], body[1]])),
            (PINGREQ, _) => stream.write_all(&[0xD0, 0]).await.unwrap(),
            (DISCONNECT, _) => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(confirmed, ids);
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_session_that_ends_every_connection_at_once_is_given_up_in_the_end() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut source = Listening::mqtt(broker(listener.local_addr().unwrap().port()));
    let mut kept = 0;
    loop {
        let (mut stream, _) = listener.accept().await.unwrap();
        let (_, body) = packet(&mut stream).await;
        if body[7] & 0x02 != 0 {
            break;
        }
        kept += 1;
        stream.write_all(&[0x20, 2, 1, 0]).await.unwrap();
        // A publish whose topic is not text: no client may read past it.
        stream.write_all(&[0x32, 6, 0, 2, 0xFF, 0xFE, 0, 9]).await.unwrap();
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(kept, 5);
    // With the session thrown away, what comes is heard.
    let (mut stream, _) = listener.accept().await.unwrap();
    packet(&mut stream).await;
    stream.write_all(&[0x20, 2, 0, 0]).await.unwrap();
    packet(&mut stream).await;
    stream.write_all(&publish(1)).await.unwrap();
    source.frames(1).await.remove(0).confirm();
    assert_eq!(packet(&mut stream).await.0, PUBACK);
}
