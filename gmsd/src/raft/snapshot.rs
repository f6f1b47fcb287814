//! Snapshots as files: written aside, made durable, then named `snapshot-<index>`; believed only
//! after their checksum and their content were read.
//!
//! A snapshot is a header (magic with version, what it covers), the state in postcard, and a
//! footer (length and checksum of all before it). [`Snapshots`] keeps at most one; while another is
//! written or received it has a `.tmp` name, which the next start removes.

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize as _;

use super::{
    error::StartError,
    record::{CoverRecord, RecordError, read},
    store::data_dir::disk_error,
    types::SnapshotMeta,
};
use crate::{
    host::{
        disk::{Disk, DiskFile},
        world::Host,
    },
    membership::state::State,
};

/// The first bytes of every snapshot: the name of the format.
const MAGIC: &[u8; 7] = b"gmssnap";
/// The version of the format, of the state in it included.
const VERSION: u8 = 7;
/// Length (8 bytes) and checksum (4 bytes) at the end.
const FOOTER_LEN: usize = 12;
/// How much is gathered before it goes to the file, in bytes.
const WRITE_LEN: usize = 256 << 10;

/// Where a snapshot lies and what it covers.
#[derive(Debug, Clone)]
pub struct SnapshotFile {
    /// The file.
    pub path: PathBuf,
    /// What it covers.
    pub meta: SnapshotMeta,
    /// The state in it, when it was just read.
    pub state: Option<State>,
}

/// Why a file is no snapshot.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The disk failed.
    #[error("{}: {source}", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is not what was written.
    #[error("snapshot {} is damaged: {why}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

/// The snapshots of one data directory. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Snapshots {
    host: Host,
    dir: PathBuf,
    current: Arc<Mutex<Option<SnapshotFile>>>,
    incoming: Arc<AtomicU64>,
}

impl Snapshots {
    /// Looks what there is, verifies and reads the newest, and removes what was never finished.
    /// Blocks on the disk.
    pub fn open(
        host: &Host,
        dir: &Path,
    ) -> Result<(Self, Option<(SnapshotMeta, State)>), StartError> {
        let names = host.disk.list(dir).map_err(|source| disk_error("list", dir, source))?;
        let mut newest: Option<(u64, PathBuf)> = None;
        for name in &names {
            let path = dir.join(name);
            if path.extension().is_some_and(|suffix| suffix == "tmp") {
                host.disk.remove(&path).map_err(|source| disk_error("remove", &path, source))?;
            } else if let Some(index) = index_of(name)
                && newest.as_ref().is_none_or(|(other, _)| index > *other)
            {
                newest = Some((index, path));
            }
        }
        let snapshots = Self {
            host: host.clone(),
            dir: dir.to_owned(),
            current: Arc::default(),
            incoming: Arc::default(),
        };
        let Some((_, path)) = newest else {
            return Ok((snapshots, None));
        };
        let (meta, state) = load(&*host.disk, &path).map_err(|error| match error {
            SnapshotError::Disk { path, source } => disk_error("read", &path, source),
            SnapshotError::Damaged { path, why } => {
                StartError::Damaged { dir: dir.to_owned(), file: path, why }
            }
        })?;
        snapshots.set_current(SnapshotFile { path, meta: meta.clone(), state: None });
        Ok((snapshots, Some((meta, state))))
    }

    /// The snapshot there is.
    pub fn current(&self) -> Option<SnapshotFile> {
        self.lock().clone()
    }

    /// Writes a snapshot and puts it in place. Blocks on the disk.
    pub fn write(&self, meta: &SnapshotMeta, state: &State) -> Result<SnapshotFile, SnapshotError> {
        let aside = self.dir.join(format!("building-{}.tmp", index(meta)));
        write(&*self.host.disk, &aside, meta, state)
            .map_err(|source| SnapshotError::Disk { path: aside.clone(), source })?;
        self.put_in_place(&aside, meta)
    }

    /// Where a snapshot that comes from a peer is gathered: another file each time, because an
    /// old and a new leader may both be sending.
    pub fn incoming(&self, meta: &SnapshotMeta) -> PathBuf {
        let count = self.incoming.fetch_add(1, Ordering::Relaxed);
        self.dir.join(format!("incoming-{}-{count}.tmp", index(meta)))
    }

