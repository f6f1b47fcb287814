//! A wall clock that can be stepped under running processes, and under them alone.
//!
//! Setting the machine's clock would harm everything else on it, and time namespaces leave
//! `CLOCK_REALTIME` out. So a few lines of C, built when the test runs, stand between a process and
//! its clock, and add what a shared file says.

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use super::netns::feed;

const SHIM: &str = r#"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static int (*real)(clockid_t, struct timespec *);
static volatile int64_t *shift_ns;

__attribute__((constructor)) static void begin(void) {
  real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  const char *path = getenv("GMS_HOSTILE_CLOCK");
  int file = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (file < 0) return;
  void *page = mmap(0, sizeof *shift_ns, PROT_READ, MAP_SHARED, file, 0);
  close(file);
  if (page != MAP_FAILED) shift_ns = page;
}

int clock_gettime(clockid_t id, struct timespec *at) {
  if (!real) begin();
  int result = real(id, at);
  if (result == 0 && shift_ns && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE)) {
    int64_t ns = (int64_t)at->tv_sec * 1000000000 + at->tv_nsec + *shift_ns;
    at->tv_sec = ns / 1000000000;
    at->tv_nsec = ns % 1000000000;
  }
  return result;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int result = clock_gettime(CLOCK_REALTIME, &now);
  at->tv_sec = now.tv_sec;
  at->tv_usec = now.tv_nsec / 1000;
  return result;
}

time_t time(time_t *at) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
"#;

/// A wall clock of our own.
#[derive(Debug)]
pub(crate) struct WallClock {
    shift: File,
    environment: Vec<(String, String)>,
}

impl WallClock {
    /// Builds the shim in `dir`. The clock shows the true time at first.
    pub(crate) fn build(dir: &Path) -> Self {
        let library: PathBuf = dir.join("wall_clock.so");
        let path = dir.join("wall_clock.shift");
        let library_text = library.to_str().unwrap();
        feed(
            Command::new("cc").args([
                "-shared",
                "-fPIC",
                "-O1",
                "-x",
                "c",
                "-o",
                library_text,
                "-",
            ]),
            SHIM,
        );
        let shift = File::options().create_new(true).read(true).write(true).open(&path).unwrap();
        shift.write_all_at(&0_i64.to_ne_bytes(), 0).unwrap();
        let environment = vec![
            ("LD_PRELOAD".to_owned(), library_text.to_owned()),
            ("GMS_HOSTILE_CLOCK".to_owned(), path.to_str().unwrap().to_owned()),
        ];
        Self { shift, environment }
    }

    /// What a process that is to see this clock must find in its environment.
    pub(crate) fn environment(&self) -> &[(String, String)] {
        &self.environment
    }

    /// Steps it to so much after the true time, or before it.
    pub(crate) fn set(&self, shift: Duration, backwards: bool) {
        let ns = i64::try_from(shift.as_nanos()).unwrap();
        let ns = if backwards { -ns } else { ns };
        self.shift.write_all_at(&ns.to_ne_bytes(), 0).unwrap();
    }
}
