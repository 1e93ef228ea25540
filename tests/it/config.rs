//! Configuration: every shipped file is good, every bad one is refused in the very words of its golden message.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use linewatch::config::{self, check_file};
use linewatch::sinks::{Kind, Settings, alertmanager, cap};
use linewatch::sources::mqtt;
use linewatch::time::Timestamp;

#[track_caller]
pub(super) fn golden(path: &Path, found: &str) {
    crate::rig::golden(path, found).unwrap_or_else(|stale| panic!("{stale}"));
}

/// A written installation in a folder of its own, with `agreement.toml` beside it.
struct Written(tempfile::TempDir);

impl Written {
    fn new(installation: &str, agreement: &str) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let written = Self(folder);
        written.file("linewatch.toml", installation).file("agreement.toml", agreement);
        written
    }

    fn file(&self, name: &str, text: &str) -> &Self {
        fs::write(self.0.path().join(name), text).expect("a temporary file");
        self
    }

    fn load(&self) -> Result<config::Installation, config::Errors> {
        config::load(&self.0.path().join("linewatch.toml"))
    }
}

const SMALLEST: &str = r#"
[sector]
id = "s"
origin = [35.1, 33.4]
[agreement]
file = "agreement.toml"
[[sensors]]
id = "r1"
kind = "radar"
position = [35.06, 33.32]
max_range_m = 15000
detection_probability = 0.9
period_s = 1
"#;
const AGREEMENT: &str = r#"
name = "n"
version = "1"
[[lines]]
id = "l"
left = "a"
right = "b"
coordinates = [[35.1, 33.3], [35.1, 33.4]]
[[rules]]
id = "r"
kind = "crossing"
line = "l"
"#;

