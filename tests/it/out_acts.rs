//! Acts over HTTP, as a page, a program and a stranger try them; and over the command line.

use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::{Arc, Mutex};

use linewatch::engine::Picture;
use linewatch::engine::acts::{Answer, parse};
use linewatch::http::{Shared, serve};
use linewatch::watch::life::{Done, Refusal};
use serde_json::Value;
use tokio::sync::oneshot;

use crate::rig::http_client;
use crate::rig::sample::{at_s, metrics, notice};

type Heard = Arc<Mutex<Vec<Vec<u8>>>>;

/// A server whose desk answers by the alert: ending in 1 it is done, in 2 it was so already, in 3 it cannot be done, else
/// there is none; and what the desk was handed.
async fn start() -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let shared = Arc::new(Shared::new(metrics(&["hq"]), || at_s(11)));
    let heard = Heard::default();
    shared.take_acts_to({
        let heard = Arc::clone(&heard);
        move |bytes| {
            let (tell, told) = oneshot::channel();
            let act = parse(&bytes).unwrap().unwrap();
            let outcome = match act.alert.as_bytes().last() {
                Some(b'1') => Ok(Done::Changed { after: None }),
                Some(b'2') => Ok(Done::Already),
                Some(b'3') => Err(Refusal::Impossible("an urgent alert is never shelved")),
                _ => Err(Refusal::Unknown),
            };
            heard.lock().unwrap().push(bytes);
            tell.send(Answer { position: 7, outcome }).unwrap();
            Some(told)
        }
    });
    shared.show(Picture { alerts: vec![notice(1), notice(0x11)], ..Picture::default() });
    tokio::spawn(serve(listener, shared, std::future::pending()));
    (address, heard)
}

async fn post(address: SocketAddr, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, Value) {
    let mut request = http_client().post(format!("http://{address}/api/v1/alerts/{path}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.body(body.to_owned()).send().await.unwrap();
    let status = answer.status().as_u16();
    (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default())
}

const JSON: (&str, &str) = ("content-type", "application/json");

fn of(last: u32, deed: &str) -> String {
    format!("{last:064x}/{deed}")
}

#[tokio::test]
async fn an_act_is_handed_in_whole_and_answered_with_its_place_in_the_log() {
    let (address, heard) = start().await;
    let (status, said) = post(address, &of(1, "acknowledge"), &[JSON], r#"{"actor":"Ada"}"#).await;
    assert_eq!((status, &said["position"], &said["changed"]), (202, &7.into(), &true.into()));
    let act: Value = serde_json::from_slice(&heard.lock().unwrap()[0]).unwrap();
    assert_eq!(act, serde_json::json!({"act":"acknowledge","alert":format!("{:064x}", 1),"actor":"Ada"}));
    let (status, said) = post(address, &of(2, "acknowledge"), &[JSON], r#"{"actor":"Ada"}"#).await;
    assert_eq!((status, &said["changed"]), (202, &false.into()));
    let (status, said) = post(address, &of(3, "acknowledge"), &[JSON], r#"{"actor":"Ada"}"#).await;
    assert_eq!(status, 409);
    assert!(said["error"].as_str().unwrap().contains("never shelved"));
    assert_eq!(post(address, &of(4, "acknowledge"), &[JSON], r#"{"actor":"Ada"}"#).await.0, 404);
}

#[tokio::test]
async fn what_cannot_be_understood_never_reaches_the_log() {
    let (address, heard) = start().await;
    let long = format!(r#"{{"actor":"{}"}}"#, "a".repeat(10_000));
    for (path, headers, body, expected) in [
        (of(1, "acknowledge"), &[JSON][..], "{}", 400),
        (of(1, "acknowledge"), &[JSON], "", 400),
        (of(1, "acknowledge"), &[JSON], r#"{"actor":"Ada","until":"2026-01-01T00:00:00Z"}"#, 400),
        (of(1, "shelve"), &[JSON], r#"{"actor":"Ada"}"#, 400),
        (of(1, "review"), &[JSON], r#"{"actor":"Ada","verdict":"false_alarm"}"#, 400),
        ("short/acknowledge".to_owned(), &[JSON], r#"{"actor":"Ada"}"#, 400),
        (of(1, "explode"), &[JSON], r#"{"actor":"Ada"}"#, 404),
        (of(1, "acknowledge"), &[], r#"{"actor":"Ada"}"#, 415),
        (of(1, "acknowledge"), &[("content-type", "text/plain")], r#"{"actor":"Ada"}"#, 415),
        (of(1, "acknowledge"), &[JSON], &long, 413),
    ] {
        assert_eq!(post(address, &path, headers, body).await.0, expected, "{path} {body:.60}");
    }
    assert!(heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_page_of_another_site_cannot_act() {
    let (address, heard) = start().await;
    let body = r#"{"actor":"Ada"}"#;
    for stranger in [("origin", "http://evil.example"), ("origin", "null"), ("sec-fetch-site", "cross-site")]
    {
        assert_eq!(
            post(address, &of(1, "acknowledge"), &[JSON, stranger], body).await.0,
            403,
            "{stranger:?}"
        );
    }
    assert_eq!(post(address, &of(1, "acknowledge"), &[JSON, ("host", "evil.example")], body).await.0, 421);
    assert!(heard.lock().unwrap().is_empty());
    let own = format!("http://{address}");
    assert_eq!(post(address, &of(1, "acknowledge"), &[JSON, ("origin", &own)], body).await.0, 202);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_acts_by_the_beginning_of_an_id() {
    let (address, heard) = start().await;
    let run = |arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_linewatch"));
        command.arg("alert").args(arguments).args(["--http", &address.to_string()]);
        let done = command.output().unwrap();
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (done.status.code(), said)
    };
    let id = format!("{:064x}", 1);
    let (code, said) = run(&["acknowledge", &id, "--by", "Ada", "--reason", "seen"]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("record 7"), "{said}");
    let act: Value = serde_json::from_slice(&heard.lock().unwrap()[0]).unwrap();
    assert_eq!((act["actor"].as_str(), act["reason"].as_str()), (Some("Ada"), Some("seen")));
    let (code, said) = run(&["acknowledge", "000", "--by", "Ada"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("2 open alerts begin"), "{said}");
    let (code, said) =
        run(&["shelve", &format!("{:064x}", 3), "--by", "Ada", "--reason", "r", "--for", "2h"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("never shelved"), "{said}");
    let (code, said) = run(&["list"]);
    assert!(code == Some(0) && said.lines().count() == 2 && said.contains("crossing"), "{said}");
}
