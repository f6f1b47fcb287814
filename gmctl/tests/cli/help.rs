//! The help of every verb, the manual, the completions.

use clap::{Command, CommandFactory as _, Parser as _, error::ErrorKind};
use gmctl::{
    cli::{own::help::ENVIRONMENT, tree::Cli},
    exit::TABLE,
};

use crate::program::run;

fn every(command: &Command, path: &[String], visit: &mut impl FnMut(&[String], &Command)) {
    visit(path, command);
    for child in command.get_subcommands() {
        let mut path = path.to_vec();
        path.push(child.get_name().to_owned());
        every(child, &path, visit);
    }
}

/// Splits a line as a shell would, with quotes and redirections but without variables.
fn words(line: &str) -> Vec<String> {
    let line = line.split(" > ").next().unwrap();
    let mut words = Vec::new();
    let mut word = String::new();
    let mut is_quoted = false;
    for c in line.chars() {
        match c {
            '\'' => is_quoted = !is_quoted,
            ' ' if !is_quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[test]
fn every_help_has_an_impact_and_examples_that_can_be_typed() {
    every(&Cli::command(), &[], &mut |path, command| {
        let name = path.join(" ");
        let after = command
            .get_after_help()
            .unwrap_or_else(|| panic!("{name}: nothing after the help"))
            .to_string();
        let (text, examples) = after.split_once("Examples:").expect(&name);
        if !path.is_empty() {
            let impact = text.lines().find(|line| line.starts_with("Impact: "));
            let impact = impact.unwrap_or_else(|| panic!("{name}: no impact"));
            let is_known = ["read", "write", "destructive", "local", "reads", "add writes"]
                .iter()
                .any(|word| impact.contains(word));
            assert!(is_known, "{name}: {impact}");
        }
        let mut number = 0;
        for example in examples.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let line = example.rsplit_once(" | ").map_or(example, |(_, last)| last);
            let line = if line.contains("gmctl") { line } else { example };
            let line = line.split(" | ").find(|part| part.contains("gmctl")).unwrap();
            let typed = words(line);
            assert_eq!(typed[0], "gmctl", "{name}: {example}");
            if let Err(error) = Cli::try_parse_from(&typed) {
                let is_help =
                    matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
                assert!(is_help, "{name}: {example}: {error}");
            }
            if !path.is_empty() {
                assert!(example.contains(&name), "{name}: {example}");
            }
            number += 1;
        }
        assert!(number > 0, "{name}: no example");
    });
}

#[test]
fn the_tree_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn the_exit_codes_in_the_help_are_those_of_the_table() {
    let ran = run(&["help", "exit-codes"]);
    assert_eq!(ran.code, Some(0));
    for row in TABLE {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(&format!("{} ", row.code)))
            .unwrap_or_else(|| panic!("no line for {}", row.code));
        assert!(line.contains(row.name) && line.contains(row.meaning), "{line}");
    }
}

#[test]
fn every_variable_of_a_flag_is_in_the_help_on_the_environment() {
    let ran = run(&["help", "environment"]);
    for (name, _) in ENVIRONMENT {
        assert!(ran.stdout.contains(name), "{name}");
    }
    for flag in Cli::command().get_arguments() {
        if let Some(name) = flag.get_env() {
            let name = name.to_str().unwrap();
            assert!(ENVIRONMENT.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}

#[test]
fn help_on_a_verb_is_its_own_help() {
    let by_word = run(&["help", "hold", "set"]);
    let by_flag = run(&["hold", "set", "--help"]);
    assert_eq!((by_word.code, by_flag.code), (Some(0), Some(0)));
    assert_eq!(by_word.stdout.trim(), by_flag.stdout.trim());
    assert!(run(&["help"]).stdout.contains("members"));
    assert_eq!(run(&["help", "nonsense"]).code, Some(2));
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let ran = run(&["completions", shell]);
        assert_eq!(ran.code, Some(0), "{shell}");
        for word in ["members", "--endpoint", "transfer"] {
            let word = if shell == "fish" { word.trim_start_matches('-') } else { word };
            assert!(ran.stdout.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn the_manual_has_a_page_for_every_verb() {
    let page = run(&["man"]);
    assert_eq!(page.code, Some(0));
    assert!(page.stdout.contains(".TH gmctl 1"), "{}", page.stdout);
    let directory = tempfile::tempdir().unwrap();
    let ran = run(&["man", directory.path().to_str().unwrap()]);
    assert_eq!(ran.code, Some(0));
    every(&Cli::command(), &["gmctl".to_owned()], &mut |path, _| {
        let name = path.join("-");
        let page =
            std::fs::read_to_string(directory.path().join(format!("{name}.1"))).expect(&name);
        assert!(page.contains(&format!(".TH {name} 1")), "{name}");
        assert!(page.contains("Examples:"), "{name}");
    });
}
