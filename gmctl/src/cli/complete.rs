//! What a shell is offered while it completes: the groups, members, nodes and contexts there are.
//!
//! The cluster is asked within [`BUDGET`], with the flags that stand on the line already; whatever
//! fails, nothing is offered and nothing is said.

use std::{env, path::PathBuf, time::Duration};

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use gms::{
    api::Consistency,
    client::{Client, Options},
    id::GroupId,
};
use tokio::{runtime::Builder, time::timeout};

use crate::config::{
    contexts::{ContextName, Contexts},
    endpoints, file,
};

/// The time for everything: longer, and the key feels dead.
const BUDGET: Duration = Duration::from_millis(300);

/// The contexts of the configuration file.
pub fn contexts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let (_, contexts) = surroundings();
        contexts.iter().map(|(name, _)| CompletionCandidate::new(name.to_string())).collect()
    })
}

/// The groups of the cluster.
pub fn groups() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        ask(async |client| {
            let groups = client.groups().await.ok()?.value.groups;
            Some(groups.into_iter().map(|group| group.name.to_string()).collect())
        })
    })
}

/// The members of the group that stands on the line.
pub fn members() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        ask(async |client| {
            let groups = client.groups().await.ok()?.value.groups;
            let words: Vec<String> =
                env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
            let is_named = |group: &GroupId| words.iter().any(|word| word == group.as_str());
            let group = groups.into_iter().map(|group| group.name).find(is_named)?;
            let view = client.group(&group).await.ok()?.value;
            Some(view.members.into_iter().map(|member| member.id.to_string()).collect())
        })
    })
}

/// The nodes of the cluster.
pub fn nodes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        ask(async |client| {
            let nodes = client.nodes().await.ok()?.value.nodes;
            Some(nodes.into_iter().map(|node| node.id.to_string()).collect())
        })
    })
}

fn ask(question: impl AsyncFnOnce(Client) -> Option<Vec<String>>) -> Vec<CompletionCandidate> {
    let answer = || {
        let client = client()?;
        let runtime = Builder::new_current_thread().enable_all().build().ok()?;
        let answer = runtime.block_on(async { timeout(BUDGET, question(client)).await });
        runtime.shutdown_background();
        answer.ok().flatten()
    };
    answer().unwrap_or_default().into_iter().map(CompletionCandidate::new).collect()
}

fn client() -> Option<Client> {
    let (line, contexts) = surroundings();
    let endpoints = match line.endpoints {
        Some(endpoints) => endpoints::parse(&[endpoints]).ok()?,
        None => endpoints::resolve(line.context.as_ref().or(contexts.current()), &contexts).ok()?.0,
    };
    let options =
        Options { timeout: BUDGET, connect_timeout: BUDGET / 2, consistency: Consistency::Local };
    Client::new(endpoints, options).ok()
}

/// What the line and the environment say so far of whom to ask.
struct Line {
    endpoints: Option<String>,
    context: Option<ContextName>,
}

fn surroundings() -> (Line, Contexts) {
    let words: Vec<String> =
        env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let wish = |names: [&str; 2], variable: &str| {
        let variable = || env::var(variable).ok().filter(|value| !value.is_empty());
        flag(&words, names).or_else(variable)
    };
    let line = Line {
        endpoints: wish(["-e", "--endpoint"], "GMS_ENDPOINTS"),
        context: wish(["--context", "--context"], "GMS_CONTEXT").and_then(|name| name.parse().ok()),
    };
    let config = wish(["--config", "--config"], "GMS_CONFIG").map(PathBuf::from);
    let contexts = file::read(file::path(config.as_deref()).as_deref()).unwrap_or_default();
    (line, contexts)
}

/// The value of a flag, as its own word or behind `=`.
fn flag(words: &[String], names: [&str; 2]) -> Option<String> {
    words.iter().enumerate().find_map(|(at, word)| {
        if names.contains(&word.as_str()) {
            return words.get(at + 1).cloned();
        }
        let (name, value) = word.split_once('=')?;
        names.contains(&name).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_is_found_in_both_of_its_forms() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let names = ["-e", "--endpoint"];
        for (line, value) in [
            ("gmctl -e h:1 members", Some("h:1")),
            ("gmctl members --endpoint=h:1", Some("h:1")),
            ("gmctl members -e", None),
            ("gmctl members", None),
        ] {
            assert_eq!(flag(&words(line), names).as_deref(), value, "{line}");
        }
    }
}
