//! A disk in memory that keeps what was synced, and of the rest what it likes.
//!
//! A crash leaves any subset of the 512-byte sectors written since a file's last sync, and any first part of the changes
//! of names since the folder's. Any call can be made to fail, or to be the last. What a failed sync could not write is
//! never written by a later one, which reports success all the same: so do kernels.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Cursor, Read};
use std::sync::{Arc, Mutex};

use linewatch::journal::storage::{Appending, Storage};

use super::dice::Dice;

const SECTOR: usize = 512;

/// What happens to one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// It fails, having done half of its work.
    Eio,
    /// There is no room, from here on, for this many calls, but what is taken away.
    Full(u32),
    /// The machine stops in the middle of it.
    Crash,
    /// The process does, and what it wrote stays.
    Kill,
}

/// What happened, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Happened {
    pub(crate) eio: u32,
    pub(crate) full: u32,
    pub(crate) crash: u32,
    pub(crate) kill: u32,
}

/// A handle on the disk; all handles are of the same one.
#[derive(Clone, Default)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    /// An onlooker's: its calls are not counted, and nothing happens to them.
    looks_on: bool,
}

#[derive(Default)]
struct State {
    files: BTreeMap<u64, Content>,
    names: BTreeMap<String, u64>,
    durable_names: BTreeMap<String, u64>,
    /// Changes of names since they were synced, in order.
    changes: Vec<Change>,
    next_file: u64,
    calls: u64,
    faults: BTreeMap<u64, Fault>,
    full_until: u64,
    /// Bytes there are while the disk is full.
    room: usize,
    stopped: bool,
    happened: Happened,
    /// A disk that lies: nothing is ever durable. For the tests of the tests.
    pub lies: bool,
}

#[derive(Clone, Default)]
struct Content {
    now: Vec<u8>,
    durable: Vec<u8>,
    /// Sectors that a failed sync could not write: a later one takes them for written.
    lost: BTreeSet<usize>,
}

#[derive(Clone)]
enum Change {
    Named(String, u64),
    Removed(String),
}

impl Disk {
    /// What happens to the call with this number, counting from 0.
    pub(crate) fn fail(&self, call: u64, fault: Fault) {
        self.state.lock().unwrap().faults.insert(call, fault);
    }

    /// Nothing more goes wrong.
    pub(crate) fn heal(&self) {
        let mut state = self.state.lock().unwrap();
        state.faults.clear();
        state.full_until = 0;
    }

    /// Calls so far.
    pub(crate) fn calls(&self) -> u64 {
        self.state.lock().unwrap().calls
    }

    /// From here on every sync is a lie.
    pub(crate) fn lie(&self) {
        self.state.lock().unwrap().lies = true;
    }

    /// Whether the machine, or at least the process, has stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.state.lock().unwrap().stopped
    }

    /// What happened so far.
    pub(crate) fn happened(&self) -> Happened {
        self.state.lock().unwrap().happened
    }

    /// The bytes there are, if it is full.
    pub(crate) fn room(&self) -> Option<usize> {
        let state = self.state.lock().unwrap();
        (state.calls < state.full_until).then_some(state.room)
    }

    /// The same disk, seen from outside.
    pub(crate) fn onlooker(&self) -> Self {
        Self { state: Arc::clone(&self.state), looks_on: true }
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), looks_on: false }
    }

    /// The disk after the power came back: synced bytes, and of the others whatever `dice` say; none without dice.
    pub(crate) fn after_crash(&self, mut dice: Option<&mut Dice>) -> Self {
        let state = self.state.lock().unwrap();
        let mut names = state.durable_names.clone();
        let kept = dice.as_mut().map_or(0, |dice| dice.below(state.changes.len() as u64 + 1));
        for change in state.changes.iter().take(usize::try_from(kept).unwrap()) {
            match change {
                Change::Named(name, file) => {
                    names.retain(|_, other| other != file);
                    names.insert(name.clone(), *file);
                }
                Change::Removed(name) => {
                    names.remove(name);
                }
            }
        }
        let mut files = BTreeMap::new();
        for file in names.values() {
            let left = state.files[file].left(dice.as_deref_mut());
            files.insert(*file, Content { now: left.clone(), durable: left, lost: BTreeSet::new() });
        }
        let (next_file, happened) = (state.next_file, state.happened);
        Self::of(State {
            files,
            durable_names: names.clone(),
            names,
            next_file,
            happened,
            ..State::default()
        })
    }

    /// The process died, the machine did not: everything written is there.
    pub(crate) fn after_kill(&self) -> Self {
        let state = self.state.lock().unwrap();
        let after = State {
            files: state.files.clone(),
            names: state.names.clone(),
            durable_names: state.durable_names.clone(),
            changes: state.changes.clone(),
            next_file: state.next_file,
            happened: state.happened,
            ..State::default()
        };
        Self::of(after)
    }

    /// The bytes of a file.
    pub(crate) fn content(&self, name: &str) -> Vec<u8> {
        let state = self.state.lock().unwrap();
        state.files[&state.names[name]].now.clone()
    }

    /// Changes one byte of a file, as a failing disk does.
    pub(crate) fn rot(&self, name: &str, at: usize) {
        let mut state = self.state.lock().unwrap();
        let file = state.names[name];
        let content = state.files.get_mut(&file).unwrap();
        content.now[at] ^= 0x40;
        content.durable = content.now.clone();
    }
}

