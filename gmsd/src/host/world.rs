//! [`Host`]: everything a node takes from the machine it runs on, in one value that is cheap to
//! clone.
//!
//! A host is either [`Host::real`] or put together from other parts: a simulation gives its own
//! network, disk and entropy, and asks for [`Blocking::Inline`], because threads have no place in
//! simulated time.

use std::sync::Arc;

use super::{
    clock::Clock,
    disk::Disk,
    entropy::{Entropy, OsEntropy},
    net::Net,
    real_disk::RealDisk,
    real_net::RealNet,
};

/// Where work that blocks on the disk is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocking {
    /// On threads made for it; the runtime goes on meanwhile.
    Threads,
    /// Where it is asked for: deterministic, for simulated disks that never wait.
    Inline,
}

/// The machine as a node sees it.
#[derive(Debug, Clone)]
pub struct Host {
    /// Sockets.
    pub net: Arc<dyn Net>,
    /// Files.
    pub disk: Arc<dyn Disk>,
    /// Clocks.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where work that blocks on the disk is done.
    pub blocking: Blocking,
}

impl Host {
    /// The machine this process runs on.
    pub fn real() -> Self {
        Self {
            net: Arc::new(RealNet),
            disk: Arc::new(RealDisk),
            clock: Clock::system(),
            entropy: Arc::new(OsEntropy),
            blocking: Blocking::Threads,
        }
    }

    /// Does work that blocks on the disk where [`Host::blocking`] says, and waits for it.
    ///
    /// Needs a tokio runtime. A panic of the work is passed on; work that the runtime drops while
    /// it shuts down never returns.
    pub async fn run_blocking<T, F>(&self, work: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        match self.blocking {
            Blocking::Inline => work(),
            Blocking::Threads => match tokio::task::spawn_blocking(work).await {
                Ok(done) => done,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => std::future::pending().await,
                },
            },
        }
    }
}
