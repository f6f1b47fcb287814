//! Lost packets: what goes into or comes out of a namespace, from or to whom, and how much of it.
//!
//! nftables and not tc/netem, because loss, whole or in part, is all that the scenarios ask of the
//! network, and nftables is in every kernel, which netem is not.

use std::{fmt::Write as _, net::SocketAddr, time::Duration};

use super::netns::{HUB, Namespace, feed};

/// Which way a packet goes, seen from the namespace with the rule.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Way {
    /// It comes in.
    In,
    /// It goes out.
    Out,
}

/// Packets that are lost.
#[derive(Debug, Clone)]
pub(crate) struct Loss {
    way: Way,
    /// The address on the other side, as nftables writes it.
    peer: String,
    percent: u32,
}

impl Loss {
    /// All packets this way, from or to these addresses (`10.77.1.1` or `10.77.1.1-10.77.1.9`).
    pub(crate) fn of(way: Way, peer: impl Into<String>) -> Self {
        Self { way, peer: peer.into(), percent: 100 }
    }

    /// All packets this way but those of the test itself.
    pub(crate) fn of_all(way: Way) -> Self {
        Self::of(way, format!("!= {HUB}"))
    }

    /// Only so many in a hundred, by chance.
    pub(crate) fn percent(self, percent: u32) -> Self {
        Self { percent, ..self }
    }

    /// Both ways.
    pub(crate) fn both(peer: &str) -> [Self; 2] {
        [Self::of(Way::In, peer), Self::of(Way::Out, peer)]
    }
}

impl Namespace {
    /// Loses these packets from now on, instead of those of the last call.
    pub(crate) fn lose(&self, losses: &[Loss]) {
        feed(self.command("nft").args(["-f", "-"]), &ruleset(losses));
    }

    /// Loses nothing.
    pub(crate) fn heal(&self) {
        self.lose(&[]);
    }

    /// Refuses every new connection from here to these addresses, as if nobody listened there. The
    /// kernel ends that by itself, so it never lasts longer.
    pub(crate) fn refuse_connections(&self, to: &[SocketAddr], lasting: Duration) {
        let millis = lasting.as_millis();
        let refused: Vec<String> =
            to.iter().map(|to| format!("{} . {} timeout {millis}ms", to.ip(), to.port())).collect();
        let refused = refused.join(", ");
        feed(
            self.command("nft").args(["-f", "-"]),
            &format!(
                "add table inet refusal\ndelete table inet refusal\ntable inet refusal {{\n \
                 set refused {{ type ipv4_addr . inet_service; flags timeout\n  \
                 elements = {{ {refused} }} }}\n \
                 chain output {{\n  type filter hook output priority -300\n  \
                 ip daddr . tcp dport @refused tcp flags & (fin|syn|rst|ack) == syn \
                 reject with tcp reset\n }}\n}}\n"
            ),
        );
    }

    /// Breaks every TCP connection with this end in the namespace and that peer: the kernel sends
    /// a reset to the one and gives an error to the other.
    pub(crate) fn reset_connections(&self, peer: &str) {
        super::netns::must(self.command("ss").args(["-K", "-t", "dst", peer]));
    }
}

/// The whole table, in one transaction.
fn ruleset(losses: &[Loss]) -> String {
    // Adding it first makes the deletion succeed whether it was there or not.
    let mut text =
        "add table inet hostile\ndelete table inet hostile\ntable inet hostile {\n".to_owned();
    for (hook, field, way) in [("input", "saddr", Way::In), ("output", "daddr", Way::Out)] {
        let _ = writeln!(text, " chain {hook} {{\n  type filter hook {hook} priority -300");
        for loss in losses.iter().filter(|loss| loss.way as u8 == way as u8) {
            let chance = match loss.percent {
                100 => String::new(),
                percent => format!("numgen random mod 100 < {percent} "),
            };
            let _ = writeln!(text, "  ip {field} {} {chance}drop", loss.peer);
        }
        text.push_str(" }\n");
    }
    text.push_str("}\n");
    text
}
