//! What the journal asks of a disk: one folder of files that grow at their end.
//!
//! Two implementations: [`super::disk::Disk`], and the simulated one of the tests, which loses whatever was not synced.
//! Everything the journal promises rests on the few sentences here.

use std::io::{self, Read};

/// One folder.
pub trait Storage: Send {
    /// The names of its files, in ascending order.
    ///
    /// # Errors
    /// The folder cannot be read.
    fn names(&self) -> io::Result<Vec<String>>;

    /// Makes a new, empty file to append to. Its name is durable only after [`Storage::sync_names`].
    ///
    /// # Errors
    /// There is one of that name, or it cannot be made.
    fn create(&mut self, name: &str) -> io::Result<Box<dyn Appending>>;

    /// Opens a file to append to its end.
    ///
    /// # Errors
    /// It is not there, or cannot be written.
    fn open(&mut self, name: &str) -> io::Result<Box<dyn Appending>>;

    /// Opens a file to read from its beginning.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>>;

    /// Opens a file to read from a place in it on.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    fn read_from(&self, name: &str, offset: u64) -> io::Result<Box<dyn Read + Send>> {
        let mut input = self.read(name)?;
        io::copy(&mut input.by_ref().take(offset), &mut io::sink())?;
        Ok(input)
    }

    /// Its length in bytes.
    ///
    /// # Errors
    /// It is not there.
    fn len(&self, name: &str) -> io::Result<u64>;

    /// Gives a file another name, in the place of any file of that name. Durable after [`Storage::sync_names`].
    ///
    /// # Errors
    /// It is not there, or the folder cannot be written.
    fn rename(&mut self, from: &str, to: &str) -> io::Result<()>;

    /// Takes a file away. Durable after [`Storage::sync_names`].
    ///
    /// # Errors
    /// It is not there, or the folder cannot be written.
    fn remove(&mut self, name: &str) -> io::Result<()>;

    /// Makes durable which names there are.
    ///
    /// # Errors
    /// It may not be durable: whoever relies on it must stop.
    fn sync_names(&mut self) -> io::Result<()>;
}

/// A file that grows at its end.
pub trait Appending: Send {
    /// Writes all of `bytes` behind what is there. Durable after [`Appending::sync`].
    ///
    /// # Errors
    /// Any part of them may have been written.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Cuts the file to its first `len` bytes; appending goes on there.
    ///
    /// # Errors
    /// It may still be longer.
    fn cut(&mut self, len: u64) -> io::Result<()>;

    /// Writes over what is there, from the byte at `from` on; appending goes on at the end. What a failed sync could not
    /// bring to the disk is brought there by the next one only if it is written again.
    ///
    /// # Errors
    /// Any part may have been written.
    fn rewrite(&mut self, from: u64, bytes: &[u8]) -> io::Result<()>;

    /// Makes durable what was written (fdatasync).
    ///
    /// # Errors
    /// It may not be durable, and must not be tried again: the kernel may have thrown away what it could not write, and
    /// would report success the next time.
    fn sync(&mut self) -> io::Result<()>;
}

/// Puts a whole file under `name`, in the place of any file of that name; after a crash it is there whole or not at
/// all. False if the disk has no room for it.
///
/// # Errors
/// The folder cannot be written.
pub(super) fn put_whole(storage: &mut dyn Storage, name: &str, parts: &[&[u8]]) -> io::Result<bool> {
    let unfinished = format!("{name}.tmp");
    // One that failed before must not be in the way for ever.
    discard(storage, &unfinished)?;
    let written = storage.create(&unfinished).and_then(|mut file| {
        parts.iter().try_for_each(|part| file.append(part))?;
        file.sync()
    });
    match written {
        Ok(()) => {}
        Err(error) if is_full(&error) => {
            discard(storage, &unfinished)?;
            return Ok(false);
        }
        Err(error) => return Err(error),
    }
    storage.rename(&unfinished, name)?;
    storage.sync_names()?;
    Ok(true)
}

/// Takes away what could not be finished; it may never have come into being.
fn discard(storage: &mut dyn Storage, unfinished: &str) -> io::Result<()> {
    match storage.remove(unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Whether an error says that there is no room.
pub(super) fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}
