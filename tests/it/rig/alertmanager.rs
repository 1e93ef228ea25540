//! A real Alertmanager on a free port of loopback, gone when dropped, and a receiver it notifies.

use std::net::{Ipv4Addr, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{free_port, http_client, program};

/// What a receiver was told: alert ids with `firing` or `resolved`, in order.
pub(crate) type Told = Arc<Mutex<Vec<(String, String)>>>;

/// One Alertmanager.
pub(crate) struct Alertmanager {
    /// Where it listens; the same after a restart.
    pub(crate) url: String,
    /// What its receiver was told.
    pub(crate) told: Told,
    port: u16,
    program: PathBuf,
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl Alertmanager {
    /// One that tells its receiver at once. `None` if it is not installed.
    pub(crate) async fn start() -> Option<Self> {
        let program = program("prometheus-alertmanager")?;
        let folder = tempfile::tempdir().unwrap();
        let (receiver, told) = receiver().await;
        let config = format!(
            "route: {{receiver: test, group_by: [alert], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}\n\
             receivers: [{{name: test, webhook_configs: [{{url: '{receiver}', send_resolved: true}}]}}]\n"
        );
        std::fs::write(folder.path().join("alertmanager.yml"), config).unwrap();
        let port = free_port();
        let mut this =
            Self { url: format!("http://127.0.0.1:{port}"), told, port, program, folder, child: None };
        this.run();
        Some(this)
    }

    /// Starts it on its port, with what it has kept.
    pub(crate) fn run(&mut self) {
        assert!(self.child.is_none(), "it runs already");
        let at = self.folder.path();
        let log = std::fs::File::create(at.join("log")).unwrap();
        let child = Command::new(&self.program)
            .arg(format!("--config.file={}", at.join("alertmanager.yml").display()))
            .arg(format!("--storage.path={}", at.join("kept").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{}", self.port))
            .arg("--cluster.listen-address=")
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap();
        self.child = Some(child);
        for _ in 0..500 {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("it does not start: {}", std::fs::read_to_string(at.join("log")).unwrap());
    }

    /// Ends it as the system would, so that it saves what it keeps.
    pub(crate) fn stop(&mut self) {
        let Some(mut child) = self.child.take() else { return };
        kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
        child.wait().unwrap();
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// Takes from a stopped one everything it kept.
    pub(crate) fn forget(&self) {
        assert!(self.child.is_none(), "a running one would write it again");
        let _ = std::fs::remove_dir_all(self.folder.path().join("kept"));
    }

    /// Ids and ends of the alerts it holds firing.
    pub(crate) async fn active(&self) -> Vec<(String, String)> {
        let answer = http_client().get(format!("{}/api/v2/alerts?active=true", self.url)).send().await;
        let Ok(answer) = answer else { return Vec::new() };
        let alerts: Vec<Value> = serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default();
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut active: Vec<_> =
            alerts.iter().map(|alert| (word(&alert["labels"]["alert"]), word(&alert["endsAt"]))).collect();
        active.sort();
        active
    }
}

impl Drop for Alertmanager {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server that takes whatever it is told.
async fn receiver() -> (String, Told) {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let told = Told::default();
    let into = Arc::clone(&told);
    let take = move |body: String| {
        let into = Arc::clone(&into);
        async move {
            let message: Value = serde_json::from_str(&body).unwrap();
            for alert in message["alerts"].as_array().unwrap() {
                let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                into.lock().unwrap().push((word(&alert["labels"]["alert"]), word(&alert["status"])));
            }
        }
    };
    let app = axum::Router::new().route("/", axum::routing::post(take));
    tokio::spawn(async move { axum::serve(listener, app).await });
    (url, told)
}
