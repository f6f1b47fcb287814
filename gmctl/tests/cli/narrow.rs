//! Filters, columns, times: what is left of a list, and how it is shown.

use serde_json::Value;

use crate::{fake::Fake, program::run};

fn lines(fake: &Fake, words: &[&str]) -> Vec<String> {
    let url = fake.url();
    let mut all = vec!["-e", url.as_str()];
    all.extend(words);
    let ran = run(&all);
    assert_eq!(ran.code, Some(0), "{words:?}: {ran:?}");
    ran.stdout.lines().map(str::to_owned).collect()
}

#[test]
fn every_list_can_be_filtered_ordered_and_cut() {
    let fake = Fake::start();
    for (words, names) in [
        (&["groups", "-f", "state:held"][..], &["payments"][..]),
        (&["groups", "-f", "-state:held suspects>0"], &["orders"]),
        (&["groups", "--sort", "-name", "--limit", "1"], &["payments"]),
        (&["nodes", "-f", "state:down | role:leader"], &["1", "3"]),
        (&["nodes", "-f", "error~refused"], &["3"]),
        (&["nodes", "--sort", "-id", "--limit", "2"], &["3", "2"]),
        (&["events", "-f", "kind:removed cause:silence"], &["44"]),
        (&["events", "-f", "group:payments -kind:removed"], &["42"]),
        (&["events", "--limit", "1"], &["45"]),
        (&["events", "--since", "2026-11-01T00:00:00Z"], &[]),
        (&["members", "payments", "-f", "id~-2$"], &["web-2"]),
        (&["members", "-f", "group:orders incarnation>42"], &["orders/web-2"]),
        (&["members", "payments", "-f", "state:suspect age>1s"], &["web-2"]),
        (&["members", "--sort", "-incarnation", "--limit", "1"], &["orders/web-2"]),
    ] {
        let mut all = words.to_vec();
        all.extend(["-o", "name"]);
        assert_eq!(lines(&fake, &all), names, "{words:?}");
    }
}

#[test]
fn who_asks_for_the_gone_is_told_that_no_list_has_them() {
    let fake = Fake::start();
    let ran = run(&["-e", &fake.url(), "members", "-f", "state:removed | state:left"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stderr.contains("gmctl events -f kind:removed"), "{ran:?}");
    let ran = run(&["-e", &fake.url(), "members", "-f", "state!=removed state:late"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran:?}");
}

#[test]
fn a_mistake_in_a_filter_is_pointed_at_before_anybody_is_asked() {
    let fake = Fake::start();
    for (words, shown) in [
        (
            ["members", "age>soon"],
            "error: filter, character 5: age takes a length of time: 5s, 50ms, 300us, 2m\n  \
             age>soon\n      ^\n  hint   gmctl help filters lists what can be asked\n",
        ),
        (
            ["nodes", "lag>1 rack:r7"],
            "error: filter, character 7: nodes have no \"rack\"; they have role state api peer \
             version error id node term leader applied matched lag monitored pings health rtt \
             fsync clock\n  \
             lag>1 rack:r7\n        ^\n  hint   gmctl help filters lists what can be asked\n",
        ),
    ] {
        let ran = run(&["-e", &fake.url(), words[0], "-f", words[1]]);
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(2), shown));
    }
    assert!(fake.asked().is_empty());
    let ran = run(&["-e", &fake.url(), "groups", "--sort", "size"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("there is away, members, name, suspects, view"), "{ran:?}");
}

#[test]
fn columns_are_picked_and_heads_left_out() {
    let fake = Fake::start();
    let of = |words: &[&str]| lines(&fake, words);
    assert_eq!(of(&["nodes", "--columns", "role,NODE", "--no-headers"])[0], "leader    1");
    assert_eq!(
        of(&["nodes", "--columns", "id,rtt_p99_us", "-o", "csv"]),
        ["id,rtt_p99_us", "1,1250", "2,1250", "3,1250"]
    );
    assert_eq!(of(&["groups", "--no-headers", "-o", "csv"]).len(), 2);
    let ran = run(&["-e", &fake.url(), "nodes", "--columns", "size"]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.starts_with("error: --columns: there is no column \"size\""), "{ran:?}");
}

#[test]
fn times_are_written_as_wished_and_csv_stays_exact() {
    let fake = Fake::start();
    let time = |words: &[&str]| {
        let mut all = vec!["events", "--columns", "time", "--no-headers", "--limit", "1"];
        all.extend(words);
        lines(&fake, &all).remove(0)
    };
    assert_eq!(time(&[]), "2026-09-21T14:13:20.000Z");
    assert!(time(&["--time", "rel"]).ends_with(" ago"));
    assert_eq!(time(&["--time", "rel", "-o", "csv"]), "2026-09-21T14:13:20.000Z");
}

#[test]
fn live_members_say_how_they_look() {
    let fake = Fake::start();
    let json = lines(&fake, &["members", "payments", "--live", "-o", "jsonl"]);
    let looks: Vec<Value> = json
        .iter()
        .map(|line| serde_json::from_str::<Value>(line).unwrap()["live"]["state"].clone())
        .collect();
    assert_eq!(looks, ["ok", "suspect"]);
}