fn bad_files() -> Vec<PathBuf> {
    let folder = fs::read_dir("tests/bad-config").expect("tests run in the package's folder");
    let mut files: Vec<_> = folder.map(|entry| entry.expect("a listed file").path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    files.sort();
    files
}

#[test]
fn every_bad_file_is_refused_in_its_golden_words() {
    let files = bad_files();
    assert!(files.len() >= 25, "only {} bad files", files.len());
    for file in files {
        let errors = check_file(&file).expect_err(&format!("{} is not bad", file.display()));
        golden(&file.with_extension("expected"), &format!("{errors}\n"));
    }
}

#[test]
fn a_small_bad_file_has_one_fault() {
    let several = ["many-faults", "syntax"];
    for file in bad_files() {
        let name = file.file_stem().unwrap().to_string_lossy();
        let faults = check_file(&file).expect_err("it is bad").0.len();
        assert_eq!(faults == 1, !several.contains(&&*name), "{name} has {faults} faults");
    }
}

#[test]
fn shipped_files_are_good() {
    for file in ["config/linewatch.toml", "config/agreement.toml"] {
        let summary = check_file(Path::new(file)).unwrap_or_else(|errors| panic!("{errors}"));
        let is_other = |remark: &&String| !remark.starts_with("seal.key_file: none");
        assert_eq!(summary.remarks.iter().find(is_other), None, "{file}");
    }
    config::load(Path::new("config/linewatch.toml")).unwrap_or_else(|errors| panic!("{errors}"));
}

/// Every key of a schema stands in the shipped file, live or commented out.
#[test]
fn shipped_files_show_every_key() {
    for (file, schema) in [
        ("config/linewatch.toml", config::installation_schema()),
        ("config/agreement.toml", config::agreement_schema()),
    ] {
        let text = fs::read_to_string(file).unwrap();
        let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
        let tables = schema["$defs"].as_object().unwrap().values().chain([&schema]);
        let keys = tables.filter_map(|table| table["properties"].as_object()).flat_map(|table| table.keys());
        let mut shown = 0;
        for key in keys {
            let shows = |line: &str| {
                let line = line.trim_start_matches("# ").trim_start_matches('[');
                line.starts_with(&format!("{key} = "))
                    || line.starts_with(&format!("{key}]"))
                    || line.rsplit('.').next().is_some_and(|last| last.starts_with(&format!("{key}]")))
            };
            assert!(text.lines().any(shows), "{file} does not show `{key}`");
            shown += 1;
        }
        assert!(shown > 15, "{file}: only {shown} keys in its schema");
    }
}

#[test]
fn shipped_schemas_are_current() {
    golden(Path::new("config/linewatch.schema.json"), &config::installation_schema());
    golden(Path::new("config/agreement.schema.json"), &config::agreement_schema());
}

#[test]
fn sinks_have_their_defaults_and_their_paths_start_at_the_files_folder() {
    let sinks = r#"
[[sinks]]
id = "am"
kind = "alertmanager"
url = "http://127.0.0.1:9093"
dead_man_s = 90
[[sinks]]
id = "cap"
kind = "cap"
dir = "cap"
sender = "a.example"
"#;
    let written = Written::new(&format!("{SMALLEST}{sinks}"), AGREEMENT);
    let sinks = written.load().unwrap().sinks;
    let alertmanager = Kind::Alertmanager(alertmanager::Settings {
        url: "http://127.0.0.1:9093".to_owned(),
        resend: Duration::from_secs(60),
    });
    let cap = Kind::Cap(cap::Settings {
        dir: Some(written.0.path().join("cap")),
        url: None,
        sender: "a.example".to_owned(),
        language: "en".to_owned(),
    });
    let dead_man = Some(Duration::from_secs(90));
    let expected = [
        Settings { id: "am".to_owned(), kind: alertmanager, dead_man },
        Settings { id: "cap".to_owned(), kind: cap, dead_man: None },
    ];
    assert_eq!(sinks, expected);
}

#[test]
fn defaults_are_filled_in() {
    let written = Written::new(&format!("{SMALLEST}[mqtt]\nurl = \"mqtts://broker\"\n"), AGREEMENT);
    let installation = written.load().unwrap();
    let sensor = &installation.sensors[0];
    assert_eq!(&*sensor.trust_group, "r1");
    assert!((sensor.field_of_view_rad - std::f64::consts::TAU).abs() < 1e-12);
    let mqtt = installation.mqtt.unwrap();
    assert_eq!((mqtt.host.as_str(), mqtt.port, mqtt.client_id.as_str()), ("broker", 8883, "linewatch-s"));
    assert_eq!(mqtt.tls, Some(mqtt::Tls { ca_file: None, identity: None }));
    assert_eq!((mqtt.keep_alive.as_secs(), mqtt.max_payload_bytes), (5, 1_048_576));
}

#[test]
fn the_password_is_the_first_line_of_its_file() {
    let section = "[mqtt]\nurl = \"mqtt://broker\"\nusername = \"me\"\npassword_file = \"secret\"\n";
    let written = Written::new(&format!("{SMALLEST}{section}"), AGREEMENT);
    let missing = written.load().unwrap_err();
    assert_eq!(missing.0[0].key_path, "mqtt.password_file", "{missing}");
    config::load_for_replay(&written.0.path().join("linewatch.toml")).expect("replay needs no password");
    let mqtt = written.file("secret", "hush hush\nand more\n").load().unwrap().mqtt.unwrap();
    assert_eq!(mqtt.credentials, Some(("me".to_owned(), "hush hush".to_owned())));
}

#[test]
fn entries_with_one_address_share_a_socket() {
    let asterix = |id: &str, sic: u8| {
        format!(
            "[[sensors]]\nid = \"{id}\"\nkind = \"radar\"\nformat = \"asterix\"\nposition = [35.0, 33.3]\nmax_range_m = 1e4\n\
             detection_probability = 0.9\nperiod_s = 4\nsac_sic = [1, {sic}]\n[[udp]]\nlisten = \"0.0.0.0:8600\"\n\
             group = \"239.1.2.3\"\nsensor = \"{id}\"\n"
        )
    };
    let text = format!("{SMALLEST}{}{}", asterix("a", 1), asterix("b", 2));
    let udp = Written::new(&text, AGREEMENT).load().unwrap().udp;
    assert_eq!(udp.len(), 1);
    let sensors: Vec<_> = udp[0].sensors.iter().map(|(id, identity)| (id.as_str(), *identity)).collect();
    assert_eq!(sensors, [("a", Some([1, 1])), ("b", Some([1, 2]))]);
}

#[test]
fn the_agreements_hash_is_of_what_it_says_not_of_how() {
    let hash = |agreement: &str| {
        let written = Written::new(SMALLEST, agreement);
        let line = r#"{"type":"LineString","coordinates":[[33.3,35.1],[33.4,35.1]]}"#;
        written.file("line.geojson", line).load().unwrap_or_else(|errors| panic!("{errors}")).agreement.hash
    };
    let plain = hash(AGREEMENT);
    assert_eq!(plain.len(), 64);
    assert_eq!(hash(&format!("# A comment\n{AGREEMENT}direction = 'any'\n")), plain);
    assert_eq!(
        hash(&AGREEMENT.replace("coordinates = [[35.1, 33.3], [35.1, 33.4]]", "geojson = 'line.geojson'")),
        plain
    );
    assert_ne!(hash(&AGREEMENT.replace("33.4", "33.41")), plain);
    assert_ne!(hash(&AGREEMENT.replace("\"1\"", "\"2\"")), plain);
}

#[test]
fn shapes_across_the_antimeridian_are_judged_as_others() {
    let installation =
        SMALLEST.replace("[35.1, 33.4]", "[-16.8, 179.99]").replace("[35.06, 33.32]", "[-16.8, -179.99]");
    let agreement = AGREEMENT.replace("[[35.1, 33.3], [35.1, 33.4]]", "[[-16.8, 179.9], [-16.7, -179.9]]");
    let zone =
        "[[zones]]\nid = 'z'\npolygon = [[-16.8, 179.9], [-16.7, 179.9], [-16.7, -179.9], [-16.8, -179.9]]\n";
    let written_installation = installation.clone();
    let written = Written::new(&installation, &format!("{agreement}{zone}"));
    let installation = written.load().unwrap_or_else(|errors| panic!("{errors}"));
    assert_eq!(installation.agreement.zones[0].polygon.len(), 4);
    let said = config::explain(&installation.agreement, Timestamp::default());
    assert!(said.contains("l: 24.") && said.contains("; ENE, 24."), "{said}");
    let other_way = zone
        .replace("[[-16.8, 179.9], [-16.7, 179.9], ", "[[-16.7, 179.9], [-16.8, 179.9], ")
        .replace("[-16.7, -179.9], [-16.8, -179.9]]", "[-16.8, -179.9], [-16.7, -179.9]]");
    let written = Written::new(&written_installation, &format!("{agreement}{other_way}"));
    let other = config::explain(&written.load().unwrap().agreement, Timestamp::default());
    let area = |text: &str| text.lines().find(|line| line.contains("km², 4 corners")).map(ToOwned::to_owned);
    assert!(area(&said).is_some_and(|words| words.contains("z: 23")), "{said}");
    assert_eq!(area(&said), area(&other), "wound either way it is the same ground");
}
