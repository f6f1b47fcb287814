//! [`Summed`]: a file every block of which has a checksum in a second file beside it.
//!
//! redb's own checksums cover the pages in use, not those it keeps for later, and one bit of its
//! header chooses between the last commit and the one before. Here every byte counts: a flip or a
//! cut anywhere is an error that names the place, before a page is believed or written over.
//!
//! A block's new checksum is written before the block, next to the one it replaces, so a process
//! that is killed between the two leaves a block that has one of them; once the file is synced,
//! only the new one counts. The checksums are not synced: what was written is there as long as the
//! machine was not started anew, which the disk's *boot* tells. After a power failure the checksums say nothing until the file is closed in peace, when
//! both files are synced; redb's own checksums stand then, as ever.

use std::{
    collections::BTreeSet,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::host::disk::{Boot, DiskFile};

/// What one checksum covers, in bytes: a page of redb and of the kernel.
const BLOCK_LEN: usize = 4096;
/// The checksum of a block, the one it replaced, the block's number and the checksum of these
/// three, four bytes each. None lies across two pages, so a kill leaves each as it was or as it is
/// to be.
const PAIR_LEN: usize = 16;
/// How many blocks are read at once when all are: one mebibyte.
const BLOCKS_AT_ONCE: usize = 256;

const MAGIC: [u8; 16] = *b"gms log sums 1\n\0";
/// Magic, condition, boot, length, zeros, checksum.
const HEADER_LEN: usize = 64;
const HEADER_ZEROS: usize = HEADER_LEN - (16 + 1 + 16 + 8 + 4);

/// Why a log's file cannot be opened. It was not changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The disk failed.
    #[error(transparent)]
    Disk(io::Error),
    /// It is not what was written to it.
    #[error("{0}")]
    Damaged(String),
}

/// A file and the checksums of its blocks.
#[derive(Debug)]
pub struct Summed {
    file: Box<dyn DiskFile>,
    sums: Box<dyn DiskFile>,
    boot: Option<Boot>,
    /// Held while both files change, so that they change together.
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    len: u64,
    /// The checksum of each block, the last one filled up with zeros.
    blocks: Vec<u32>,
    /// Blocks for which the checksum they had before still counts.
    unsettled: BTreeSet<usize>,
    /// Something failed half way: the checksums are no longer sure.
    unsure: bool,
}

/// What the file of checksums says of itself.
#[derive(Debug, PartialEq, Eq)]
enum Condition {
    /// Blocks may have been written since this boot, unsynced.
    Open(Option<Boot>),
    /// It was closed in peace, at this length.
    Closed(u64),
}

impl Summed {
    /// Takes a file and its checksums into use, after verifying the one by the other where that
    /// can be. An empty file of checksums is made anew.
    pub fn open(
        file: Box<dyn DiskFile>,
        sums: Box<dyn DiskFile>,
        boot: Option<Boot>,
    ) -> Result<Self, OpenError> {
        let len = file.len().map_err(OpenError::Disk)?;
        let blocks = read_blocks(&*file, len).map_err(OpenError::Disk)?;
        if !sums.is_empty().map_err(OpenError::Disk)? {
            verify(&*sums, len, &blocks, boot)?;
        }
        let it =
            Self { file, sums, boot, known: Mutex::new(Known { len, blocks, ..Known::default() }) };
        it.begin().map_err(OpenError::Disk)?;
        Ok(it)
    }

    /// Makes both files durable and notes that they belong together, whatever happens to the
    /// machine.
    pub fn close(&self) -> io::Result<()> {
        let known = &mut *self.known();
        if known.unsure {
            return Ok(());
        }
        self.file.sync()?;
        self.settle(known)?;
        self.sums.sync()?;
        self.note(&Condition::Closed(known.len))
    }

    /// Writes all checksums and notes that blocks may change from now on.
    fn begin(&self) -> io::Result<()> {
        let known = self.known();
        let pairs = known.blocks.iter().enumerate();
        let pairs = pairs.flat_map(|(block, sum)| pair(block, *sum, *sum)).collect::<Vec<_>>();
        self.sums.write_at(HEADER_LEN as u64, &pairs)?;
        self.sums.set_len((HEADER_LEN + pairs.len()) as u64)?;
        self.sums.sync()?;
        self.note(&Condition::Open(self.boot))
    }

