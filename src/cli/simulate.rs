//! `linewatch simulate`: a seeded world to a recording, its truth and its configuration.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use firmware_sims::links::Kind;
use firmware_sims::scenario::{Links, Scenario, kerguelen};
use firmware_sims::sensors::{Emission, Start, record};
use firmware_sims::world::World;
use firmware_sims::world::geo::Place;

use super::Failure;
use crate::record::{Body, Link};
use crate::sensor::SensorId;
use crate::time::{Span, Timestamp};
use crate::wire::recording::{header_line, record_line};

/// World time 0, unless a scenario says otherwise: 2026-01-01T00:00:00Z.
const EPOCH: Timestamp = Timestamp::from_secs(1_767_225_600);

/// What to simulate and where to put it.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  \
    linewatch simulate kerguelen --out /tmp/k          # the demo's world\n  \
    linewatch simulate my-scenario.json --out /tmp/s --seed 7 --for 10m\n  \
    linewatch replay /tmp/k/recording.jsonl --config /tmp/k/linewatch.toml --alerts alerts.jsonl\n\n\
    Writes recording.jsonl, truth.csv (t,id,x,y,vx,vy,mode at 1 Hz), scenario.json (with the true crossings), \
    linewatch.toml and agreement.toml.")]
pub struct Arguments {
    /// A scenario file (JSON), or `kerguelen` for the built-in one.
    scenario: PathBuf,
    /// The folder to write into.
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Another seed than the scenario's own.
    #[arg(long)]
    seed: Option<u64>,
    /// Another length than the scenario's own, in world time.
    #[arg(long = "for", value_name = "DURATION", value_parser = humantime::parse_duration)]
    run_for: Option<Duration>,
}

/// What a simulation gives: the texts of the files that [`run`] writes.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// Everything every box said, in order of arrival.
    pub recording: String,
    /// Messages in it.
    pub messages: usize,
    /// Where everybody truly was, at 1 Hz.
    pub truth: String,
    /// The daemon's configuration.
    pub linewatch_toml: String,
    /// The agreement it names.
    pub agreement_toml: String,
    /// The scenario with what truly happened, in the form that scoring scripts read.
    pub summary: String,
    /// How often the line was truly crossed.
    pub crossings: usize,
}

/// Simulates `until_s` seconds of a scenario.
///
/// # Errors
/// The scenario cannot be run.
pub fn simulate(scenario: &Scenario, until_s: f64) -> Result<Simulated, Failure> {
    let world = World::new(scenario).map_err(Failure::input)?;
    let (recording, messages) = recording(scenario, &world, until_s)?;
    Ok(Simulated {
        recording,
        messages,
        truth: truth(&world, until_s),
        linewatch_toml: scenario.linewatch_toml(&Links::default()),
        agreement_toml: scenario.agreement_toml(),
        summary: summary(scenario, &world, until_s)?,
        crossings: world.crossings(&scenario.line.coordinates, 0.0, until_s).len(),
    })
}

impl Simulated {
    /// Writes every file into `folder`, which is made if need be.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<(), Failure> {
        let failed =
            |path: &Path, error: std::io::Error| Failure::Input(format!("{}: {error}", path.display()));
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, error))?;
        for (name, text) in [
            ("recording.jsonl", &self.recording),
            ("truth.csv", &self.truth),
            ("linewatch.toml", &self.linewatch_toml),
            ("agreement.toml", &self.agreement_toml),
            ("scenario.json", &self.summary),
        ] {
            let path = folder.join(name);
            std::fs::write(&path, text).map_err(|error| failed(&path, error))?;
        }
        Ok(())
    }
}

/// Simulates.
///
/// # Errors
/// The scenario cannot be read, or the folder not written.
pub fn run(arguments: &Arguments) -> Result<(), Failure> {
    let mut scenario = read(&arguments.scenario)?;
    scenario.seed = arguments.seed.unwrap_or(scenario.seed);
    let until_s = arguments.run_for.map_or(scenario.duration_s, |duration| duration.as_secs_f64());
    let simulated = simulate(&scenario, until_s)?;
    simulated.write(&arguments.out)?;
    let Simulated { messages, crossings, .. } = simulated;
    println!("{messages} messages in {until_s} s of world time, {crossings} true crossings");
    Ok(())
}