impl Content {
    /// What a crash leaves.
    fn left(&self, dice: Option<&mut Dice>) -> Vec<u8> {
        let Some(dice) = dice else { return self.durable.clone() };
        let mut left = self.durable.clone();
        let sectors = self.now.len().max(self.durable.len()).div_ceil(SECTOR);
        for sector in 0..sectors {
            let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(self.now.len()));
            let is_same = to > from && self.durable.get(from..to) == Some(&self.now[from..to]);
            if is_same || to <= from || dice.below(2) == 0 {
                continue;
            }
            if left.len() < to {
                left.resize(to, 0);
            }
            left[from..to].copy_from_slice(&self.now[from..to]);
        }
        // A cut that was not synced may have been kept or not.
        if self.now.len() < self.durable.len() && dice.below(2) == 0 {
            left.truncate(self.now.len());
        }
        left
    }
}

impl State {
    /// Counts a call that writes so much; what is to happen to it.
    fn call(&mut self, writes: Option<usize>) -> io::Result<Option<Fault>> {
        if self.stopped {
            return Err(io::Error::other("the machine has stopped"));
        }
        let number = self.calls;
        self.calls += 1;
        let fault = self.faults.get(&number).copied();
        match fault {
            Some(Fault::Crash) => self.happened.crash += 1,
            Some(Fault::Kill) => self.happened.kill += 1,
            Some(Fault::Eio) => self.happened.eio += 1,
            Some(Fault::Full(calls)) => {
                self.happened.full += 1;
                self.full_until = number + u64::from(calls);
                self.room = 0;
            }
            None => {}
        }
        self.stopped |= matches!(fault, Some(Fault::Crash | Fault::Kill));
        match (fault, writes) {
            (Some(Fault::Full(_)) | None, Some(bytes)) if number < self.full_until => {
                if bytes < self.room {
                    self.room -= bytes;
                    return Ok(None);
                }
                Ok(Some(Fault::Full(0)))
            }
            (Some(Fault::Full(_)), _) => Ok(None),
            (fault, _) => Ok(fault),
        }
    }

    fn simple(&mut self) -> io::Result<()> {
        match self.call(None)? {
            Some(fault) => Err(error(fault)),
            None => Ok(()),
        }
    }
}

fn error(fault: Fault) -> io::Error {
    match fault {
        Fault::Eio => io::Error::other("simulated input/output error"),
        Fault::Full(_) => io::Error::new(io::ErrorKind::StorageFull, "simulated full disk"),
        Fault::Crash | Fault::Kill => io::Error::other("the machine has stopped"),
    }
}

fn absent(name: &str) -> io::Error {
    io::Error::new(io::ErrorKind::NotFound, format!("no {name}"))
}

impl Disk {
    /// The state, for a call that changes nothing.
    fn seen(&self) -> io::Result<std::sync::MutexGuard<'_, State>> {
        let mut state = self.state.lock().unwrap();
        if !self.looks_on {
            state.simple()?;
        }
        Ok(state)
    }
}

impl Storage for Disk {
    fn names(&self) -> io::Result<Vec<String>> {
        let state = self.seen()?;
        Ok(state.names.keys().cloned().collect())
    }

