//! Every scenario, and whose trouble it re-enacts.

use std::pin::Pin;

use super::{clock, cuts, deaths, kinds, loss, restarts, stalls, strangers};
use crate::netns::Network;

/// One scenario.
pub(crate) struct Scenario {
    /// Its name, by which it can be chosen.
    pub(crate) name: &'static str,
    /// Where it comes from.
    pub(crate) from: &'static str,
    /// Plays it, and tells its figures.
    pub(crate) play: fn(Network) -> Playing,
}

/// A scenario under way.
pub(crate) type Playing = Pin<Box<dyn Future<Output = String>>>;

macro_rules! scenario {
    ($name:literal, $from:literal, $play:path) => {
        Scenario { name: $name, from: $from, play: |network| Box::pin($play(network)) }
    };
}

/// Every scenario, the longest first.
pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!("monitor_stalled", "Lifeguard", stalls::follower),
    scenario!("leader_stalled", "Lifeguard, etcd 15247", stalls::leader),
    scenario!("lossy_monitor", "one-way loss", loss::monitor),
    scenario!("flip_flop", "Rapid figure 9", loss::flip_flop),
    scenario!("monitor_starved", "Lifeguard", stalls::starved),
    scenario!("monitor_cut_in_quorum", "Kubernetes 28832", cuts::monitor_in_quorum),
    scenario!("two_nodes_cut_from_some", "quorum side", cuts::two_nodes_from_some),
    scenario!("lossy_members", "Rapid figure 10", loss::members),
    scenario!("stream_member", "proxies that restart", kinds::stream_member),
    scenario!("static_member", "Kafka KIP-345", kinds::static_member),
    scenario!("one_edge_black_holed", "Rapid figure 12", cuts::one_edge),
    scenario!("all_cut_from_all", "Kubernetes 24597", cuts::all_from_all),
    scenario!("two_of_three_stalled", "Lifeguard", stalls::two_of_three),
    scenario!("clock_stepped", "Jepsen clock", clock::stepped),
    scenario!("all_nodes_killed", "restart of everything", restarts::all_nodes),
    scenario!("rolling_restart", "an upgrade", restarts::rolling),
    scenario!("member_restarted_at_once", "Akka QuickRestart", restarts::member),
    scenario!("leader_killed_in_mass_crash", "etcd failures", deaths::leader_in_mass_crash),
    scenario!("monitor_killed", "Nacos 1873", deaths::monitor),
    scenario!("ten_killed_at_once", "Rapid figure 8", deaths::ten_at_once),
    scenario!("power_off", "Rapid figure 8", deaths::power_off),
    scenario!("many_killed_at_one_socket", "a crash of a host", deaths::many_at_one_socket),
    scenario!("streams_reset", "proxies that reset", strangers::streams_reset),
    scenario!("impostor_on_the_port", "another process takes the port", strangers::impostor),
    scenario!("two_processes_one_name", "Kafka KIP-345", strangers::two_processes),
];
