//! One node of a demo: gmsd's own program in a process of this one.

use std::{ffi::OsString, path::Path, process::ExitCode};

use crate::demo::{lifeline, plan::NodePlan};

/// The hidden first argument of a node's process.
pub const ROLE: &str = "__node";

/// What gmsd is told.
pub fn arguments(node: &NodePlan, cluster: &[NodePlan], data_dir: &Path) -> Vec<OsString> {
    let urls: Vec<String> = cluster.iter().map(NodePlan::peer_url).collect();
    vec![
        "--id".into(),
        node.id.to_string().into(),
        "--cluster".into(),
        urls.join(",").into(),
        "--listen".into(),
        node.host.to_string().into(),
        "--port".into(),
        node.api_port.to_string().into(),
        "--data-dir".into(),
        data_dir.into(),
    ]
}

/// The whole life of a node's process.
pub fn main(arguments: Vec<OsString>) -> ExitCode {
    lifeline::hold(|_| {});
    let name = OsString::from("gmsd");
    gmsd::cli::run(std::iter::once(name).chain(arguments).collect())
}
