//! `gmctl doctor`: is the fault here, on the way, or there? Looks at this terminal, the
//! configuration and every endpoint on its own, and says what to do about each finding.

use std::env;

use clap::Args;
use futures_util::future::join_all;
use gms::{
    answer::{Answer, ClientError},
    api::{Quorum, Status},
    client::Client,
    endpoint::Endpoint,
};
use serde::Serialize;

use crate::{
    cli::{base::console::Console, own::version::VERSION},
    error::Failure,
    exit::Exit,
    output::{
        human,
        page::Page,
        style::{Role, Style},
        table::{Cell, Column, Table},
    },
};

/// Look at this terminal, the configuration and every endpoint
#[derive(Debug, Args)]
#[command(after_help = "\
Impact: read

The exit code is 5 when no endpoint answers, 6 when none has a leader and a quorum, 1 when something
else is wrong, 0 otherwise, warnings included.

Examples:
  gmctl doctor
  gmctl doctor -e 10.0.0.1:12380 -o json")]
pub struct DoctorArgs {}

const QUORUM_HINT: &str = "too few nodes are in touch; see gmctl nodes --consistency local";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    Ok,
    Warning,
    Wrong,
}

/// One thing looked at.
#[derive(Debug, Serialize)]
struct Finding {
    name: String,
    level: Level,
    text: String,
    hint: Option<&'static str>,
}

impl Finding {
    fn ok(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), level: Level::Ok, text: text.into(), hint: None }
    }

    fn bad(
        level: Level,
        name: impl Into<String>,
        text: impl Into<String>,
        hint: &'static str,
    ) -> Self {
        Self { level, hint: Some(hint), ..Self::ok(name, text) }
    }
}

#[derive(Debug, Serialize)]
struct Report {
    findings: Vec<Finding>,
}

/// Looks and prints.
pub async fn run(_: &DoctorArgs, console: &mut Console) -> Result<Exit, Failure> {
    let mut findings = vec![Finding::ok("gmctl", format!("version {VERSION}"))];
    findings.extend(of_terminal(console));
    findings.push(of_contexts(console));
    let exit = match (console.endpoints(), console.client()) {
        (Ok((_, origin)), Ok(client)) => {
            findings.push(Finding::ok("endpoints", format!("from {origin}")));
            of_endpoints(&client, &mut findings).await
        }
        (Err(failure), _) | (_, Err(failure)) => {
            findings.push(Finding::bad(
                Level::Wrong,
                "endpoints",
                failure.what,
                "-e http://127.0.0.1:12380,22380,32380",
            ));
            Exit::Refused
        }
    };
    console.printer.page(&Report { findings })?;
    Ok(exit)
}

fn of_terminal(console: &Console) -> Vec<Finding> {
    let terminal = &console.terminal;
    let kind = env::var("TERM").unwrap_or_else(|_| "not set".to_owned());
    let size =
        terminal.columns.map_or("no terminal".to_owned(), |columns| format!("{columns} columns"));
    let mut findings = vec![Finding::ok(
        "terminal",
        format!(
            "stdout {size}, TERM {kind}, colour {}",
            if console.printer.style().colored { "on" } else { "off" }
        ),
    )];
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    let is_utf8 = locale.as_deref().is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    });
    let text = locale.unwrap_or_else(|| "not set".to_owned());
    findings.push(if is_utf8 {
        Finding::ok("locale", text)
    } else {
        Finding::bad(
            Level::Warning,
            "locale",
            format!("{text}: not UTF-8"),
            "if boxes look broken, use --ascii",
        )
    });
    findings
}

fn of_contexts(console: &Console) -> Finding {
    let path = console
        .config_path()
        .map_or("no home directory".to_owned(), |path| path.display().to_string());
    match console.contexts() {
        Ok(contexts) => {
            let number = human::count(contexts.iter().count(), "context");
            Finding::ok("contexts", format!("{number} in {path}"))
        }
        Err(failure) => Finding::bad(
            Level::Wrong,
            "contexts",
            failure.what,
            "mend the file, or name another with --config FILE",
        ),
    }
}

