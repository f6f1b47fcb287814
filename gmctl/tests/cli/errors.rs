//! What gmctl says and how it exits when something fails.

use serde_json::Value;

use crate::{
    fake::Fake,
    program::{Nobody, gmctl, run},
};

#[test]
fn what_the_service_refuses_decides_the_exit_code() {
    let fake = Fake::start();
    let url = fake.url();
    for (words, code) in [
        ("members none", 3),
        ("why none a", 3),
        ("leave payments old", 7),
        ("join payments bad 10.0.0.1:1", 7),
        ("members lost --timeout 2s", 6),
        ("join slow a 10.0.0.1:1 --timeout 2s", 8),
        ("wait lost --count 1 --timeout 300ms", 8),
        ("wait payments --count 9 --timeout 300ms", 8),
        ("members payments --nonsense", 2),
        ("join payments", 2),
        ("join payments a b", 2),
        ("join payments a 1.1.1.1:1 --tag x=1 --tag x=2", 2),
        ("join payments a 1.1.1.1:1 --liveness ping", 2),
        ("members payments --context nowhere", 0),
        ("context use nowhere", 3),
        ("context rm nowhere", 3),
        ("node remove 4", 10),
    ] {
        let mut all: Vec<&str> = vec!["-e", &url];
        all.extend(words.split(' '));
        let ran = run(&all);
        assert_eq!(ran.code, Some(code), "{words}: {ran:?}");
        if code != 0 {
            assert_eq!(ran.stdout, "", "{words}");
            assert!(ran.stderr.starts_with("error: "), "{words}: {}", ran.stderr);
        }
    }
}

#[test]
fn three_lines_say_what_failed_whom_we_asked_and_what_to_do() {
    let fake = Fake::start();
    let url = fake.url();
    let ran = run(&["-e", &url, "members", "none"]);
    assert_eq!(
        ran.stderr,
        format!(
            "error: there is no group \"none\" \\u{{1b}}[31m\n  asked  {url} (node 2, revision 918)\n  \
             hint   gmctl groups lists what there is\n"
        )
    );
    let ran = run(&["-e", &url, "members", "none", "-o", "json"]);
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["exit"], "not_found");
    assert_eq!(error["exit_code"], 3);
    assert_eq!(error["problem"]["code"], "not_found");
    assert!(error["asked"].as_str().unwrap().contains(&url));
}

#[test]
fn nobody_there_is_unreachable_and_says_who_was_tried() {
    let nobody = Nobody::there();
    let url = nobody.url();
    for words in [["status"], ["nodes"], ["watch"]] {
        let mut all = vec!["-e", url.as_str(), "--timeout", "2s"];
        all.extend(words);
        let ran = run(&all);
        assert_eq!(ran.code, Some(5), "{words:?}: {ran:?}");
        assert!(ran.stderr.contains(&url), "{}", ran.stderr);
    }
    let ran = run(&["-e", &url, "check"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stdout.starts_with("GMS CRITICAL: "), "{ran:?}");
    assert_eq!(run(&["-e", &url, "doctor"]).code, Some(5));
    assert_eq!(run(&["-e", &url, "version", "--server"]).code, Some(5));
    assert_eq!(run(&["-e", "nonsense", "status"]).code, Some(2));
    assert_eq!(run(&["-e", "https://h:1", "status"]).code, Some(2));
}

#[test]
fn a_wrong_command_line_is_json_where_json_was_asked_for() {
    let ran = run(&["nodse", "-o", "json"]);
    assert_eq!(ran.code, Some(2));
    let error: Value = serde_json::from_str(&ran.stderr).unwrap();
    assert_eq!(error["exit"], "usage");
    assert!(error["error"].as_str().unwrap().contains("nodse"));
}

#[test]
fn contexts_name_clusters_and_the_flag_beats_them() {
    let fake = Fake::start();
    let nobody = Nobody::there();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("contexts.toml");
    let with = |words: &[&str]| {
        let output = gmctl().env("GMS_CONFIG", &file).args(words).output();
        crate::program::Ran::from(output.unwrap())
    };
    assert_eq!(with(&["context", "set", "lab", &fake.url()]).code, Some(0));
    assert_eq!(with(&["context", "set", "gone", &nobody.url()]).code, Some(0));
    assert_eq!(with(&["status"]).code, Some(0), "the first is current");
    assert_eq!(with(&["--context", "gone", "status"]).code, Some(5));
    assert_eq!(with(&["context", "use", "gone"]).code, Some(0));
    assert_eq!(with(&["status"]).code, Some(5));
    assert_eq!(with(&["-e", &fake.url(), "status"]).code, Some(0));
    let list = with(&["context", "ls", "-o", "json"]);
    let list: Value = serde_json::from_str(&list.stdout).unwrap();
    assert_eq!(list["current"], "gone");
    assert_eq!(with(&["context", "rm", "gone"]).code, Some(0));
    std::fs::write(&file, "nonsense").unwrap();
    assert_eq!(with(&["status"]).code, Some(2));
}

#[test]
fn writes_ask_the_service_for_what_the_flags_say() {
    let fake = Fake::start();
    let url = fake.url();
    let ran = run(&[
        "-e",
        &url,
        "join",
        "payments",
        "web-1",
        "10.0.0.7:8080",
        "--tag",
        "zone=a",
        "--liveness",
        "{\"kind\":\"http\",\"path\":\"/health\"}",
        "--hold",
        "30s",
        "--instance",
        "x",
        "--dry-run",
        "--if-view",
        "43",
    ]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // A dry run creates nothing, so only the life that it answers with tells a retry from a join.
    assert!(ran.stdout.contains("is in already"), "{ran:?}");
    let fresh = run(&["-e", &url, "join", "payments", "fresh", "10.0.0.7:8080", "--dry-run"]);
    assert!(fresh.stdout.contains("would be in"), "{fresh:?}");
    let asked = fake.asked().into_iter().find(|asked| asked.method == "POST").unwrap();
    assert_eq!(asked.path, "/v1/groups/payments/members?dry_run=true&if_view=43");
    assert_eq!(
        asked.body,
        serde_json::json!({
            "id": "web-1", "address": "10.0.0.7:8080", "tags": {"zone": "a"}, "hold": "30s",
            "instance": "x", "liveness": {"kind": "http", "path": "/health"},
        })
    );
    let ran = run(&["-e", &url, "leave", "payments", "web-1", "--incarnation", "42"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let asked = fake.asked().pop().unwrap();
    assert_eq!(
        asked.path,
        "/v1/groups/payments/members/web-1?incarnation=42&reason=by%20gmctl%20leave"
    );
    assert_eq!(run(&["-e", &url, "groups", "--consistency", "local"]).code, Some(0));
    let asked = fake.asked().pop().unwrap();
    assert_eq!(asked.path, "/v1/groups?consistency=local");
}
