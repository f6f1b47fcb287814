//! What the checksums beside a file say after a crash, a power failure, a flip and a cut.

use std::{
    io,
    sync::{Arc, Mutex},
};

use proptest::prelude::*;

use super::summed::{OpenError, Summed};
use crate::host::disk::{Boot, DiskFile};

/// A file in memory that can be copied while it is open, which is what a crash leaves.
#[derive(Debug, Clone, Default)]
pub(super) struct MemoryFile(Arc<Mutex<Vec<u8>>>);

impl MemoryFile {
    pub(super) fn of(bytes: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(bytes)))
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

impl DiskFile for MemoryFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.lock().unwrap().len() as u64)
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let bytes = self.0.lock().unwrap();
        let found = bytes.get(start..start + out.len());
        out.copy_from_slice(found.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, new: &[u8]) -> io::Result<()> {
        let start = usize::try_from(offset).unwrap();
        let mut bytes = self.0.lock().unwrap();
        if bytes.len() < start + new.len() {
            bytes.resize(start + new.len(), 0);
        }
        bytes[start..start + new.len()].copy_from_slice(new);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.lock().unwrap().resize(usize::try_from(len).unwrap(), 0);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A machine that is not started anew.
pub(super) const BOOT: Boot = Boot([7; 16]);

fn open(file: &[u8], sums: &[u8], boot: Option<Boot>) -> Result<Summed, OpenError> {
    let (file, sums) = (MemoryFile::of(file.to_vec()), MemoryFile::of(sums.to_vec()));
    Summed::open(Box::new(file), Box::new(sums), boot)
}

/// A file of three blocks and a bit, last written in its second block; as it was before that
/// write, and its checksums after it.
fn written() -> [Vec<u8>; 3] {
    let (file, sums) = (MemoryFile::default(), MemoryFile::default());
    let summed = Summed::open(Box::new(file.clone()), Box::new(sums.clone()), Some(BOOT)).unwrap();
    summed.write_at(0, &[1; 3 * 4096 + 100]).unwrap();
    let before = file.bytes();
    summed.write_at(5000, &[2; 10]).unwrap();
    [before, file.bytes(), sums.bytes()]
}

#[test]
fn a_process_killed_between_the_checksum_and_the_block_finds_its_file_whole() {
    let [before, after, sums] = written();
    for file in [before, after] {
        open(&file, &sums, Some(BOOT)).unwrap();
    }
}

#[test]
fn once_synced_a_block_must_be_the_new_one() {
    let (file, sums) = (MemoryFile::default(), MemoryFile::default());
    let summed = Summed::open(Box::new(file.clone()), Box::new(sums.clone()), Some(BOOT)).unwrap();
    summed.write_at(0, &[1; 100]).unwrap();
    let before = file.bytes();
    summed.write_at(50, &[2]).unwrap();
    open(&before, &sums.bytes(), Some(BOOT)).unwrap();
    summed.sync().unwrap();
    open(&before, &sums.bytes(), Some(BOOT)).unwrap_err();
    open(&file.bytes(), &sums.bytes(), Some(BOOT)).unwrap();
}

#[test]
fn after_a_power_failure_the_checksums_say_nothing() {
    let [_, mut file, sums] = written();
    file[5] ^= 1;
    open(&file, &sums, Some(BOOT)).unwrap_err();
    open(&file, &sums, Some(Boot([8; 16]))).unwrap();
    open(&file, &sums, None).unwrap();
}

#[test]
fn a_file_closed_in_peace_is_verified_whatever_happened_to_the_machine() {
    let (file, sums) = (MemoryFile::default(), MemoryFile::default());
    let summed = Summed::open(Box::new(file.clone()), Box::new(sums.clone()), None).unwrap();
    summed.write_at(0, &[3; 9000]).unwrap();
    summed.close().unwrap();
    let (whole, sums) = (file.bytes(), sums.bytes());
    open(&whole, &sums, None).unwrap();
    for boot in [None, Some(BOOT)] {
        let mut bad = whole.clone();
        bad[8999] ^= 0x40;
        let refused = open(&bad, &sums, boot).unwrap_err().to_string();
        assert!(refused.contains("its bytes from 8192 to 12287"), "{refused}");
        let refused = open(&whole[..8192], &sums, boot).unwrap_err().to_string();
        assert!(refused.contains("it has 8192 bytes of 9000"), "{refused}");
    }
}

#[test]
fn checksums_that_are_damaged_themselves_are_refused_by_name() {
    let [_, file, sums] = written();
    for bit in 0..sums.len() * 8 {
        let mut bad = sums.clone();
        bad[bit / 8] ^= 1 << (bit % 8);
        let refused = open(&file, &bad, Some(BOOT)).unwrap_err().to_string();
        assert!(refused.contains("log.sums, is not as it was written"), "bit {bit}: {refused}");
    }
    for len in 1..sums.len() {
        let refused = open(&file, &sums[..len], Some(BOOT)).unwrap_err().to_string();
        assert!(refused.contains("log.sums, is cut short"), "{len}: {refused}");
    }
}

/// What redb may do to its file.
#[derive(Debug, Clone)]
enum Act {
    Write(u16, Vec<u8>),
    SetLen(u16),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let write = (0..40_000u16, prop::collection::vec(any::<u8>(), 1..9000))
        .prop_map(|(at, bytes)| Act::Write(at, bytes));
    prop::collection::vec(prop_oneof![write, (0..50_000u16).prop_map(Act::SetLen)], 1..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_written_opens_again_and_no_flip_of_it_does(
        acts in acts(),
        flip in any::<prop::sample::Index>(),
    ) {
        let (file, sums) = (MemoryFile::default(), MemoryFile::default());
        let summed =
            Summed::open(Box::new(file.clone()), Box::new(sums.clone()), Some(BOOT)).unwrap();
        for act in acts {
            match act {
                Act::Write(at, bytes) => summed.write_at(at.into(), &bytes).unwrap(),
                Act::SetLen(len) => summed.set_len(len.into()).unwrap(),
            }
            let whole = file.bytes();
            prop_assert_eq!(summed.len().unwrap(), whole.len() as u64);
            open(&whole, &sums.bytes(), Some(BOOT)).unwrap();
        }
        summed.close().unwrap();
        let mut bad = file.bytes();
        open(&bad, &sums.bytes(), None).unwrap();
        if !bad.is_empty() {
            let at = flip.index(bad.len());
            bad[at] ^= 0x20;
            open(&bad, &sums.bytes(), None).unwrap_err();
        }
    }
}
