//! [`Waist`]: the service as the handlers need it, whoever gives it: a node's, or a test's.

use crate::service::{cluster::Cluster, reads::Reads, writes::Writes};

/// All calls of the service, cheap to clone.
pub trait Waist: Writes + Reads + Cluster + Clone + Send + Sync + 'static {}

impl<S: Writes + Reads + Cluster + Clone + Send + Sync + 'static> Waist for S {}
