//! One file per message, there whole or not at all: written aside, synced, renamed, and the folder synced.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use super::DeliveryError;
use super::plan::Parcel;

/// Puts a parcel into the folder, under its name. Another with the same name and bytes is the same file.
pub(super) async fn keep(dir: &Path, parcel: &Parcel) -> Result<(), DeliveryError> {
    let name = parcel.name.clone().ok_or_else(|| DeliveryError::Permanent("it has no name".to_owned()))?;
    let (dir, body) = (dir.to_owned(), Arc::clone(&parcel.body));
    let written = tokio::task::spawn_blocking(move || write(&dir, &name, body.as_bytes())).await;
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(DeliveryError::Retry(error.to_string())),
        Err(error) => Err(DeliveryError::Retry(error.to_string())),
    }
}

fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    fs::create_dir_all(dir)?;
    let file = dir.join(format!("{name}.xml"));
    // A reader that picks up *.xml never sees this one.
    let aside = dir.join(format!(".{name}.part"));
    let mut written = File::create(&aside)?;
    written.write_all(bytes)?;
    written.sync_all()?;
    fs::rename(&aside, &file)?;
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(dir)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_is_whole_and_what_a_crash_left_aside_is_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("cap");
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join(".a.1.part"), "what a crash left, longer than the message").unwrap();
        write(&dir, "a.1", b"<alert/>").unwrap();
        write(&dir, "a.1", b"<alert/>").unwrap();
        write(&dir, "a.2", b"<alert>2</alert>").unwrap();
        assert_eq!(names(&dir), ["a.1.xml", "a.2.xml"]);
        assert_eq!(fs::read(dir.join("a.1.xml")).unwrap(), b"<alert/>");
    }

    #[test]
    fn a_folder_that_cannot_be_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(write(&file, "a.1", b"").is_err());
    }
}