fn read(path: &Path) -> Result<Scenario, Failure> {
    if path.as_os_str() == "kerguelen" {
        return Ok(kerguelen());
    }
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::Input(format!("{}: {error}; give a scenario file or `kerguelen`", path.display()))
    })?;
    Scenario::from_json(&text).map_err(|error| Failure::Input(format!("{}: {error}", path.display())))
}

/// What every box says, in order of arrival.
fn recording(scenario: &Scenario, world: &World, until_s: f64) -> Result<(String, usize), Failure> {
    let epoch = scenario.begins_s.map_or(EPOCH, Timestamp::from_secs);
    let start = Start { epoch_ns: epoch.as_nanos(), boot: 1, at_s: 0.0 };
    let mut said: Vec<(SensorId, Emission)> = Vec::new();
    for spec in &scenario.boxes {
        let sensor = SensorId::new(&spec.id)
            .ok_or_else(|| Failure::Input(format!("boxes: {:?} is not an id", spec.id)))?;
        let emissions = record(spec, world, start, until_s).map_err(Failure::input)?;
        said.extend(emissions.into_iter().map(|emission| (sensor.clone(), emission)));
    }
    // A stable sort: messages of one box stay in its own order.
    said.sort_by(|(_, a), (_, b)| a.due_s.total_cmp(&b.due_s));
    let mut text = header_line(&scenario.sector);
    text.push('\n');
    for (sensor, emission) in &said {
        let received = epoch.plus(Span::from_secs_f64(emission.due_s));
        let bytes = emission.bytes.clone();
        let body = match emission.kind {
            Kind::Frame => Body::Frame { sensor: sensor.clone(), link: Link::Recording, bytes },
            Kind::Status => Body::Status { sensor: sensor.clone(), bytes },
        };
        text.push_str(&record_line(received, &body).context("frames and statuses have lines")?);
        text.push('\n');
    }
    Ok((text, said.len()))
}

/// Every living agent at every whole second, in metres of the sector's frame.
fn truth(world: &World, until_s: f64) -> String {
    let mut text = String::from("t,id,x,y,vx,vy,mode\n");
    let seconds = std::iter::successors(Some(0.0), |t: &f64| Some(t + 1.0)).take_while(|t| *t <= until_s);
    for t_s in seconds {
        for state in world.at(t_s) {
            let ([x, y], [vx, vy]) = (state.east_north_m, state.velocity_mps);
            // Writing to a string cannot fail.
            let _ =
                writeln!(text, "{t_s},{},{x:.2},{y:.2},{vx:.3},{vy:.3},{}", state.id, state.class.as_str());
        }
    }
    text
}

/// The scenario with what truly happened, in the form that scoring scripts read.
fn summary(scenario: &Scenario, world: &World, until_s: f64) -> anyhow::Result<String> {
    let crossings = world.crossings(&scenario.line.coordinates, 0.0, until_s);
    let crossings: Vec<_> = crossings
        .iter()
        .map(|c| {
            serde_json::json!({"t": c.t_s, "id": c.agent, "x": c.east_north_m[0], "y": c.east_north_m[1], "direction": c.direction.as_str()})
        })
        .collect();
    let border = scenario.line.coordinates.iter().map(|vertex| {
        let [east_m, north_m, _] = world.frame().to_enu(Place::new(*vertex, 0.0));
        [east_m, north_m]
    });
    let border: Vec<[f64; 2]> = border.collect();
    let scenario: serde_json::Value =
        serde_json::from_str(&scenario.to_json()).context("a scenario as JSON")?;
    let all =
        serde_json::json!({"dur": until_s, "border": border, "scenario": scenario, "crossings": crossings});
    Ok(serde_json::to_string_pretty(&all)? + "\n")
}
