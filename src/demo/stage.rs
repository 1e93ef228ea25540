//! The stage of `linewatch demo`: every box talks to the daemon over a real socket or a real pty, and nothing else.
//!
//! The boxes come from `firmware-sims`, which knows nothing of linewatch; they and the daemon meet in bytes. The
//! daemon is the same [`App`] as under systemd, on a configuration written out as files beside its journal.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use firmware_sims::links::LinkSpec;
use firmware_sims::pace::Pace;
use firmware_sims::scenario::{BoxKind, BoxSpec, Links, Scenario};
use firmware_sims::sensors::{BoxHandle, spawn};
use firmware_sims::world::World;

use super::broker::Broker;
use crate::app::App;
use crate::clock::Clock;
use crate::config;
use crate::outbox::Left;
use crate::pipeline::deciding::Listener;
use crate::time::Timestamp;

/// How a demonstration is set up.
#[derive(Clone, Debug)]
pub struct Options {
    /// World seconds per second.
    pub speed: f64,
    /// Where the page listens.
    pub http: SocketAddr,
    /// Where configuration and journal are written.
    pub dir: PathBuf,
}

/// A running demonstration.
pub struct Stage {
    /// The daemon.
    pub app: App,
    /// The boxes, by id.
    pub boxes: BTreeMap<String, BoxHandle>,
    /// What everybody looks at.
    pub world: Arc<World>,
    /// The scenario it was made from.
    pub scenario: Scenario,
    /// World time against the wall clock.
    pub pace: Pace,
    /// Where the broker listens.
    pub broker: SocketAddr,
    /// The daemon's configuration file.
    pub config: PathBuf,
    embedded: Broker,
}

impl Stage {
    /// Starts the broker, switches the boxes on and starts the daemon. `listener` is told of what it says.
    ///
    /// # Errors
    /// A socket, a pty or a file cannot be made; the message says which.
    pub fn start(scenario: Scenario, options: &Options, listener: Option<Listener>) -> anyhow::Result<Self> {
        let world = Arc::new(World::new(&scenario).context("the scenario")?);
        let embedded = Broker::start(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)))
            .context("starting the embedded broker")?;
        let broker = embedded.address();
        let pace = Pace::from_now(options.speed);
        let mut links = Links {
            mqtt_url: Some(format!("mqtt://{broker}")),
            http: Some(options.http),
            journal: Some(options.dir.join("journal")),
            ..Links::default()
        };
        let mut boxes = BTreeMap::new();
        for spec in &scenario.boxes {
            let link = link_for(spec, &scenario.sector, broker, &mut links)?;
            let handle = spawn(spec, Arc::clone(&world), pace, &link, f64::INFINITY)
                .with_context(|| format!("switching on {}", spec.id))?;
            if let Some(device) = handle.device() {
                links.serial.insert(spec.id.clone(), device.to_owned());
            }
            boxes.insert(spec.id.clone(), handle);
        }
        let config = write_configuration(&scenario, &links, &options.dir)?;
        let installation = config::load(&config).map_err(|errors| anyhow::anyhow!("{errors}"))?;
        let clock = Clock::scaled(Timestamp::from_nanos(pace.epoch_ns), pace.started, options.speed);
        let app = App::start(&installation, clock, listener)?;
        Ok(Self { app, boxes, world, scenario, pace, broker, config, embedded })
    }

    /// Stops the daemon first, so that the boxes' leaving is no event, then everything else; says what is left owed.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn stop(self) -> anyhow::Result<Vec<Left>> {
        let left = self.app.stop().await;
        drop(self.boxes);
        drop(self.embedded);
        left
    }
}

/// The first radar sends datagrams, what is wired by a serial line has its pty, all others publish.
fn link_for(spec: &BoxSpec, sector: &str, broker: SocketAddr, links: &mut Links) -> anyhow::Result<LinkSpec> {
    if spec.kind.is_serial() {
        return Ok(LinkSpec::Pty { symlink: None });
    }
    if spec.kind == BoxKind::Radar && links.udp.is_empty() {
        let address = free_udp_port().context("finding a free UDP port")?;
        links.udp.insert(spec.id.clone(), address);
        return Ok(LinkSpec::Udp(address));
    }
    Ok(LinkSpec::mqtt(&format!("mqtt://{broker}"), sector, &spec.id))
}

fn free_udp_port() -> std::io::Result<SocketAddr> {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

fn write_configuration(scenario: &Scenario, links: &Links, dir: &Path) -> anyhow::Result<PathBuf> {
    let write = |name: &str, text: String| -> anyhow::Result<PathBuf> {
        let path = dir.join(name);
        std::fs::write(&path, text).with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    };
    std::fs::create_dir_all(dir).with_context(|| format!("making {}", dir.display()))?;
    write("agreement.toml", scenario.agreement_toml())?;
    let mut text = scenario.linewatch_toml(links);
    // The daemon's own words are to be heard on the broker too.
    text.push_str("\n[[sinks]]\nid = \"broker\"\nkind = \"mqtt\"\n");
    write("linewatch.toml", text)
}
