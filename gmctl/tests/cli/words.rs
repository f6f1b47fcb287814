//! Every error message as it is read aloud: what failed, whom we asked, what to do. A change of a word
//! shows in the review of the snapshot.

use crate::{
    fake::Fake,
    program::{Nobody, gmctl, run_with_input},
};

#[test]
fn every_message_says_what_failed_and_what_to_do() {
    let fake = Fake::start();
    let no_node = Nobody::there();
    let (url, nobody) = (fake.url(), no_node.url());
    let directory = tempfile::tempdir().unwrap();
    let inside = |name: &str, text: &str| {
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let broken = inside("broken.toml", "current = 3");
    let cut = inside("notes.txt", "dear diary\nnothing\n");
    let newer = inside("newer.jsonl", "{\"event\":\"tape\",\"version\":9,\"gmctl\":\"9.0.0\"}\n");
    let there = inside("there.jsonl", "");
    let folder = directory.path().display().to_string();
    inside("keys.toml", "\"C-x\" = \"leave\"\n");
    let mut told = String::new();
    for line in [
        "members none",
        "members paymnts",
        "why none web-1",
        "hold set payments --for 30m --reason x --dry-run -q",
        "members lost --timeout 2s",
        "join slow a 10.0.0.1:1 --timeout 2s",
        "leave payments old",
        "leave paymnts web-1",
        "hold clear paymnts",
        "leave payments",
        "leave -f ''",
        "leave payments -f id:web-1",
        "drain payments",
        "drain -f ''",
        "why payments web-9 --at 5",
        "why payments web-1 --at soon",
        "watch payments -f age>5s",
        "leave payments -f id:web-1 --if-view 7",
        "leave - --yes --request-id x",
        "join payments",
        "join payments a 1.1.1.1:1 --tag x=1 --tag x=2",
        "groups -f 'state:ok ('",
        "groups -f size:1",
        "groups --sort size",
        "nodes --columns id,size",
        "events --since yesterday",
        "wait payments --gone",
        "wait payments --count 9 --timeout 300ms",
        "wait payments/web-9 --timeout 300ms",
        "wait node/9 --timeout 300ms",
        "watch payments --until suspects:0",
        "check --warn 3",
        "node remove 4",
        "leave payments web-1 --readonly",
        "status --context nowhere",
        "context use nowhere",
        "help nonsense",
        "replay FOLDER/none.jsonl",
        &format!("replay {cut}"),
        &format!("report {newer}"),
        &format!("record {there}"),
        &format!("status --config {broken}"),
        "diff",
        "members -o xml",
        "nodse",
        "status -e NOBODY",
        "config check --config FOLDER/contexts.toml",
        "status -e https://h:1",
    ] {
        let typed = line.replace("FOLDER", &folder).replace("NOBODY", &nobody);
        let mut command = gmctl();
        let is_own =
            ["status -e", "status --co", "context"].iter().any(|own| line.starts_with(own));
        if !is_own {
            command.env("GMS_ENDPOINTS", &url);
        }
        let words = typed.split(' ').map(|word| if word == "''" { "" } else { word });
        let words: Vec<String> = join_quotes(words);
        let output = command.args(&words).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let shown =
            stderr.replace(&url, "URL").replace(&nobody, "NOBODY").replace(&folder, "FOLDER");
        assert!(!shown.contains('\u{1b}'), "{line}");
        assert_ne!(output.status.code(), Some(70), "{line}: {shown}");
        let line = line.replace(&folder, "FOLDER");
        let code = output.status.code().unwrap();
        told.extend(["$ gmctl ", &line, "\n", &shown, "-> ", &code.to_string(), "\n\n"]);
    }
    insta::assert_snapshot!("messages", told);
}

/// Words between single quotes are one.
fn join_quotes<'a>(words: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut joined: Vec<String> = Vec::new();
    let mut is_open = false;
    for word in words {
        let clean = word.replace('\'', "");
        match joined.last_mut() {
            Some(last) if is_open => *last = format!("{last} {clean}"),
            _ => joined.push(clean),
        }
        if word.matches('\'').count() % 2 == 1 {
            is_open = !is_open;
        }
    }
    joined
}

#[test]
fn lines_of_a_batch_are_named_in_its_messages() {
    let fake = Fake::start();
    let input = "{\"group\":\"payments\",\"id\":\"a\"}\n[]\n{\"group\":\"a b\"}\n";
    let ran = run_with_input(&["-e", &fake.url(), "join", "-"], input);
    insta::assert_snapshot!("batch", format!("{}-> {}", ran.stderr, ran.code.unwrap()));
}
