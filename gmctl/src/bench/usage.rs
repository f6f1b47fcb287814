//! What a process has used so far, as Linux tells it.

use std::{fs, time::Duration};

/// What a process has used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, its own and the kernel's for it.
    pub cpu: Duration,
    /// Memory it occupies now, in bytes.
    pub rss: u64,
}

/// Ticks a second in `/proc`, on every Linux for decades.
const TICKS: u64 = 100;

impl Usage {
    /// Of a running process; none where the system does not tell.
    pub fn of(pid: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        Self::read(&stat, &status)
    }

    fn read(stat: &str, status: &str) -> Option<Self> {
        // The name stands in brackets and may hold anything; the fields after it are numbered on.
        let (_, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let ticks: u64 =
            fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        let kib: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
        Some(Self { cpu: Duration::from_millis(ticks * 1000 / TICKS), rss: kib * 1024 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_confuses_nobody() {
        let stat = "7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 250 50 0 0 20 0 1 0 1 1 1";
        let status = "Name:\ta\nVmRSS:\t    2048 kB\nThreads:\t1\n";
        let usage = Usage { cpu: Duration::from_secs(3), rss: 2 << 20 };
        assert_eq!(Usage::read(stat, status), Some(usage));
        assert_eq!(Usage::read("7 a", status), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_uses_something() {
        assert!(Usage::of(std::process::id()).is_some_and(|usage| usage.rss > 0));
    }
}