    /// Names a snapshot that is whole and durable, and removes the older ones. Blocks on the disk.
    pub fn put_in_place(
        &self,
        aside: &Path,
        meta: &SnapshotMeta,
    ) -> Result<SnapshotFile, SnapshotError> {
        let mut current = self.lock();
        let path = self.dir.join(format!("snapshot-{}", index(meta)));
        let disk = &*self.host.disk;
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |source| SnapshotError::Disk { path, source }
        };
        if aside != path {
            disk.rename(aside, &path).map_err(failed(&path))?;
            disk.sync_dir(&self.dir).map_err(failed(&self.dir))?;
        }
        let placed = SnapshotFile { path: path.clone(), meta: meta.clone(), state: None };
        // One that was built while a newer one arrived goes at once.
        let newest = current
            .take()
            .filter(|other| index(&other.meta) > index(meta))
            .unwrap_or_else(|| placed.clone());
        for name in disk.list(&self.dir).map_err(failed(&self.dir))? {
            let other = self.dir.join(&name);
            if index_of(&name).is_some_and(|it| it < index(&newest.meta)) {
                disk.remove(&other).map_err(failed(&other))?;
            }
        }
        *current = Some(newest);
        Ok(placed)
    }

    /// Reads and verifies a snapshot file. Blocks on the disk.
    pub fn load(&self, path: &Path) -> Result<(SnapshotMeta, State), SnapshotError> {
        load(&*self.host.disk, path)
    }

    /// The machine it is on.
    pub fn host(&self) -> &Host {
        &self.host
    }

    fn set_current(&self, file: SnapshotFile) {
        *self.lock() = Some(file);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<SnapshotFile>> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(meta: &SnapshotMeta) -> u64 {
    meta.last_log_id.map_or(0, |last| last.index)
}

fn index_of(name: &str) -> Option<u64> {
    name.strip_prefix("snapshot-")?.parse().ok()
}

fn write(disk: &dyn Disk, path: &Path, meta: &SnapshotMeta, state: &State) -> io::Result<()> {
    let file = disk.create(path)?;
    let mut out =
        Summing { file: &*file, buffer: Vec::with_capacity(WRITE_LEN), written: 0, sum: 0 };
    let cover = postcard::to_stdvec(&CoverRecord::from(meta)).map_err(io::Error::other)?;
    let cover_len = u32::try_from(cover.len()).map_err(io::Error::other)?;
    out.write_all(MAGIC)?;
    out.write_all(&[VERSION])?;
    out.write_all(&cover_len.to_le_bytes())?;
    out.write_all(&cover)?;
    {
        let mut serializer =
            postcard::Serializer { output: postcard::ser_flavors::io::WriteFlavor::new(&mut out) };
        state.serialize(&mut serializer).map_err(io::Error::other)?;
    }
    out.finish()?;
    file.sync()
}

fn load(disk: &dyn Disk, path: &Path) -> Result<(SnapshotMeta, State), SnapshotError> {
    let bytes =
        disk.read(path).map_err(|source| SnapshotError::Disk { path: path.to_owned(), source })?;
    parse(&bytes).map_err(|why| SnapshotError::Damaged { path: path.to_owned(), why })
}

fn parse(bytes: &[u8]) -> Result<(SnapshotMeta, State), String> {
    let (content, footer) = bytes.split_last_chunk::<FOOTER_LEN>().ok_or("it is too short")?;
    let [length @ .., a, b, c, d] = *footer;
    if u64::from_le_bytes(length) != content.len() as u64 {
        return Err("its length is not what its footer says".to_owned());
    }
    if u32::from_le_bytes([a, b, c, d]) != crc32c::crc32c(content) {
        return Err("its checksum does not match its content".to_owned());
    }
    let content = content.strip_prefix(MAGIC).ok_or("it is of another format")?;
    let (version, content) = content.split_first().ok_or("its header is cut")?;
    if *version != VERSION {
        return Err(format!(
            "it is of format version {version}, and this gmsd reads version {VERSION}: start the \
             gmsd that wrote it"
        ));
    }
    let (cover_len, content) = content.split_first_chunk().ok_or("its header is cut")?;
    let cover_len = u32::from_le_bytes(*cover_len) as usize;
    let (cover, state) = content.split_at_checked(cover_len).ok_or("its header is cut")?;
    let told = |error: RecordError| error.to_string();
    let meta = SnapshotMeta::try_from(read::<CoverRecord>(cover).map_err(told)?).map_err(told)?;
    let mut state: State = read(state).map_err(told)?;
    state.rebuild_indices();
    if state.revision().0 != index(&meta) {
        return Err(format!(
            "its state is of revision {}, but it says it covers {}",
            state.revision(),
            index(&meta)
        ));
    }
    Ok((meta, state))
}

/// Writes through a buffer and sums up what went through.
struct Summing<'a> {
    file: &'a dyn DiskFile,
    buffer: Vec<u8>,
    written: u64,
    sum: u32,
}

impl Summing<'_> {
    fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        let mut footer = self.written.to_le_bytes().to_vec();
        footer.extend_from_slice(&self.sum.to_le_bytes());
        self.file.write_at(self.written, &footer)
    }
}

impl Write for Summing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= WRITE_LEN {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.write_at(self.written, &self.buffer)?;
        self.sum = crc32c::crc32c_append(self.sum, &self.buffer);
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }
}
