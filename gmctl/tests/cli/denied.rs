//! Read-only: every verb that writes is refused before it asks, and says what to do.

use std::{collections::BTreeSet, path::Path};

use clap::{Command, CommandFactory as _};
use gmctl::cli::tree::Cli;

use crate::{
    fake::Fake,
    program::{Nobody, Ran, gmctl},
};

/// Every leaf that writes to a cluster, as it is typed.
const WRITES: &[&str] = &[
    "join payments a 10.0.0.1:1",
    "join -",
    "leave payments web-1",
    "leave -f id:web-1 --yes",
    "leave - --yes",
    "run live --id a -- true",
    "client --id 1 --address 127.0.0.1:1",
    "groups create payments",
    "groups delete payments",
    "hold set payments --for 1m --reason x",
    "hold clear payments",
    "node add http://127.0.0.1:42379",
    "drain payments web-1",
    "node remove 4 --yes",
    "leader transfer --to 1",
];

fn leaves(command: &Command, path: &str, into: &mut BTreeSet<String>) {
    let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
    let impact = after.lines().find_map(|line| line.strip_prefix("Impact: ")).unwrap_or_default();
    let is_leaf = command.get_subcommands().next().is_none();
    if is_leaf && (impact.starts_with("write") || impact.starts_with("destructive")) {
        into.insert(path.trim().to_owned());
    }
    for child in command.get_subcommands() {
        leaves(child, &format!("{path} {}", child.get_name()), into);
    }
}

#[test]
fn the_list_has_every_verb_that_writes() {
    let mut all = BTreeSet::new();
    leaves(&Cli::command(), "", &mut all);
    assert!(all.len() >= 9, "{all:?}");
    for leaf in all {
        let is_tried = WRITES.iter().any(|words| words.starts_with(&format!("{leaf} ")));
        assert!(is_tried, "{leaf}");
    }
}

#[test]
fn nothing_is_written_where_writes_are_refused() {
    let fake = Fake::start();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("contexts.toml");
    let with = |words: &str, variable: Option<(&str, &str)>| {
        let mut command = gmctl();
        command.env("GMS_CONFIG", &file).envs(variable).args(words.split(' '));
        Ran::from(command.output().unwrap())
    };
    let url = fake.url();
    assert_eq!(with(&format!("context set prod {url} --protected"), None).code, Some(0));
    for words in WRITES {
        // What comes after -- belongs to the program.
        for (line, variable, said) in [
            (format!("-e {url} --readonly {words}"), None, "--readonly refuses"),
            (format!("-e {url} {words}"), Some(("GMS_READONLY", "1")), "GMS_READONLY refuses"),
            ((*words).to_owned(), None, "context prod is protected"),
        ] {
            let ran = with(&line, variable);
            assert_eq!(ran.code, Some(4), "{line}: {ran:?}");
            assert_eq!(ran.stdout, "", "{line}");
            assert!(ran.stderr.contains(said), "{line}: {ran:?}");
            assert!(ran.stderr.contains("  hint   "), "{line}: {ran:?}");
        }
    }
    assert!(fake.asked().iter().all(|asked| asked.method == "GET"), "{:?}", fake.asked());
    assert_eq!(with("leave payments web-1 --dry-run", None).code, Some(0));
    let asked = fake.asked().pop().unwrap();
    assert_eq!(
        asked.path,
        "/v1/groups/payments/members/web-1?reason=by%20gmctl%20leave&dry_run=true"
    );
    // Who sets its nodes anew does not lift the protection by the way.
    assert_eq!(with(&format!("context set prod {url}"), None).code, Some(0));
    assert_eq!(with("leave payments web-1", None).code, Some(4));
    assert_eq!(with("context unprotect prod", None).code, Some(0));
    assert_eq!(with("leave payments web-1", None).code, Some(0));
}

#[test]
fn settings_say_where_they_come_from() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("contexts.toml");
    std::fs::write(
        &file,
        "current = \"lab\"\n[defaults]\ntime = \"rel\"\n[context.lab]\nendpoints = [\"h:1\"]\ntimeout = \"7s\"\n",
    )
    .unwrap();
    let show = |words: &[&str]| {
        let mut command = gmctl();
        command.env("GMS_CONFIG", &file).env("GMS_CONSISTENCY", "local");
        let ran =
            Ran::from(command.args(["config", "show", "-o", "csv"]).args(words).output().unwrap());
        assert_eq!(ran.code, Some(0), "{ran:?}");
        ran.stdout
    };
    let text = show(&["--color", "never"]);
    for line in [
        "context,lab,configuration file",
        "endpoints,http://h:1,context lab",
        "timeout,7s,context lab",
        "time,rel,configuration file",
        "consistency,local,environment",
        "color,never,flag",
        "connect_timeout,1s,default",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
    assert!(show(&["-e", "h:2"]).contains("endpoints,http://h:2,flag\n"));
    std::fs::write(&file, "[context.a]\nendpoints = [\"https://h:1\"]\n").unwrap();
    let ran =
        Ran::from(gmctl().env("GMS_CONFIG", &file).args(["config", "check"]).output().unwrap());
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("context a: "), "{ran:?}");
}

/// What a shell is offered for these words, with what `cache` remembers.
fn offered(url: &str, cache: &Path, words: &[&str]) -> Vec<String> {
    let mut command = gmctl();
    command.env("COMPLETE", "bash").env("_CLAP_IFS", "\n");
    command.env("_CLAP_COMPLETE_INDEX", (words.len()).to_string());
    command.args(["--", "gmctl"]).args(words).env("GMS_ENDPOINTS", url);
    command.env("XDG_CACHE_HOME", cache).env("GMS_COMPLETE_TIMEOUT", "30s");
    let ran = Ran::from(command.output().unwrap());
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{words:?}");
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn a_shell_is_offered_what_there_is_and_nothing_when_nobody_answers() {
    let fake = Fake::start();
    let cache = tempfile::tempdir().unwrap();
    let offered = |url: &str, words: &[&str]| offered(url, cache.path(), words);
    let url = fake.url();
    assert_eq!(offered(&url, &["members", "pay"]), ["payments"]);
    let mut words = vec!["why", "payments", ""];
    let members = offered(&url, &words);
    assert!(members.contains(&"web-1".to_owned()) && members.contains(&"web-2".to_owned()));
    words[1] = "nowhere";
    assert!(!offered(&url, &words).contains(&"web-1".to_owned()));
    let nodes = offered(&url, &["node", "remove", ""]);
    assert!(nodes.contains(&"3".to_owned()), "{nodes:?}");
    let nobody = Nobody::there();
    assert!(!offered(&nobody.url(), &["members", ""]).contains(&"payments".to_owned()));
}

#[test]
fn a_shell_is_offered_what_was_said_a_moment_ago() {
    let fake = Fake::start();
    let (url, cache) = (fake.url(), tempfile::tempdir().unwrap());
    assert_eq!(offered(&url, cache.path(), &["members", "pay"]), ["payments"]);
    let asked = fake.asked().len();
    assert_eq!(offered(&url, cache.path(), &["members", "pay"]), ["payments"]);
    assert_eq!(fake.asked().len(), asked, "nobody is asked twice in a row");
}
