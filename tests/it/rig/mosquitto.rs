//! A real mosquitto on a free port of loopback, gone when dropped.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::{free_port, program};

/// One broker.
pub(crate) struct Mosquitto {
    /// Where it listens; the same after a restart.
    pub(crate) port: u16,
    program: PathBuf,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Mosquitto {
    /// A broker that lets anybody in and keeps sessions and messages through a restart. `None` if it is not installed.
    pub(crate) fn start() -> Option<Self> {
        Self::with_config("allow_anonymous true\npersistence true\nmax_inflight_messages 1000\n")
    }

    /// A broker with this configuration, to which listener, folder and log are added in front.
    pub(crate) fn with_config(config: &str) -> Option<Self> {
        let program = program("mosquitto")?;
        // Another process may take the free port in between.
        for _ in 0..5 {
            let folder = tempfile::tempdir().unwrap();
            let port = free_port();
            let at = folder.path().display();
            // It would give up root for a user who cannot write to the folder.
            let user = if rustix::process::geteuid().is_root() { "user root\n" } else { "" };
            let text = format!(
                "listener {port} 127.0.0.1\n{user}persistence_location {at}/\nlog_dest file {at}/log\n{config}"
            );
            std::fs::write(folder.path().join("mosquitto.conf"), text).unwrap();
            let mut broker = Self { port, program: program.clone(), folder, child: None };
            if broker.try_run() {
                return Some(broker);
            }
        }
        panic!("mosquitto does not start");
    }

    /// Ends it as the system would, so that it saves what it keeps.
    pub(crate) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap();
    }

    /// Starts it again on its port.
    pub(crate) fn run(&mut self) {
        assert!(self.child.is_none() && self.try_run(), "mosquitto does not start again: {}", self.log());
    }

    /// Stops it and starts it again.
    pub(crate) fn restart(&mut self) {
        self.stop();
        self.run();
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Takes from a stopped broker everything it kept.
    pub(crate) fn forget(&self) {
        assert!(self.child.is_none(), "a running broker would write it again");
        std::fs::remove_file(self.folder.path().join("mosquitto.db")).unwrap();
    }

    /// What it wrote to its log.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    fn try_run(&mut self) -> bool {
        let config = self.folder.path().join("mosquitto.conf");
        let mut child = Command::new(&self.program)
            .arg("-c")
            .arg(config)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        for _ in 0..500 {
            if child.try_wait().unwrap().is_some() {
                return false;
            }
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                self.child = Some(child);
                return true;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().unwrap();
        child.wait().unwrap();
        false
    }
}

impl Drop for Mosquitto {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