    fn note(&self, condition: &Condition) -> io::Result<()> {
        self.sums.write_at(0, &header(condition))?;
        self.sums.sync()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // What a panic left half done is in doubt, and says so by itself.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes blocks: first the checksums they will have, then the file.
    fn change(
        &self,
        known: &mut Known,
        first: usize,
        fresh: &[u32],
        change: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        let zeros = block_sum(&[]);
        let pairs = (first..).zip(fresh).flat_map(|(block, sum)| {
            pair(block, *sum, known.blocks.get(block).copied().unwrap_or(zeros))
        });
        let pairs = pairs.collect::<Vec<_>>();
        let changed = self
            .sums
            .write_at((HEADER_LEN + first * PAIR_LEN) as u64, &pairs)
            .and_then(|()| change());
        if let Err(error) = changed {
            known.unsure = true;
            // What the blocks hold now is not known. If even this fails they may be refused later.
            let _ = self.note(&Condition::Open(None));
            return Err(error);
        }
        let end = first + fresh.len();
        if known.blocks.len() < end {
            known.blocks.resize(end, zeros);
        }
        known.blocks[first..end].copy_from_slice(fresh);
        known.unsettled.extend(first..end);
        Ok(())
    }

    /// From now on only the present checksum of each block counts.
    fn settle(&self, known: &mut Known) -> io::Result<()> {
        for block in std::mem::take(&mut known.unsettled) {
            if let Some(sum) = known.blocks.get(block) {
                let at = (HEADER_LEN + block * PAIR_LEN) as u64;
                self.sums.write_at(at, &pair(block, *sum, *sum))?;
            }
        }
        Ok(())
    }

    fn resize(&self, known: &mut Known, len: u64) -> io::Result<()> {
        let blocks = usize::try_from(len).map_err(io::Error::other)?.div_ceil(BLOCK_LEN);
        let (first, fresh) = if len < known.len && blocks > 0 {
            let mut last = self.read_block(known.len, blocks - 1)?;
            last.truncate(
                usize::try_from(len).map_err(io::Error::other)? - (blocks - 1) * BLOCK_LEN,
            );
            (blocks - 1, vec![block_sum(&last)])
        } else {
            let first = known.blocks.len().min(blocks);
            (first, vec![block_sum(&[]); blocks - first])
        };
        self.change(known, first, &fresh, || self.file.set_len(len))?;
        known.blocks.truncate(blocks);
        known.len = len;
        self.sums.set_len((HEADER_LEN + blocks * PAIR_LEN) as u64)?;
        Ok(())
    }

    /// The content of a block as it is, without the zeros it is filled up with.
    fn read_block(&self, len: u64, block: usize) -> io::Result<Vec<u8>> {
        let start = (block * BLOCK_LEN) as u64;
        let there = usize::try_from(len.saturating_sub(start)).unwrap_or(BLOCK_LEN).min(BLOCK_LEN);
        let mut content = vec![0; there];
        if there > 0 {
            self.file.read_at(start, &mut content)?;
        }
        Ok(content)
    }
}

impl DiskFile for Summed {
    fn len(&self) -> io::Result<u64> {
        Ok(self.known().len)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file.read_at(offset, out)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        let known = &mut *self.known();
        if offset > known.len {
            self.resize(known, offset)?;
        }
        let start = usize::try_from(offset).map_err(io::Error::other)?;
        let end = start + bytes.len();
        let (first, last) = (start / BLOCK_LEN, (end - 1) / BLOCK_LEN);
        let mut fresh = Vec::with_capacity(last - first + 1);
        for block in first..=last {
            let (from, to) = (block * BLOCK_LEN, (block + 1) * BLOCK_LEN);
            if start <= from && to <= end {
                fresh.push(block_sum(&bytes[from - start..to - start]));
                continue;
            }
            let mut content = self.read_block(known.len, block)?;
            content.resize(BLOCK_LEN, 0);
            let (low, high) = (start.max(from), end.min(to));
            content[low - from..high - from].copy_from_slice(&bytes[low - start..high - start]);
            fresh.push(block_sum(&content));
        }
        self.change(known, first, &fresh, || self.file.write_at(offset, bytes))?;
        known.len = known.len.max(end as u64);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.resize(&mut self.known(), len)
    }

