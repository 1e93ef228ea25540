//! A serial line: the box holds the master side of a pseudo-terminal, the daemon opens the other.
//!
//! While nobody listens, and when a listener falls behind, bytes are lost, as on a wire.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

use super::{Kind, Link};

pub(super) struct Pty {
    master: OwnedFd,
    reader: PathBuf,
    symlink: Option<PathBuf>,
}

impl Pty {
    pub(super) fn open(symlink: Option<&Path>) -> io::Result<Self> {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        grantpt(&master)?;
        unlockpt(&master)?;
        let name = ptsname(&master, Vec::new())?;
        let reader = PathBuf::from(OsStr::from_bytes(name.to_bytes()));
        rustix::fs::fcntl_setfl(&master, OFlags::NONBLOCK)?;
        make_raw(&reader)?;
        if let Some(symlink) = symlink {
            if symlink.is_symlink() {
                std::fs::remove_file(symlink)?;
            }
            std::os::unix::fs::symlink(&reader, symlink)?;
        }
        Ok(Self { master, reader, symlink: symlink.map(Path::to_owned) })
    }

    /// Whether anybody has the reader's end open.
    fn heard(&self) -> bool {
        let mut fds = [PollFd::new(&self.master, PollFlags::OUT)];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        poll(&mut fds, Some(&now)).is_ok() && !fds[0].revents().contains(PollFlags::HUP)
    }
}

/// No echo, no line editing. The setting outlives the opening, for as long as the master is open; opening and closing
/// once also makes the kernel say when nobody listens.
fn make_raw(reader: &Path) -> io::Result<()> {
    let fd = rustix::fs::open(reader, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
    let mut settings = tcgetattr(&fd)?;
    settings.make_raw();
    tcsetattr(&fd, OptionalActions::Now, &settings)?;
    Ok(())
}

impl Link for Pty {
    fn send(&mut self, kind: Kind, bytes: &[u8]) -> bool {
        kind == Kind::Frame
            && self.heard()
            && matches!(rustix::io::write(&self.master, bytes), Ok(written) if written == bytes.len())
    }

    fn device(&self) -> Option<&Path> {
        Some(self.symlink.as_deref().unwrap_or(&self.reader))
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if let Some(symlink) = &self.symlink
            && std::fs::read_link(symlink).is_ok_and(|target| target == self.reader)
        {
            // Best effort: a link that stays behind points at a device that is gone.
            let _ = std::fs::remove_file(symlink);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    #[test]
    fn bytes_cross_unchanged_and_unheard_ones_are_lost() {
        let mut link = Pty::open(None).unwrap();
        assert!(!link.send(Kind::Frame, b"unheard"));
        let mut reader = std::fs::File::open(link.device().unwrap()).unwrap();
        let all: Vec<u8> = (0..=255).collect();
        assert!(link.send(Kind::Frame, &all));
        let mut got = vec![0; 256];
        reader.read_exact(&mut got).unwrap();
        assert_eq!(got, all);
    }

    #[test]
    fn pulling_the_plug_ends_the_reader() {
        let link = Pty::open(None).unwrap();
        let mut reader = std::fs::File::open(link.device().unwrap()).unwrap();
        drop(link);
        let mut byte = [0];
        // End of file or EIO, never a wait.
        assert!(matches!(reader.read(&mut byte), Ok(0) | Err(_)));
    }
}
