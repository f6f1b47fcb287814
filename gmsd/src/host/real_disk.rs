//! [`RealDisk`]: the files of this machine.
#![expect(clippy::disallowed_methods, clippy::disallowed_types, reason = "the door itself")]

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io,
    os::unix::fs::FileExt as _,
    path::Path,
};

use super::disk::{Boot, Disk, DiskFile, DiskLock};

/// Where Linux names the present boot, as 32 hexadecimal digits with dashes.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The files of this machine.
#[derive(Debug, Clone, Copy)]
pub struct RealDisk;

#[derive(Debug)]
struct RealFile(File);

/// The kernel drops the lock with the file's last handle, also when the process is killed.
#[derive(Debug)]
struct RealLock(#[expect(dead_code, reason = "held for the lock on it")] File);

impl DiskLock for RealLock {}

impl DiskFile for RealFile {
    fn len(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }

    fn read_at(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(out, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all_at(bytes, offset)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

impl Disk for RealDisk {
    fn create_dir_all(&self, path: &Path) -> io::Result<()> {
        if path.is_dir() {
            return Ok(());
        }
        if let Some(above) = path.parent().filter(|above| !above.as_os_str().is_empty()) {
            self.create_dir_all(above)?;
        }
        match fs::create_dir(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
            Ok(()) => match path.parent().filter(|above| !above.as_os_str().is_empty()) {
                Some(above) => self.sync_dir(above),
                None => Ok(()),
            },
        }
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            if let Ok(name) = entry?.file_name().into_string() {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
        Ok(Box::new(RealFile(file)))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        let dir = if dir.as_os_str().is_empty() { Path::new(".") } else { dir };
        File::open(dir)?.sync_all()
    }

    fn boot(&self) -> Option<Boot> {
        let text = fs::read_to_string(BOOT_ID).ok()?;
        let digits = text.trim().replace('-', "");
        u128::from_str_radix(&digits, 16).ok().map(|boot| Boot(boot.to_be_bytes()))
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn DiskLock>> {
        let file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path)?;
        match file.try_lock() {
            Ok(()) => Ok(Box::new(RealLock(file))),
            Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::disk::replace_file, *};

    #[test]
    fn a_replaced_file_has_the_new_content_and_leaves_nothing_aside() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        replace_file(&RealDisk, &path, b"one").unwrap();
        replace_file(&RealDisk, &path, b"two").unwrap();
        assert_eq!(RealDisk.read(&path).unwrap(), b"two");
        assert_eq!(RealDisk.list(dir.path()).unwrap(), ["identity"]);
    }

    #[test]
    fn a_lock_is_held_once_and_freed_with_its_guard() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let held = RealDisk.lock(&path).unwrap();
        assert_eq!(RealDisk.lock(&path).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        drop(held);
        RealDisk.lock(&path).unwrap();
    }

    #[test]
    fn reading_past_the_end_fails() {
        let dir = tempfile::tempdir().unwrap();
        let file = RealDisk.create(&dir.path().join("file")).unwrap();
        file.write_at(2, b"abc").unwrap();
        assert_eq!(file.len().unwrap(), 5);
        let mut out = [9; 5];
        file.read_at(0, &mut out).unwrap();
        assert_eq!(&out, b"\0\0abc");
        assert_eq!(file.read_at(1, &mut out).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
