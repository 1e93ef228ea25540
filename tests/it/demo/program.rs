//! `linewatch demo` as a program: what it prints, how it ends, what it weighs.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::TcpListener;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

/// The memory a demonstration may take, bytes.
const MOST_RSS_BYTES: u64 = 100_000_000;

fn demo(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_linewatch"));
    command.arg("demo").args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Starts it and reads its first line.
fn begin(arguments: &[&str]) -> (Child, BufReader<ChildStdout>, String) {
    let mut child = demo(arguments).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    out.read_line(&mut first).unwrap();
    (child, out, first)
}

/// The page's address in the first line.
fn page(first: &str) -> &str {
    let rest =
        first.strip_prefix("The picture: ").unwrap_or_else(|| panic!("first of all the address: {first}"));
    rest.split_whitespace().next().unwrap()
}

/// The most memory it has held, bytes; `None` once it has ended.
fn peak_rss_bytes(child: &Child) -> Option<u64> {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix(" kB")?.parse::<u64>().ok()? * 1024)
}

#[tokio::test(flavor = "multi_thread")]
async fn it_serves_its_page_tells_its_alerts_and_ends_by_itself() {
    let (mut child, mut out, first) = begin(&["--for", "20s", "--speed", "3", "--http", "127.0.0.1:0"]);
    let address = page(&first);
    let client = crate::rig::http_client();
    let mut text = String::new();
    for _ in 0..100 {
        text = client.get(address).send().await.unwrap().text().await.unwrap();
        if text.contains("EXERCISE") {
            break;
        }
        // The first picture is still being made.
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(text.contains("EXERCISE"), "the page is marked: {text}");
    let mut last_rss = 0;
    for _ in 0..600 {
        if child.try_wait().unwrap().is_some() {
            break;
        }
        last_rss = peak_rss_bytes(&child).unwrap_or(last_rss);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    println!("peak resident memory {:.1} MB", last_rss as f64 / 1e6);
    assert!((1..=MOST_RSS_BYTES).contains(&last_rss), "{last_rss} bytes");
    assert_eq!(child.try_wait().unwrap().and_then(|status| status.code()), Some(0));
    let (mut rest, mut complaints) = (String::new(), String::new());
    out.read_to_string(&mut rest).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut complaints).unwrap();
    assert_eq!(complaints, "", "nothing to complain about");
    assert!(
        rest.lines().any(|line| line.starts_with("EXERCISE") && line.contains(" crossing opened: line ")),
        "{rest}"
    );
    assert!(rest.contains("EXERCISE  sensor c4 is silent"), "{rest}");
    assert!(rest.contains(" tracks at the end, ") && !rest.contains("not delivered"), "{rest}");
}

#[test]
fn ctrl_c_ends_it_cleanly_and_leaves_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let mut child = demo(&["--http", "127.0.0.1:0"]).env("TMPDIR", folder.path()).spawn().unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    page(&first);
    kill_process(Pid::from_child(&child), Signal::INT).unwrap();
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(rest.contains(" tracks at the end, "), "{rest}");
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_port_that_is_taken_is_said_plainly() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let done = demo(&["--for", "5s", "--http", &address]).output().unwrap();
    let complaint = String::from_utf8(done.stderr).unwrap();
    assert_eq!(done.status.code(), Some(1), "{complaint}");
    for words in [address.as_str(), "cannot serve HTTP", "another address", "in use"] {
        assert!(complaint.contains(words), "`{words}` is missing: {complaint}");
    }
    assert_eq!(String::from_utf8(done.stdout).unwrap(), "");
}

#[test]
fn a_reader_that_leaves_does_not_end_it_badly() {
    let (mut child, out, first) = begin(&["--for", "2s", "--http", "127.0.0.1:0"]);
    page(&first);
    drop(out);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
