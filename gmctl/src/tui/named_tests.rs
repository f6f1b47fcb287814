//! The palette: what is named there need not be selected, and names are completed.

use super::{
    fixture::{Play, group, healthy, key, notice},
    place::Place,
    ui::Overlay,
};
use crate::tui::{
    dialog::{field::Field, purpose::Purpose},
    message::Effect,
};

fn purpose(play: &Play) -> &Purpose {
    match &play.app.ui.overlay {
        Some(Overlay::Form(form)) => &form.purpose,
        other => panic!("no form: {other:?}"),
    }
}

fn line(play: &Play) -> &str {
    match &play.app.ui.overlay {
        Some(Overlay::Palette(line, _)) => line.value(),
        other => panic!("no palette: {other:?}"),
    }
}

#[test]
fn whom_an_action_is_about_can_be_named() {
    let mut play = healthy();
    play.keys(":").types("members payments").keys("Enter");
    assert_eq!(play.app.ui.place, Place::Members(Some(group("payments"))));
    play.keys(":").types("filter id:m-0002").keys("Enter");
    play.app.settle();
    assert_eq!(play.app.rows.members.len(), 1);
    play.keys("1 :").types("why payments/m-0917").keys("Enter");
    assert_eq!(play.app.ui.place, Place::Why(key("payments", "m-0917")), "also who is gone");
    assert!(play.effects.iter().any(|effect| matches!(effect, Effect::AskWhy { .. })));
    play.keys("1 :").types("leave payments m-0001 m-0003").keys("Enter");
    assert_eq!(purpose(&play).title(), "LEAVE 2 members");
    play.keys("Esc :").types("drain payments/m-0001").keys("Enter");
    assert_eq!(purpose(&play).title(), "DRAIN m-0001 of payments");
    play.keys("Esc :").types("hold set search").keys("Enter");
    assert_eq!(purpose(&play).title(), "HOLD removals by silence in search");
    play.keys("Esc :").types("leader transfer --to 3").keys("Enter");
    assert_eq!(purpose(&play).title(), "TRANSFER leadership to node 3");
    play.keys("Esc :").types("join payments web-9 10.0.0.9:80").keys("Enter");
    let Some(Overlay::Form(form)) = &play.app.ui.overlay else { panic!("no form") };
    let values: Vec<&str> = form.fields.iter().map(Field::value).collect();
    assert_eq!(values, ["payments", "web-9", "10.0.0.9:80", "tcp", ""]);
    assert_eq!(form.focus, 4, "the first that is empty");
}

#[test]
fn a_name_that_means_nothing_is_said_to() {
    let mut play = healthy();
    for (text, why) in [
        ("members nowhere", "there is no group nowhere"),
        ("members a b", "members a b: "),
        ("leave payments", "which member of payments?"),
        ("leave payments m-9999", "m-9999 is no member of payments"),
        ("why payments m-0001 m-0002", "one member, not 2"),
        ("hold nowhere", "there is no group nowhere"),
        ("leader transfer 9", "there is no node 9"),
        ("node remove node-2", "give the node's number"),
        ("filter hold>soon", "length of time"),
        ("filter state:late", "one of ok suspect away held empty"),
    ] {
        play.keys("1 2 :").types(text).keys("Enter");
        assert!(notice(&play).contains(why), "{text}: {}", notice(&play));
        assert!(play.app.ui.overlay.is_none(), "{text}");
    }
}

#[test]
fn names_are_shown_and_completed() {
    let mut play = healthy();
    play.keys(":").types("leave pay").keys("Tab");
    assert_eq!(line(&play), "leave payments ");
    play.types("m-001").keys("Tab");
    assert_eq!(line(&play), "leave payments m-001", "three begin so");
    let screen = play.screen(120, 36);
    assert!(screen.contains("     m-0010 ") && screen.contains("     m-0012 "), "{screen}");
    assert!(!screen.contains("     m-0009 "), "{screen}");
    play.types("2").keys("Tab").types("m-0011 ");
    assert_eq!(line(&play), "leave payments m-0012 m-0011 ");
    let screen = play.screen(120, 36);
    assert!(!screen.contains("     m-0012 "), "named already: {screen}");
    play.keys("Esc :").types("leave payments m-0012 payments/m-0012 payments/m-0011");
    play.keys("Enter");
    assert!(play.screen(120, 36).contains("LEAVE 2 members"), "each once");
    play.keys("Esc :").types("why payments m-09").keys("Tab");
    assert_eq!(line(&play), "why payments m-0917 ", "who is just gone is asked about most");
    play.keys("Esc 2 :").types("sort g").keys("Tab Enter");
    assert!(play.screen(120, 36).contains("sorted by gone"));
}
