//! What the tests run against: real programs on free ports, and samples of what flows through the daemon.

pub(crate) mod alertmanager;
pub(crate) mod listening;
pub(crate) mod mosquitto;
pub(crate) mod pty;
pub(crate) mod publisher;
pub(crate) mod sample;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// A program from the system's packages. Without it a test says so and passes, except under `CI`, where it must be
/// there.
pub(crate) fn program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin"), PathBuf::from("/sbin")]);
    let found = folders.map(|folder| folder.join(name)).find(|file| file.is_file());
    if found.is_none() {
        assert!(std::env::var_os("CI").is_none(), "{name} is not installed, and under CI it must be");
        eprintln!("SKIPPED: {name} is not installed");
    }
    found
}

/// A TCP port nobody listens on now. Another process may take it first: whoever uses it tries again with another.
pub(crate) fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

/// A path in the repository.
pub(crate) fn repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Compares with a golden file, or rewrites it under `cargo bless`.
pub(crate) fn golden(path: &Path, found: &str) -> Result<(), String> {
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, found).expect("a golden file can be written");
        return Ok(());
    }
    let expected = std::fs::read_to_string(path).unwrap_or_default();
    if expected == found {
        return Ok(());
    }
    Err(format!("{} is stale (`cargo bless` rewrites it). Found:\n{found}", path.display()))
}

/// Waits until `ready` says yes, asking every 20 ms; panics with `what` after about `seconds`.
pub(crate) async fn until(what: &str, seconds: u32, mut ready: impl FnMut() -> bool) {
    for _ in 0..seconds * 50 {
        if ready() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within {seconds} s: {what}");
}

/// Runs a program to its end with `input` on its standard input.
pub(crate) fn run(command: &mut Command, input: &str) -> Output {
    use std::io::Write;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// An HTTP client that asks no proxy.
pub(crate) fn http_client() -> reqwest::Client {
    let tls = linewatch::tls::client_config(None, None).unwrap();
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy();
    client.timeout(Duration::from_secs(10)).build().unwrap()
}
