//! [`Metrics`]: what this node counts, in Prometheus' text format.
//!
//! Counting takes no lock. What follows from the history is counted when somebody asks, so it
//! costs an unwatched node nothing; changes that history drops before anybody asks are not counted.

use std::{
    collections::BTreeMap,
    fmt::{Display, Write as _},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use gms::{api::GroupLiveness, evidence::Cause, id::Revision};

use super::route::{Operation, TABLE};
use crate::{
    membership::{journal::Happening, life::Ending, state::State},
    service::terms::Standing,
};

/// The media type of the text format.
pub const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Every status an answer can have; the last stands for any other.
const STATUSES: [u16; 19] =
    [200, 201, 204, 400, 404, 405, 409, 410, 412, 413, 415, 429, 431, 500, 503, 504, 304, 101, 0];

/// What the history tells.
#[derive(Debug, Default)]
struct Tally {
    counted: Revision,
    joins: u64,
    returns: u64,
    leaves: u64,
    elections: u64,
    removals: BTreeMap<Cause, u64>,
    away: BTreeMap<Cause, u64>,
}

/// The counters of the HTTP shell.
#[derive(Debug)]
pub struct Metrics {
    /// By line of the contract (the last is for no path of ours), then by status.
    requests: Vec<AtomicU64>,
    /// Connections open now.
    pub connections: AtomicUsize,
    /// Connections refused because too many were open.
    pub refused: AtomicU64,
    /// Accepts that failed.
    pub accept_errors: AtomicU64,
    /// Handlers that panicked.
    pub panics: AtomicU64,
    /// Streams open now.
    pub watchers: Arc<AtomicUsize>,
    tally: Mutex<Tally>,
}

impl Default for Metrics {
    fn default() -> Self {
        let counters = (TABLE.len() + 1) * STATUSES.len();
        Self {
            requests: (0..counters).map(|_| AtomicU64::new(0)).collect(),
            connections: AtomicUsize::new(0),
            refused: AtomicU64::new(0),
            accept_errors: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            watchers: Arc::default(),
            tally: Mutex::default(),
        }
    }
}

impl Metrics {
    /// Counts an answered request; none for a path that is none of ours.
    pub fn count(&self, operation: Option<Operation>, status: u16) {
        let line = operation
            .and_then(|wanted| TABLE.iter().position(|row| row.operation == wanted))
            .unwrap_or(TABLE.len());
        let column =
            STATUSES.iter().position(|known| *known == status).unwrap_or(STATUSES.len() - 1);
        if let Some(counter) = self.requests.get(line * STATUSES.len() + column) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many streams are open now.
    pub fn watchers(&self) -> usize {
        self.watchers.load(Ordering::Relaxed)
    }

    /// Everything, as text.
    pub fn render(&self, state: &State, standing: &Standing, counts: &[GroupLiveness]) -> String {
        let mut page = Page::default();
        self.render_shell(&mut page);
        self.render_history(&mut page, state);
        render_state(&mut page, state, counts);
        render_standing(&mut page, standing);
        page.text
    }

    fn render_shell(&self, page: &mut Page) {
        page.begin("gms_http_requests_total", "counter", "Requests answered.");
        let names = TABLE.iter().map(|row| row.name).chain(["other"]);
        for (name, counters) in names.zip(self.requests.chunks(STATUSES.len())) {
            for (status, counter) in STATUSES.iter().zip(counters) {
                let count = counter.load(Ordering::Relaxed);
                if count > 0 {
                    page.line(&[("route", &name), ("status", status)], count);
                }
            }
        }
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        page.one(
            "gms_http_connections",
            "gauge",
            "Connections open now.",
            self.connections.load(Ordering::Relaxed),
        );
        page.one(
            "gms_http_connections_refused_total",
            "counter",
            "Connections refused because too many were open.",
            load(&self.refused),
        );
        page.one(
            "gms_http_accept_errors_total",
            "counter",
            "Accepts that failed.",
            load(&self.accept_errors),
        );
        page.one(
            "gms_http_panics_total",
            "counter",
            "Handlers that panicked; each is a bug.",
            load(&self.panics),
        );
        page.one("gms_watchers", "gauge", "Event streams open now.", self.watchers());
    }

    fn render_history(&self, page: &mut Page, state: &State) {
        let mut tally = self.tally.lock().unwrap_or_else(PoisonError::into_inner);
        tally.follow(state);
        let Tally { joins, returns, leaves, elections, removals, away, .. } = &*tally;
        page.one("gms_joins_total", "counter", "Lives let in.", joins);
        page.one("gms_leaves_total", "counter", "Lives ended by request.", leaves);
        page.begin("gms_removals_total", "counter", "Lives ended by verdict, by cause.");
        for (cause, count) in removals {
            page.line(&[("cause", &cause.as_str())], count);
        }
        page.begin(
            "gms_away_total",
            "counter",
            "Lives of static members ended with their place kept, by cause.",
        );
        for (cause, count) in away {
            page.line(&[("cause", &cause.as_str())], count);
        }
        let help = "Lives let into the place of a static member.";
        page.one("gms_returns_total", "counter", help, returns);
        page.one("gms_elections_total", "counter", "Terms that began.", elections);
    }
}

impl Tally {
    fn follow(&mut self, state: &State) {
        for record in state.journal().kept_after(self.counted) {
            match &record.what {
                Happening::View(delta) => {
                    self.joins += delta.joined.len() as u64;
                    let returned = delta.updated.iter().filter(|life| delta.is_new(life));
                    self.returns += returned.count() as u64;
                    for departure in &delta.departed {
                        match &departure.ending {
                            Ending::Left { .. } => self.leaves += 1,
                            Ending::Removed(evidence) => {
                                *self.removals.entry(evidence.cause).or_default() += 1;
                            }
                        }
                    }
                    for departure in &delta.away {
                        if let Ending::Removed(evidence) = &departure.ending {
                            *self.away.entry(evidence.cause).or_default() += 1;
                        }
                    }
                }
                Happening::Election { .. } => self.elections += 1,
                _ => {}
            }
        }
        self.counted = self.counted.max(state.revision());
    }
}

fn render_state(page: &mut Page, state: &State, counts: &[GroupLiveness]) {
    page.one("gms_groups", "gauge", "Groups there are.", state.group_count());
    page.one("gms_members", "gauge", "Members in all groups.", state.member_count());
    page.one(
        "gms_members_away",
        "gauge",
        "Static members that are away.",
        state.member_count() - state.present_count(),
    );
    page.begin("gms_members_by_band", "gauge", "Members by how alive they look from here.");
    let sum = |of: fn(&GroupLiveness) -> usize| counts.iter().map(of).sum::<usize>();
    for (band, count) in [
        ("ok", sum(|group| group.ok)),
        ("late", sum(|group| group.late)),
        ("suspect", sum(|group| group.suspect)),
        ("unknown", sum(|group| group.unknown)),
    ] {
        page.line(&[("band", &band)], count);
    }
    page.one(
        "gms_monitors_epoch",
        "gauge",
        "Changes of the set of nodes that watch members.",
        state.monitors().epoch,
    );
    page.one("gms_monitors", "gauge", "Nodes fit to watch members.", state.monitors().nodes.len());
}

fn render_standing(page: &mut Page, standing: &Standing) {
    let build = env!("CARGO_PKG_VERSION");
    page.begin("gms_build_info", "gauge", "The program's version.");
    page.line(&[("version", &build), ("node", &standing.node)], 1);
    page.one(
        "gms_uptime_seconds",
        "gauge",
        "How long this process runs.",
        standing.uptime_ms / 1000,
    );
    page.one("gms_raft_term", "gauge", "The term of this node.", standing.term);
    page.one(
        "gms_raft_applied",
        "gauge",
        "The last revision this node has applied.",
        standing.revision,
    );
    page.begin("gms_raft_role", "gauge", "This node's part in Raft.");
    page.line(&[("role", &standing.role.as_str())], 1);
    page.one(
        "gms_has_leader",
        "gauge",
        "Whether this node knows a leader.",
        u8::from(standing.leader.is_some()),
    );
    page.one(
        "gms_is_leader",
        "gauge",
        "Whether this node is the leader.",
        u8::from(standing.leader == Some(standing.node)),
    );
    page.one(
        "gms_has_quorum",
        "gauge",
        "Whether a leader with a quorum was heard lately.",
        u8::from(standing.quorum.ok),
    );
    page.one("gms_ready", "gauge", "Whether this node is ready.", u8::from(standing.ready));
}

/// A page in the text format.
#[derive(Default)]
struct Page {
    text: String,
    name: &'static str,
}

impl Page {
    fn begin(&mut self, name: &'static str, kind: &str, help: &str) {
        self.name = name;
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    /// Labels are words of ours; none needs escaping.
    fn line(&mut self, labels: &[(&str, &dyn Display)], value: impl Display) {
        self.text.push_str(self.name);
        for (n, (label, of)) in labels.iter().enumerate() {
            let _ = write!(self.text, "{}{label}=\"{of}\"", if n == 0 { '{' } else { ',' });
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(self.text, "{end} {value}");
    }

    fn one(&mut self, name: &'static str, kind: &str, help: &str, value: impl Display) {
        self.begin(name, kind, help);
        self.line(&[], value);
    }
}
