//! Standard output, for people who want to see what a box says.

use std::io::{self, Write as _};

use super::{Kind, Link};

pub(super) struct Console;

impl Link for Console {
    fn send(&mut self, kind: Kind, bytes: &[u8]) -> bool {
        let mut out = io::stdout().lock();
        let mark = if kind == Kind::Status { "status " } else { "" };
        let printable = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n');
        let text = if bytes.iter().all(printable) {
            String::from_utf8_lossy(bytes).trim_end().to_owned()
        } else {
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        writeln!(out, "{mark}{text}").is_ok()
    }
}
