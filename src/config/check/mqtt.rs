//! The broker: its address, TLS and password.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Surroundings, secret_path};
use crate::config::error::Report;
use crate::config::raw::Mqtt;
use crate::config::raw::leaf::Text;
use crate::sources::mqtt::{Settings, Tls};

/// How to reach the broker; `sector` names the session if the file does not.
pub(super) fn mqtt(
    raw: &Mqtt,
    sector: Option<&str>,
    around: Surroundings<'_>,
    report: &mut Report,
) -> Option<Settings> {
    let address = raw.url.as_ref().and_then(|url| address(&url.0, report));
    let uses_tls = address.as_ref().is_none_or(|address| address.tls);
    let tls = tls(raw, uses_tls, around, report);
    let credentials = credentials(raw, around, report);
    let client_id = raw.client_id.as_ref().map(|id| id.0.clone());
    let Address { host, port, .. } = address?;
    Some(Settings {
        host,
        port,
        tls,
        client_id: client_id.or_else(|| Some(format!("linewatch-{}", sector?)))?,
        credentials,
        keep_alive: Duration::from_secs(raw.keep_alive_s.map_or(5, |seconds| seconds.0)),
        max_payload_bytes: raw.max_payload_bytes.map_or(MAX_PAYLOAD_BYTES, |bytes| bytes.0),
    })
}

/// Longest payload, if the file does not say otherwise.
pub(super) const MAX_PAYLOAD_BYTES: usize = 1 << 20;

struct Address {
    tls: bool,
    host: String,
    port: u16,
}

fn address(url: &str, report: &mut Report) -> Option<Address> {
    let address = split_address(url);
    if address.is_none() {
        let hint = if url.contains('@') { "; a user goes into username and password_file" } else { "" };
        report.refuse("mqtt.url", format!("mqtt://HOST[:PORT] or mqtts://HOST[:PORT]{hint}"));
    }
    address
}

fn split_address(url: &str) -> Option<Address> {
    let (tls, rest) = match url.split_once("://")? {
        ("mqtt", rest) => (false, rest),
        ("mqtts", rest) => (true, rest),
        _ => return None,
    };
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    let bracketed = rest.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    let (host, port) = match bracketed {
        Some((host, port)) => (host.parse::<std::net::Ipv6Addr>().ok()?.to_string(), port),
        None => {
            let host_end = rest.find(':').unwrap_or(rest.len());
            let (host, port) = rest.split_at(host_end);
            (is_host_name(host).then(|| host.to_owned())?, port)
        }
    };
    let port = match port.strip_prefix(':') {
        Some(port) => port.parse().ok().filter(|port| *port != 0)?,
        None if port.is_empty() => {
            if tls {
                8883
            } else {
                1883
            }
        }
        None => return None,
    };
    Some(Address { tls, host, port })
}

fn is_host_name(host: &str) -> bool {
    !host.is_empty()
        && host.len() <= 253
        && host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'))
}

fn tls(raw: &Mqtt, uses_tls: bool, around: Surroundings<'_>, report: &mut Report) -> Option<Tls> {
    let given = [("ca_file", &raw.ca_file), ("cert_file", &raw.cert_file), ("key_file", &raw.key_file)];
    for (key, path) in given.iter().filter_map(|(key, path)| path.as_ref().map(|path| (key, path))) {
        let at = format!("mqtt.{key}");
        if uses_tls {
            must_be_readable(&secret_path(path, around), &at, around, report);
        } else {
            report.refuse(&at, "no such key here: only mqtts:// uses TLS");
        }
    }
    match (&raw.cert_file, &raw.key_file) {
        (Some(_), None) => report.refuse("mqtt.key_file", "the key of cert_file"),
        (None, Some(_)) => report.refuse("mqtt.cert_file", "the certificate of key_file"),
        _ => {}
    }
    let path = |path: &Option<Text>| path.as_ref().map(|path| secret_path(path, around));
    uses_tls
        .then(|| Tls { ca_file: path(&raw.ca_file), identity: path(&raw.cert_file).zip(path(&raw.key_file)) })
}

/// Opens the file now: a daemon that finds out when the broker first answers finds out too late.
fn must_be_readable(path: &Path, at: &str, around: Surroundings<'_>, report: &mut Report) {
    if let Err(error) = std::fs::File::open(path) {
        unreadable(path, &error, at, around, report);
    }
}

fn unreadable(path: &Path, error: &std::io::Error, at: &str, around: Surroundings<'_>, report: &mut Report) {
    if around.secrets_required {
        report.refuse_as(at, format!("{} ({})", path.display(), error.kind()), "a file that can be read");
    } else {
        report.remark(format!("{at}: {} cannot be read here ({})", path.display(), error.kind()));
    }
}

fn credentials(raw: &Mqtt, around: Surroundings<'_>, report: &mut Report) -> Option<(String, String)> {
    let password =
        raw.password_file.as_ref().and_then(|file| password(&secret_path(file, around), around, report));
    let Some(username) = &raw.username else {
        if raw.password_file.is_some() {
            report.refuse("mqtt.username", "the user whose password is in password_file");
        }
        return None;
    };
    Some((username.0.clone(), password.unwrap_or_default()))
}

/// The file's first line.
fn password(path: &PathBuf, around: Surroundings<'_>, report: &mut Report) -> Option<String> {
    match std::fs::read_to_string(path) {
        Ok(text) => Some(text.lines().next().unwrap_or_default().to_owned()),
        Err(error) => {
            unreadable(path, &error, "mqtt.password_file", around, report);
            None
        }
    }
}
