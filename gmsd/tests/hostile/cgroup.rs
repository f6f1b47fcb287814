//! A limit to the processor time of processes: a control group, of either version.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The kernel gives out processor time in portions of this, in microseconds.
const PERIOD_US: u32 = 100_000;

/// A control group. Dropping it sets its processes free.
#[derive(Debug)]
pub(crate) struct CpuLimit {
    dir: PathBuf,
}

impl CpuLimit {
    /// Where control groups for processor time are on this machine; an error says why nowhere.
    fn root() -> Result<(PathBuf, bool), String> {
        let unified = Path::new("/sys/fs/cgroup");
        let controllers = fs::read_to_string(unified.join("cgroup.subtree_control"));
        if controllers.is_ok_and(|list| list.split_whitespace().any(|name| name == "cpu")) {
            return Ok((unified.to_owned(), true));
        }
        for dir in ["/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct"] {
            let dir = Path::new(dir);
            if dir.join("cpu.cfs_quota_us").exists() || dir.join("cgroup.procs").exists() {
                return Ok((dir.to_owned(), false));
            }
        }
        Err("no control group limits processor time here".to_owned())
    }

    /// A group whose processes together get so many hundredths of one processor.
    pub(crate) fn create(name: &str, percent: u32) -> Result<Self, String> {
        let (root, unified) = Self::root()?;
        let dir = root.join(format!("gms-hostile-{}-{name}", std::process::id()));
        let text = |error: std::io::Error| format!("{}: {error}", dir.display());
        fs::create_dir(&dir).map_err(text)?;
        let limit = Self { dir: dir.clone() };
        let quota = PERIOD_US / 100 * percent;
        if unified {
            fs::write(dir.join("cpu.max"), format!("{quota} {PERIOD_US}")).map_err(text)?;
        } else {
            fs::write(dir.join("cpu.cfs_period_us"), PERIOD_US.to_string()).map_err(text)?;
            fs::write(dir.join("cpu.cfs_quota_us"), quota.to_string()).map_err(text)?;
        }
        Ok(limit)
    }

    /// Puts a process and all its threads in.
    pub(crate) fn add(&self, pid: u32) {
        fs::write(self.dir.join("cgroup.procs"), pid.to_string()).unwrap();
    }

    /// How often the kernel made them wait.
    pub(crate) fn times_throttled(&self) -> u64 {
        let text = fs::read_to_string(self.dir.join("cpu.stat")).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("nr_throttled "));
        line.and_then(|number| number.trim().parse().ok()).unwrap_or(0)
    }
}

impl Drop for CpuLimit {
    fn drop(&mut self) {
        let processes = fs::read_to_string(self.dir.join("cgroup.procs")).unwrap_or_default();
        let parent = self.dir.parent().map(|parent| parent.join("cgroup.procs"));
        for pid in processes.lines() {
            // One that ended meanwhile is out already.
            let _ = parent.as_ref().map(|parent| fs::write(parent, pid));
        }
        let _ = fs::remove_dir(&self.dir);
    }
}
