//! The disk as traits: what the log, the snapshots and the identity of a node need, and no more.
//!
//! Calls block; [`Host::run_blocking`](super::world::Host::run_blocking) says where. What is
//! durable is said by each call: a name survives a crash only after [`Disk::sync_dir`] of its
//! folder, content only after [`DiskFile::sync`].

use std::{fmt, io, path::Path};

/// An open file, read and written at given places.
pub trait DiskFile: Send + Sync + fmt::Debug {
    /// Its length in bytes.
    fn len(&self) -> io::Result<u64>;

    /// Whether it has no byte.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Fills `out` from `offset`, or fails where the file ends before.
    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()>;

    /// Writes all of `bytes` at `offset`, extending the file where needed. Not durable yet.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Cuts or extends (by zeros) the file. Not durable yet.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Makes content and length durable.
    fn sync(&self) -> io::Result<()>;
}

/// Names the time since the machine last started anew.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Boot(pub [u8; 16]);

/// Keeps a file locked for as long as it lives.
pub trait DiskLock: Send + Sync + fmt::Debug {}

/// Files and folders.
pub trait Disk: Send + Sync + fmt::Debug {
    /// Makes a folder and those above it, if missing, durably.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Whether something has this name.
    fn exists(&self, path: &Path) -> io::Result<bool>;

    /// The names in a folder, sorted. Names that are no UTF-8 are left out.
    fn list(&self, dir: &Path) -> io::Result<Vec<String>>;

    /// Opens a file to read and write.
    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// Opens a file to read and write, emptied, made if missing.
    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>>;

    /// The whole content of a file.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Gives a file another name, replacing what has that name: after a crash one of the two is
    /// there. Durable after [`Disk::sync_dir`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file. Durable after [`Disk::sync_dir`].
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Makes the names in a folder durable.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// As long as this is the same, what was written is there, durable or not. None where that
    /// cannot be told.
    fn boot(&self) -> Option<Boot>;

    /// Locks a file, made if missing, against every other process (and every other lock in this
    /// one). [`io::ErrorKind::WouldBlock`] where somebody else holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>>;
}

/// Puts a file in place so that after a crash either the former content or the new one is there,
/// whole: written aside, made durable, renamed.
pub fn replace_file(disk: &dyn Disk, path: &Path, content: &[u8]) -> io::Result<()> {
    let aside = path.with_extension("tmp");
    let file = disk.create(&aside)?;
    file.write_at(0, content)?;
    file.sync()?;
    drop(file);
    disk.rename(&aside, path)?;
    match path.parent() {
        Some(dir) => disk.sync_dir(dir),
        None => Ok(()),
    }
}
