//! `--wait` of acts, what `-v` tells, and what a dry run says.

use crate::{
    fake::Fake,
    program::{Nobody, Ran, run},
};

fn call(fake: &Fake, line: &str) -> Ran {
    let url = fake.url();
    let mut all = vec!["-e", url.as_str()];
    all.extend(line.split(' '));
    run(&all)
}

#[test]
fn an_act_waits_for_what_it_is_about() {
    let fake = Fake::start();
    for (line, code, said) in [
        ("join payments web-1 10.0.0.7:8080 --wait", 0, ""),
        // The act stands whatever the wait comes to.
        (
            "join payments web-2 10.0.0.7:8080 --wait --wait-timeout 200ms",
            8,
            "payments/web-2 joined, and did not answer within 200ms",
        ),
        ("join payments web-9 10.0.0.7:8080 --wait", 1, "payments/web-9 joined and is gone again"),
        ("drain live gone --wait", 0, ""),
        (
            "drain payments web-1 --wait --wait-timeout 200ms",
            8,
            "payments/web-1 is draining, and did not leave within 200ms",
        ),
        (
            "node add http://127.0.0.1:42379 --wait --wait-timeout 200ms",
            8,
            "node 4 was added, and is no voter within 200ms",
        ),
    ] {
        let ran = call(&fake, line);
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        assert!(!ran.stdout.is_empty(), "{line}: the act itself is told");
        assert!(ran.stderr.contains(said), "{line}: {ran:?}");
        assert_eq!(code == 8, ran.stderr.contains("--wait-timeout gives more time"), "{ran:?}");
    }
}

#[test]
fn a_dry_run_and_many_acts_do_not_wait() {
    let fake = Fake::start();
    let ran = call(&fake, "drain payments web-1 --wait --wait-timeout 200ms --dry-run");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for line in [
        "join - --wait",
        "drain payments -f id:web-1 --wait --yes",
        "drain payments web-1 --undo --wait",
        "join payments web-1 10.0.0.7:8080 --wait-timeout 3s",
    ] {
        let ran = call(&fake, line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{line}: {ran:?}");
    }
}

#[test]
fn more_v_tell_more() {
    let fake = Fake::start();
    let url = fake.url();
    for line in [
        "groups",
        "join payments web-1 10.0.0.7:8080",
        "drain payments web-1",
        "leave payments web-1",
        "hold clear payments",
        "leader get",
        "leader transfer",
        "why payments web-1",
    ] {
        let quiet = call(&fake, line);
        assert_eq!((quiet.code, quiet.stderr.as_str()), (Some(0), ""), "{line}");
        let once = call(&fake, &format!("{line} -v"));
        assert_eq!(once.stdout, quiet.stdout, "{line}: stdout is data");
        let said = format!("{url} (node 2, revision 918) answered in ");
        assert!(once.stderr.starts_with(&said), "{line}: {once:?}");
        let twice = call(&fake, &format!("{line} -vv"));
        assert_eq!(twice.stdout, quiet.stdout, "{line}");
        let asked = fake.asked().pop().unwrap();
        let said = format!("{} {url}{}: 20", asked.method, asked.path);
        assert!(twice.stderr.contains(&said), "{line}: {said}: {twice:?}");
    }
    let nobody = Nobody::there();
    let endpoints = format!("{},{url}", nobody.url());
    let ran = run(&["-e", &endpoints, "groups", "-vv"]);
    let refused = ran.stderr.lines().find(|line| line.contains(&nobody.url())).unwrap();
    assert!(refused.contains("cannot connect"), "{ran:?}");
}

#[test]
fn a_member_that_lives_has_no_dry_run() {
    let fake = Fake::start();
    for line in
        ["run payments --id w --dry-run -- false", "client --id w --address 127.0.0.1:9 --dry-run"]
    {
        let ran = call(&fake, line);
        assert_eq!(ran.code, Some(2), "{line}: {ran:?}");
        assert!(ran.stderr.contains("has no dry run; nothing happened"), "{ran:?}");
    }
}

#[test]
fn a_dry_run_says_so_with_its_result_and_not_with_an_error() {
    const NOTE: &str = "dry run: nothing is changed";
    let fake = Fake::start();
    for (line, code) in [
        ("leave payments web-1 --dry-run", 0),
        ("drain payments -f id~web --dry-run", 0),
        ("hold clear payments --dry-run", 0),
        ("leave none web-1 --dry-run", 3),
        ("leave payments old --dry-run", 7),
        ("join payments bad 10.0.0.1:1 --dry-run", 7),
        ("drain payments -f id:nobody --dry-run", 0),
    ] {
        let ran = call(&fake, line);
        assert_eq!(ran.code, Some(code), "{line}: {ran:?}");
        let has_result = !ran.stdout.is_empty();
        assert_eq!(ran.stderr.matches(NOTE).count(), usize::from(has_result), "{line}: {ran:?}");
    }
}
