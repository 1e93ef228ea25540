//! The shipped Prometheus and Grafana files against the real programs: rules pass their unit tests, the crossing rule
//! fires on what Prometheus scraped from a running daemon, and every query of the dashboard returns data from there.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use firmware_sims::scenario::kerguelen;
use linewatch::metrics::METRICS;
use serde_json::Value;

use crate::demo::stage;
use crate::rig::{free_port, http_client, program, repository, run};

#[test]
fn the_shipped_configuration_and_rules_pass_promtool() {
    let Some(promtool) = program("promtool") else { return };
    for arguments in [
        ["check", "config", "config/prometheus/prometheus.yml"],
        ["check", "rules", "config/prometheus/rules/linewatch.rules.yml"],
        ["test", "rules", "config/prometheus/tests/linewatch.test.yml"],
    ] {
        let checked = run(Command::new(&promtool).args(arguments).current_dir(repository("")), "");
        let said = String::from_utf8_lossy(&[checked.stdout, checked.stderr].concat()).into_owned();
        assert!(checked.status.success() && !said.contains("FAILED"), "{arguments:?}: {said}");
    }
}

#[test]
fn every_rule_has_a_unit_test_and_every_metric_named_is_in_the_table() {
    let rules = std::fs::read_to_string(repository("config/prometheus/rules/linewatch.rules.yml")).unwrap();
    let tests = std::fs::read_to_string(repository("config/prometheus/tests/linewatch.test.yml")).unwrap();
    let names = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    for name in names {
        assert!(
            tests.contains(&format!("alertname: {name}\n        exp_alerts:\n")),
            "{name} is never seen firing"
        );
    }
    let dashboard = std::fs::read_to_string(repository("config/grafana/dashboards/overview.json")).unwrap();
    for text in [&rules, &dashboard] {
        for word in text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            let Some(rest) = word.strip_prefix("linewatch_") else { continue };
            let base =
                ["_bucket", "_sum", "_count"].iter().find_map(|end| word.strip_suffix(end)).unwrap_or(word);
            assert!(METRICS.iter().any(|metric| metric.name == base), "no metric linewatch_{rest}");
        }
    }
}

/// A Prometheus with a folder of its own, gone when dropped.
struct Prometheus {
    child: Child,
    port: u16,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// Scrapes `target` and evaluates the shipped rules every second.
    fn start(program: &Path, target: std::net::SocketAddr) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let rules = repository("config/prometheus/rules/linewatch.rules.yml");
        let config = format!(
            "global: {{ scrape_interval: 1s, evaluation_interval: 1s }}\nrule_files: [{rules:?}]\n\
             scrape_configs: [{{ job_name: linewatch, static_configs: [{{ targets: [\"{target}\"] }}] }}]\n"
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let port = free_port();
        let child = Command::new(program)
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .args(["--log.level=error", "--storage.tsdb.retention.time=1h"])
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        Self { child, port, _folder: folder }
    }

    /// `data` of one answer of its API; null while it does not answer.
    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let base = format!("http://127.0.0.1:{}/api/v1/{path}", self.port);
        let url = reqwest::Url::parse_with_params(&base, query).unwrap();
        let Ok(answer) = http_client().get(url).send().await else { return Value::Null };
        let text = answer.text().await.unwrap_or_default();
        let answer: Value = serde_json::from_str(&text).unwrap_or_default();
        assert_ne!(answer["status"], "error", "{query:?}: {text}");
        answer["data"].clone()
    }

    /// Asks until `enough` is content with the answer; panics after a minute.
    async fn until(&self, path: &str, query: &[(&str, &str)], enough: impl Fn(&Value) -> bool) -> Value {
        let mut last = Value::Null;
        for _ in 0..300 {
            last = self.get(path, query).await;
            if enough(&last) {
                return last;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
        panic!("{path} {query:?} still says {last}");
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every query of a dashboard, with its variables replaced as Grafana would for "All" sectors.
fn queries(node: &Value, found: &mut Vec<String>) {
    match node {
        Value::Object(members) => {
            if let Some(expr) = members.get("expr").and_then(Value::as_str) {
                found.push(expr.replace("$sector", ".*").replace("$__rate_interval", "20s"));
            }
            members.values().for_each(|member| queries(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| queries(item, found)),
        _ => {}
    }
}

/// The whole demonstration, hurried: real boxes, real daemon, real Prometheus.
#[tokio::test]
async fn a_real_prometheus_fires_the_crossing_rule_and_answers_every_query_of_the_dashboard() {
    let Some(program) = program("prometheus") else { return };
    let (stage, _dir) = stage(kerguelen(), 2.0, None);
    let prometheus = Prometheus::start(&program, stage.app.http.unwrap());

    let scraped = |data: &Value| data["result"].as_array().is_some_and(|rows| !rows.is_empty());
    prometheus.until("query", &[("query", "linewatch_build_info")], scraped).await;
    let firing = |data: &Value| -> Vec<Value> {
        let alerts = data["alerts"].as_array().cloned().unwrap_or_default();
        let is_it = |a: &Value| a["labels"]["alertname"] == "LinewatchCrossing" && a["state"] == "firing";
        alerts.into_iter().filter(is_it).collect()
    };
    assert!(firing(&prometheus.get("alerts", &[]).await).is_empty(), "nobody has crossed yet");
    let alerts = prometheus.until("alerts", &[], |data| !firing(data).is_empty()).await;
    assert_eq!(firing(&alerts)[0]["labels"]["sector"], stage.scenario.sector.as_str());

    let text = std::fs::read_to_string(repository("config/grafana/dashboards/overview.json")).unwrap();
    let mut all = Vec::new();
    queries(&serde_json::from_str(&text).unwrap(), &mut all);
    assert!(all.len() > 20, "{}", all.len());
    for query in &all {
        assert!(!query.contains('$'), "a variable this test does not know: {query}");
        prometheus.until("query", &[("query", query)], scraped).await;
    }
    let sectors = prometheus.get("label/sector/values", &[("match[]", "linewatch_build_info")]).await;
    assert_eq!(sectors, serde_json::json!([stage.scenario.sector]), "the dashboard's list of sectors");
    stage.stop().await.unwrap();
}