    fn create(&mut self, name: &str) -> io::Result<Box<dyn Appending>> {
        let mut state = self.state.lock().unwrap();
        if let Some(fault) = state.call(Some(0))? {
            return Err(error(fault));
        }
        if state.names.contains_key(name) {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, name.to_owned()));
        }
        let file = state.next_file;
        state.next_file += 1;
        state.files.insert(file, Content::default());
        state.names.insert(name.to_owned(), file);
        state.changes.push(Change::Named(name.to_owned(), file));
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn open(&mut self, name: &str) -> io::Result<Box<dyn Appending>> {
        let mut state = self.state.lock().unwrap();
        state.simple()?;
        let file = *state.names.get(name).ok_or_else(|| absent(name))?;
        Ok(Box::new(Handle { disk: self.clone(), file }))
    }

    fn read(&self, name: &str) -> io::Result<Box<dyn Read + Send>> {
        let state = self.seen()?;
        let file = state.names.get(name).ok_or_else(|| absent(name))?;
        Ok(Box::new(Cursor::new(state.files[file].now.clone())))
    }

    fn len(&self, name: &str) -> io::Result<u64> {
        let state = self.seen()?;
        let file = state.names.get(name).ok_or_else(|| absent(name))?;
        Ok(state.files[file].now.len() as u64)
    }

    fn rename(&mut self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.simple()?;
        let file = state.names.remove(from).ok_or_else(|| absent(from))?;
        state.names.insert(to.to_owned(), file);
        state.changes.push(Change::Named(to.to_owned(), file));
        Ok(())
    }

    fn remove(&mut self, name: &str) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.simple()?;
        let file = state.names.remove(name).ok_or_else(|| absent(name))?;
        state.room += state.files[&file].now.len();
        state.changes.push(Change::Removed(name.to_owned()));
        Ok(())
    }

    fn sync_names(&mut self) -> io::Result<()> {
        let mut state = self.state.lock().unwrap();
        state.simple()?;
        if !state.lies {
            state.durable_names = state.names.clone();
            state.changes.clear();
        }
        Ok(())
    }
}

struct Handle {
    disk: Disk,
    file: u64,
}

impl Appending for Handle {
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        let fault = state.call(Some(bytes.len()))?;
        let half = bytes.len() / 2;
        let written = match fault {
            Some(Fault::Full(_)) => {
                let fits = half.min(state.room);
                state.room -= fits;
                &bytes[..fits]
            }
            Some(_) => &bytes[..half],
            None => bytes,
        };
        let content = state.files.get_mut(&self.file).unwrap();
        content.written(content.now.len(), written.len());
        content.now.extend_from_slice(written);
        fault.map_or(Ok(()), |fault| Err(error(fault)))
    }

    fn rewrite(&mut self, from: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        // Where there are bytes already, a full disk has room for others.
        let fault = state.call(None)?;
        let from = usize::try_from(from).unwrap();
        let bytes = if fault.is_some() { &bytes[..bytes.len() / 2] } else { bytes };
        let content = state.files.get_mut(&self.file).unwrap();
        content.written(from, bytes.len());
        let end = content.now.len().max(from + bytes.len());
        content.now.resize(end, 0);
        content.now[from..from + bytes.len()].copy_from_slice(bytes);
        fault.map_or(Ok(()), |fault| Err(error(fault)))
    }

    fn cut(&mut self, len: u64) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        state.simple()?;
        let len = usize::try_from(len).unwrap();
        let content = state.files.get_mut(&self.file).unwrap();
        let given_back = content.now.len().saturating_sub(len);
        content.now.truncate(len);
        state.room += given_back;
        Ok(())
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state.lock().unwrap();
        let done = state.simple();
        let (stopped, lies) = (state.stopped, state.lies);
        let content = state.files.get_mut(&self.file).unwrap();
        match done {
            Ok(()) if !lies => content.sync(),
            Err(_) if !stopped => content.lose(),
            _ => {}
        }
        done
    }
}

impl Content {
    /// What is written again is no longer passed over.
    fn written(&mut self, from: usize, bytes: usize) {
        if bytes > 0 {
            let sectors = from / SECTOR..=(from + bytes - 1) / SECTOR;
            self.lost.retain(|sector| !sectors.contains(sector));
        }
    }

    fn sync(&mut self) {
        if self.lost.is_empty() {
            self.durable = self.now.clone();
            return;
        }
        let mut durable = self.now.clone();
        for sector in &self.lost {
            let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(durable.len()));
            for (at, byte) in durable.iter_mut().enumerate().take(to).skip(from) {
                *byte = self.durable.get(at).copied().unwrap_or(0);
            }
        }
        self.durable = durable;
    }

    /// Nothing was written, and the next sync will not try again.
    fn lose(&mut self) {
        for sector in 0..self.now.len().div_ceil(SECTOR) {
            let (from, to) = (sector * SECTOR, ((sector + 1) * SECTOR).min(self.now.len()));
            if self.durable.get(from..to) != Some(&self.now[from..to]) {
                self.lost.insert(sector);
            }
        }
    }
}
