//! What was foreseen through a recording: every forecast of every track, one CSV row each.
//!
//! ```text
//! cargo run --profile ci --example forecasts -- scenario/linewatch.toml scenario/recording.jsonl forecasts.csv
//! ```
//!
//! `tests/approach.py` makes the scenarios and compares these rows with what the truth then did. The last line on
//! standard output says how long ticks took.

use std::io::Write as _;

use linewatch::cli::stepping::{Stepped, step_through};
use linewatch::engine::Engine;
use linewatch::record::Body;
use linewatch::sources::recording::Reader;

fn main() -> Result<(), anyhow::Error> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, config, recording, out] = &arguments[..] else {
        eprintln!("usage: forecasts CONFIG RECORDING OUT");
        std::process::exit(2)
    };
    let installation = linewatch::config::load_for_replay(config.as_ref()).map_err(anyhow::Error::msg)?;
    let mut engine = Engine::new(installation.engine_settings());
    let mut reader = Reader::open(recording.as_ref())?;
    let mut rows = std::io::BufWriter::new(std::fs::File::create(out)?);
    writeln!(
        rows,
        "time,track,rule,east_m,north_m,within_60_s,within_300_s,within_900_s,median_s,low_s,high_s"
    )?;
    let begun = linewatch::clock::instant();
    let (mut ticking, mut before) = (std::time::Duration::ZERO, begun.elapsed());
    let mut ticks = 0_u32;
    step_through(
        &mut reader,
        &mut engine,
        |_| {},
        |Stepped { record, engine, .. }| -> anyhow::Result<()> {
            if record.body == Body::Tick {
                (ticking, ticks) = (ticking + begun.elapsed().saturating_sub(before), ticks + 1);
                for (track, rule, at, place, foreseen) in engine.foreseen().filter(|row| row.2 == record.received) {
                    let ([a, b, c], [low, high]) = (foreseen.within, foreseen.interval_s);
                    let ([east, north], median) = (place, foreseen.median_s);
                    let time = at.as_nanos() / 1_000_000_000;
                    writeln!(rows, "{time},{track},{rule},{east:.1},{north:.1},{a:.4},{b:.4},{c:.4},{median:.1},{low:.1},{high:.1}")?;
                }
            }
            before = begun.elapsed();
            Ok(())
        },
    )
    .map_err(|failure| anyhow::anyhow!("{failure:?}"))?;
    rows.flush()?;
    println!("{ticks} ticks, {:.3} ms each", 1e3 * ticking.as_secs_f64() / f64::from(ticks.max(1)));
    Ok(())
}
