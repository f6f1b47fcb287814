//! What a shell is offered while it completes: the groups, members, nodes and contexts there are.
//!
//! The cluster is asked within [`BUDGET_DEFAULT`], or what [`BUDGET_VARIABLE`] says, with the flags that stand on the line already; what it said
//! is remembered for a few seconds, so that a second press of the key asks nobody. Whatever fails,
//! nothing is offered and nothing is said.

use std::{
    env,
    path::PathBuf,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use clap_complete::engine::{ArgValueCandidates, CompletionCandidate};
use directories::ProjectDirs;
use gms::{
    api::Consistency,
    client::{Client, Options},
    id::GroupId,
    span::Span,
};
use tokio::{runtime::Builder, time::timeout};

use crate::config::{
    cache::Memory,
    contexts::{ContextName, Contexts},
    endpoints, file,
};

/// The time for everything: longer, and the key feels dead.
const BUDGET_DEFAULT: Duration = Duration::from_millis(300);
/// The variable that gives more time, where the cluster is far.
pub(super) const BUDGET_VARIABLE: &str = "GMS_COMPLETE_TIMEOUT";
/// The file in the user's cache directory.
const REMEMBERED: &str = "completions.json";

/// The contexts of the configuration file.
pub fn contexts() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let (_, contexts) = surroundings();
        contexts.iter().map(|(name, _)| CompletionCandidate::new(name.to_string())).collect()
    })
}

/// The groups of the cluster.
pub fn groups() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(group_names().unwrap_or_default()))
}

/// The members of the group that stands on the line.
pub fn members() -> ArgValueCandidates {
    ArgValueCandidates::new(|| candidates(member_names().unwrap_or_default()))
}

/// The nodes of the cluster.
pub fn nodes() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        let names = ask("nodes", async |client| {
            let nodes = client.nodes().await.ok()?.value.nodes;
            Some(nodes.into_iter().map(|node| node.id.to_string()).collect())
        });
        candidates(names.unwrap_or_default())
    })
}

fn candidates(names: Vec<String>) -> Vec<CompletionCandidate> {
    names.into_iter().map(CompletionCandidate::new).collect()
}

fn group_names() -> Option<Vec<String>> {
    ask("groups", async |client| {
        let groups = client.groups().await.ok()?.value.groups;
        Some(groups.into_iter().map(|group| group.name.to_string()).collect())
    })
}

fn member_names() -> Option<Vec<String>> {
    let words: Vec<String> =
        env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let group = group_names()?.into_iter().find(|group| words.contains(group))?;
    let group: GroupId = group.parse().ok()?;
    ask(&format!("members of {group}"), async |client| {
        let view = client.group(&group).await.ok()?.value;
        Some(view.members.into_iter().map(|member| member.id.to_string()).collect())
    })
}

/// The answer of the cluster, or the one that was given to the same question a moment ago.
fn ask(
    name: &str,
    question: impl AsyncFnOnce(Client) -> Option<Vec<String>>,
) -> Option<Vec<String>> {
    let client = client()?;
    let nodes: Vec<String> = client.endpoints().iter().map(ToString::to_string).collect();
    let question_name = format!("{name} at {}", nodes.join(","));
    let file = ProjectDirs::from("", "", "gms").map(|dirs| dirs.cache_dir().join(REMEMBERED));
    let mut memory = file.as_deref().map(Memory::read).unwrap_or_default();
    if let Some(answer) = memory.get(&question_name, now_ms()) {
        return Some(answer);
    }
    let runtime = Builder::new_current_thread().enable_all().build().ok()?;
    let answer = runtime.block_on(async { timeout(budget(), question(client)).await });
    runtime.shutdown_background();
    let answer = answer.ok().flatten()?;
    memory.put(question_name, answer.clone(), now_ms());
    if let Some(file) = &file {
        memory.write(file);
    }
    Some(answer)
}

/// The time for everything; the default where the variable is not set or makes no sense.
fn budget() -> Duration {
    let wish = env::var(BUDGET_VARIABLE).ok().and_then(|text| text.parse::<Span>().ok());
    wish.map_or(BUDGET_DEFAULT, Duration::from)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

fn client() -> Option<Client> {
    let (line, contexts) = surroundings();
    let endpoints = match line.endpoints {
        Some(endpoints) => endpoints::parse(&[endpoints]).ok()?,
        None => endpoints::resolve(line.context.as_ref().or(contexts.current()), &contexts).ok()?.0,
    };
    let timeout = budget();
    let options =
        Options { timeout, connect_timeout: timeout / 2, consistency: Consistency::Local };
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
