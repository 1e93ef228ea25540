//! `linewatch journal key`: the key that signs checkpoints.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::Context;
use rand::Rng;

use super::Failure;
use crate::seal::key::SignerKey;
use crate::seal::note::is_name;

/// Makes a key, or reads the one there is; prints its public half.
///
/// # Errors
/// The file cannot be read or made, or holds no key.
pub(super) fn run(file: &Path, origin: Option<&str>) -> Result<(), Failure> {
    let input = |what: String| Failure::Input(format!("{}: {what}", file.display()));
    let key = match (std::fs::read_to_string(file), origin) {
        (Ok(text), origin) => {
            let key = SignerKey::parse(text.trim_end()).map_err(|error| input(error.to_string()))?;
            if let Some(origin) = origin.filter(|origin| *origin != key.name()) {
                let name = key.name();
                return Err(input(format!(
                    "a key named {name} is there already, not {origin}; give another file"
                )));
            }
            key
        }
        (Err(error), Some(origin)) if error.kind() == ErrorKind::NotFound => made(file, origin)?,
        (Err(error), None) if error.kind() == ErrorKind::NotFound => {
            return Err(input("there is no key; add --origin linewatch/SECTOR to make one".to_owned()));
        }
        (Err(error), _) => return Err(input(error.to_string())),
    };
    writeln!(std::io::stdout(), "{}", key.public()).context("writing to standard output")?;
    Ok(())
}

fn made(file: &Path, origin: &str) -> Result<SignerKey, Failure> {
    if !is_name(origin) {
        let what =
            format!("--origin {origin:?}: a name without spaces and plus signs, such as linewatch/east-3");
        return Err(Failure::Input(what));
    }
    let key = SignerKey::new(origin, &rand::rng().random());
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).and_then(|mut file| {
        writeln!(file, "{}", key.to_secret_text())?;
        file.sync_all()
    });
    made.map_err(|error| {
        Failure::Input(format!("{}: {error}; give a path that can be written", file.display()))
    })?;
    Ok(key)
}
