//! A serial line that can be unplugged: a real pty behind a device path that stays.

use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

/// A device path in a folder of its own; the line behind it comes and goes.
pub(crate) struct Cable {
    folder: tempfile::TempDir,
    far_end: Option<File>,
}

impl Cable {
    /// A cable that is plugged in.
    pub(crate) fn plugged() -> Self {
        let mut cable = Self { folder: tempfile::tempdir().unwrap(), far_end: None };
        cable.plug();
        cable
    }

    /// The device path the daemon is told.
    pub(crate) fn device(&self) -> PathBuf {
        self.folder.path().join("usb-ais-1")
    }

    /// Puts a new line behind the path.
    pub(crate) fn plug(&mut self) {
        let far_end = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&far_end).unwrap();
        unlockpt(&far_end).unwrap();
        let name = ptsname(&far_end, Vec::new()).unwrap();
        std::os::unix::fs::symlink(Path::new(name.to_str().unwrap()), self.device()).unwrap();
        self.far_end = Some(File::from(far_end));
    }

    /// Pulls it: the path is gone and so is the line.
    pub(crate) fn pull(&mut self) {
        std::fs::remove_file(self.device()).unwrap();
        self.far_end = None;
    }

    /// Closes the far end; the path stays and leads nowhere.
    pub(crate) fn hang_up(&mut self) {
        self.far_end = None;
    }

    /// What the box at the far end says, written from another thread: a line holds only a few kilobytes.
    pub(crate) async fn say(&self, bytes: &[u8]) {
        let (mut line, bytes) = (self.far_end.as_ref().unwrap().try_clone().unwrap(), bytes.to_vec());
        tokio::task::spawn_blocking(move || line.write_all(&bytes).unwrap()).await.unwrap();
    }

    /// The rate the daemon has set, bits per second.
    pub(crate) fn rate(&self) -> u32 {
        let line: OwnedFd = self.far_end.as_ref().unwrap().try_clone().unwrap().into();
        rustix::termios::tcgetattr(&line).unwrap().output_speed()
    }
}