async fn of_endpoints(client: &Client, findings: &mut Vec<Finding>) -> Exit {
    let questions = client
        .endpoints()
        .iter()
        .map(|endpoint| async move { (endpoint, client.only(endpoint).status().await) });
    let mut answers: Vec<(&Endpoint, Answer<Status>)> = Vec::new();
    for (endpoint, result) in join_all(questions).await {
        match result {
            Ok(answer) => {
                findings.push(of_answer(endpoint, &answer));
                answers.push((endpoint, answer));
            }
            Err(why) => findings.push(Finding::bad(
                Level::Wrong,
                endpoint.to_string(),
                reason(&why),
                "is gmsd running there, and is this its client port?",
            )),
        }
    }
    let clusters: std::collections::BTreeSet<&str> =
        answers.iter().map(|(_, answer)| answer.value.cluster.as_str()).collect();
    if clusters.len() > 1 {
        let list: Vec<&str> = clusters.into_iter().collect();
        findings.push(Finding::bad(
            Level::Wrong,
            "cluster",
            format!("the endpoints belong to different clusters: {}", list.join(", ")),
            "name the nodes of one cluster only",
        ));
    }
    let has_quorum = answers.iter().any(|(_, a)| a.value.leader.is_some() && a.value.quorum.ok);
    let is_wrong = findings.iter().any(|finding| finding.level == Level::Wrong);
    match (answers.is_empty(), has_quorum, is_wrong) {
        (true, ..) => Exit::Unreachable,
        (_, false, _) => Exit::NoQuorum,
        (_, _, true) => Exit::Refused,
        _ => Exit::Ok,
    }
}

/// What was wrong with the only endpoint asked.
fn reason(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable { tried } | ClientError::Timeout { tried, .. } => {
            let reasons: Vec<&str> = tried.iter().map(|(_, why)| why.as_str()).collect();
            reasons.join("; ")
        }
        ClientError::Protocol { what, .. } => what.clone(),
        _ => error.to_string(),
    }
}

fn of_answer(endpoint: &Endpoint, answer: &Answer<Status>) -> Finding {
    let status = &answer.value;
    let micros = u64::try_from(answer.meta.elapsed.as_micros()).unwrap_or(u64::MAX);
    let text = format!(
        "node {}, {}, term {}, revision {}, version {}, answered in {}",
        status.node,
        status.role.as_str(),
        status.term,
        status.revision,
        status.version,
        human::round_trip(micros)
    );
    let name = endpoint.to_string();
    if status.leader.is_none() {
        Finding::bad(Level::Wrong, name, format!("{text}; knows no leader"), QUORUM_HINT)
    } else if !status.quorum.ok {
        let Quorum { voters, needed, reachable, .. } = &status.quorum;
        let touch = format!("in touch with {reachable} of {} voters, needs {needed}", voters.len());
        Finding::bad(Level::Wrong, name, format!("{text}; {touch}"), QUORUM_HINT)
    } else if status.version == VERSION {
        Finding::ok(name, text)
    } else {
        Finding::bad(Level::Warning, name, text, "its version differs from that of gmctl")
    }
}

impl Page for Report {
    type Item = Finding;

    fn items(&self) -> Vec<&Finding> {
        self.findings.iter().collect()
    }

    fn names(&self) -> Vec<String> {
        self.findings
            .iter()
            .filter(|finding| finding.level != Level::Ok)
            .map(|finding| finding.name.clone())
            .collect()
    }

    fn table(&self, _: &Style) -> Table {
        let mut table = Table::new(&[
            Column::new("CHECK"),
            Column::new("STATE"),
            Column::new("FINDING"),
            Column::new("HINT").priority(1),
        ]);
        for finding in &self.findings {
            let state = match finding.level {
                Level::Ok => Cell::new(Role::Good, "ok"),
                Level::Warning => Cell::new(Role::Warn, "warning"),
                Level::Wrong => Cell::new(Role::Bad, "wrong"),
            };
            table.row([
                (&finding.name).into(),
                state,
                (&finding.text).into(),
                finding.hint.unwrap_or("").into(),
            ]);
        }
        table
    }
}