    fn sync(&self) -> io::Result<()> {
        let known = &mut *self.known();
        self.file.sync()?;
        self.settle(known)
    }
}

/// Whether a file's blocks are those that were written, as far as the checksums can tell.
fn verify(
    sums: &dyn DiskFile,
    len: u64,
    blocks: &[u32],
    boot: Option<Boot>,
) -> Result<(), OpenError> {
    let damaged = |why: &str| Err(OpenError::Damaged(why.to_owned()));
    let its_sums = |what: &str| damaged(&format!("the file of its checksums, log.sums, {what}"));
    let mut bytes = vec![0; usize::try_from(sums.len().map_err(OpenError::Disk)?).unwrap_or(0)];
    sums.read_at(0, &mut bytes).map_err(OpenError::Disk)?;
    let Some((head, pairs)) = bytes.split_first_chunk::<HEADER_LEN>() else {
        return its_sums("is cut short");
    };
    let closed = match read_header(head) {
        None => return its_sums("is not as it was written"),
        Some(Condition::Open(then)) if then.is_none() || then != boot => return Ok(()),
        Some(Condition::Open(_)) => None,
        Some(Condition::Closed(len)) => Some(len),
    };
    if let Some(closed) = closed.filter(|closed| *closed != len) {
        return damaged(&format!("it has {len} bytes of {closed} that it was closed with"));
    }
    let (pairs, rest) = pairs.as_chunks::<PAIR_LEN>();
    if !rest.is_empty() || pairs.len() < blocks.len() {
        return its_sums("is cut short");
    }
    for (block, bytes) in pairs.iter().enumerate() {
        let Some((fresh, former)) = read_pair(block, bytes) else {
            return its_sums("is not as it was written");
        };
        // A file that is about to grow has more checksums than blocks.
        let Some(sum) = blocks.get(block) else { continue };
        if *sum != fresh && (closed.is_some() || *sum != former) {
            return damaged(&format!(
                "its bytes from {} to {} are not as they were written (or log.sums is not)",
                block * BLOCK_LEN,
                (block + 1) * BLOCK_LEN - 1
            ));
        }
    }
    Ok(())
}

fn read_blocks(file: &dyn DiskFile, len: u64) -> io::Result<Vec<u32>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    while at < len {
        let piece = (len - at).min((BLOCKS_AT_ONCE * BLOCK_LEN) as u64);
        let mut bytes = vec![0; usize::try_from(piece).map_err(io::Error::other)?];
        file.read_at(at, &mut bytes)?;
        blocks.extend(bytes.chunks(BLOCK_LEN).map(block_sum));
        at += piece;
    }
    Ok(blocks)
}

/// The checksum of a block, filled up with zeros.
fn block_sum(content: &[u8]) -> u32 {
    const ZEROS: [u8; BLOCK_LEN] = [0; BLOCK_LEN];
    crc32c::crc32c_append(crc32c::crc32c(content), &ZEROS[content.len()..])
}

fn pair(block: usize, fresh: u32, former: u32) -> [u8; PAIR_LEN] {
    // The number only tells apart what stands in the wrong place; it may wrap.
    #[expect(clippy::cast_possible_truncation, reason = "as said")]
    let number = block as u32;
    let words = [fresh, former, number].map(u32::to_le_bytes);
    let sum = crc32c::crc32c(words.as_flattened()).to_le_bytes();
    let mut bytes = [0; PAIR_LEN];
    bytes.copy_from_slice([words[0], words[1], words[2], sum].as_flattened());
    bytes
}

fn read_pair(block: usize, bytes: &[u8; PAIR_LEN]) -> Option<(u32, u32)> {
    let words = bytes.as_chunks::<4>().0;
    let (fresh, former) = (u32::from_le_bytes(*words.first()?), u32::from_le_bytes(*words.get(1)?));
    (pair(block, fresh, former) == *bytes).then_some((fresh, former))
}

fn header(condition: &Condition) -> Vec<u8> {
    let (mark, boot, len) = match condition {
        Condition::Open(boot) => (u8::from(boot.is_some()), boot.unwrap_or_default(), 0),
        Condition::Closed(len) => (2, Boot::default(), *len),
    };
    let zeros = [0; HEADER_ZEROS];
    let mut bytes = [&MAGIC[..], &[mark], &boot.0, &len.to_le_bytes(), &zeros].concat();
    bytes.extend_from_slice(&crc32c::crc32c(&bytes).to_le_bytes());
    bytes
}

fn read_header(bytes: &[u8; HEADER_LEN]) -> Option<Condition> {
    let (rest, sum) = bytes.split_last_chunk::<4>()?;
    let (rest, _) = rest.split_last_chunk::<HEADER_ZEROS>()?;
    let (rest, len) = rest.split_last_chunk::<8>()?;
    let (rest, boot) = rest.split_last_chunk::<16>()?;
    let (mark, magic) = rest.split_last()?;
    let covered = &bytes[..HEADER_LEN - sum.len()];
    if *magic != MAGIC || crc32c::crc32c(covered).to_le_bytes() != *sum {
        return None;
    }
    match mark {
        0 => Some(Condition::Open(None)),
        1 => Some(Condition::Open(Some(Boot(*boot)))),
        2 => Some(Condition::Closed(u64::from_le_bytes(*len))),
        _ => None,
    }
}
