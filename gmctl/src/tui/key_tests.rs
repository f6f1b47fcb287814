//! Whom keys act on, and what they do with a mistake.

use gms::id::Revision;

use super::{
    dialog::{form::Stage, purpose::Purpose},
    fixture::{Play, group, healthy, id, last, notice},
    message::{Effect, Message},
    place::Place,
    request::{NotDone, Parting, Reply, Request},
    ui::Overlay,
};
use crate::model::{group::MemberKey, happening::Happening};

fn purpose(play: &Play) -> Option<&Purpose> {
    match &play.app.ui.overlay {
        Some(Overlay::Form(form)) => Some(&form.purpose),
        _ => None,
    }
}

fn in_trouble() -> Play {
    let mut play = healthy();
    play.trouble();
    play.app.settle();
    play
}

#[test]
fn a_write_under_way_can_be_left_and_what_becomes_of_it_is_told() {
    let lost = |outcome_unknown| NotDone { why: "no node answered".to_owned(), outcome_unknown };
    for (unknown, word) in [(true, "outcome unknown"), (false, "refused")] {
        let mut play = healthy();
        play.keys("2 P Enter");
        let Some(Effect::Ask { ticket, .. }) = play.effects.last().cloned() else { panic!() };
        assert!(play.screen(80, 24).contains("Esc leave it"));
        play.keys("Esc");
        assert!(play.app.ui.overlay.is_none());
        play.keys("3");
        assert!(matches!(play.app.ui.place, Place::Members(_)), "the keys are free again");
        play.keys("q");
        assert!(!play.effects.contains(&Effect::Quit) && notice(&play).contains("under way"));
        play.tell(Message::Answered(ticket, Err(lost(unknown))));
        let wanted = format!("HOLD removals by silence in payments: {word}: no node answered");
        assert_eq!(notice(&play), wanted);
        play.keys("Esc q");
        assert!(play.effects.contains(&Effect::Quit));
    }
}

#[test]
fn who_quits_twice_leaves_without_an_answer() {
    let mut play = healthy();
    play.keys("2 P Enter C-c");
    assert!(!play.effects.contains(&Effect::Quit) && notice(&play).contains("quit again"));
    play.later(5_000).keys("C-c");
    assert!(!play.effects.contains(&Effect::Quit), "that was long ago");
    play.keys("C-c");
    assert!(play.effects.contains(&Effect::Quit));
}

#[test]
fn of_a_leave_whose_answer_is_lost_nobody_knows() {
    let lost = NotDone { why: "no node answered".to_owned(), outcome_unknown: true };
    let refused = NotDone::from("fenced".to_owned());
    for (outcomes, told, not_told) in [
        (vec![("m-0001", &lost)], "outcome unknown: m-0001: no node", "nobody left"),
        (
            vec![("m-0001", &lost), ("m-0002", &refused)],
            "outcome unknown: 1 did not: m-0002: fenced; of 1 nobody knows: m-0001",
            "nobody left",
        ),
        (
            vec![("m-0001", &refused), ("m-0002", &refused)],
            "refused: nobody left; 2 did",
            "unknown",
        ),
    ] {
        let mut play = healthy();
        play.keys("3 X Enter");
        let Some(Effect::Ask { ticket, .. }) = play.effects.last().cloned() else { panic!() };
        let refused = outcomes.into_iter().map(|(who, why)| (id(who), why.clone())).collect();
        let parting = Parting { left: Vec::new(), refused };
        play.tell(Message::Answered(ticket, Ok(Reply::Left(parting).into())));
        let screen = play.screen(120, 36);
        assert!(screen.contains(told) && !screen.contains(not_told), "{screen}");
        let rehearsed = play.app.live.timeline.entries().last();
        assert!(!matches!(rehearsed.map(|it| &it.what), Some(Happening::Command(..))));
    }
}

#[test]
fn a_leave_that_nobody_took_part_in_is_written_down_whether_its_form_is_seen_or_not() {
    for leaves_form in [true, false] {
        let mut play = healthy();
        play.keys("3 X Enter");
        let parting = |left, refused| Reply::Left(Parting { left, refused });
        let fine = parting(vec![(id("m-0001"), Revision(9))], Vec::new());
        let Some(Effect::Ask { ticket, .. }) = play.effects.last().cloned() else { panic!() };
        play.tell(Message::Answered(ticket, Ok(fine.into()))).keys("y");
        let Some(Effect::Ask { ticket, dry_run: false, .. }) = play.effects.last().cloned() else {
            panic!("{:?}", play.effects)
        };
        if leaves_form {
            play.keys("Esc");
        }
        let lost = NotDone { why: "no node answered".to_owned(), outcome_unknown: true };
        let reply = parting(Vec::new(), vec![(id("m-0001"), lost)]);
        play.tell(Message::Answered(ticket, Ok(reply.into())));
        let told = play.app.live.timeline.entries().last().map(|entry| entry.what.clone());
        let Some(Happening::Command(text, false)) = told else { panic!("{told:?}") };
        assert!(text.ends_with("outcome unknown: m-0001: no node answered"), "{text}");
    }
}

#[test]
fn what_is_not_known_is_told_whole_and_not_called_a_refusal() {
    let mut play = healthy();
    play.keys("2 P Enter");
    let Some(Effect::Ask { ticket, .. }) = play.effects.last().cloned() else { panic!() };
    let why = format!("{} and the end", "a long word after the other ".repeat(9));
    let not_done = NotDone { why, outcome_unknown: true };
    play.tell(Message::Answered(ticket, Err(not_done)));
    let screen = play.screen(80, 24);
    assert!(screen.contains(" outcome unknown: a long word"), "{screen}");
    assert!(screen.contains("and the end") && !screen.contains("refused"), "{screen}");
}

#[test]
fn on_the_overview_the_keys_of_the_alarm_act_on_whom_it_is_about() {
    let mut play = in_trouble();
    play.app.ui.selection.group = Some(group("search"));
    assert_eq!(play.app.selected_group(), Some(group("search")));
    play.keys("P");
    assert_eq!(purpose(&play), Some(&Purpose::SetHold(group("payments"))));
    play.keys("Esc w");
    let doubted = MemberKey { group: group("payments"), id: id("m-0003") };
    assert_eq!(play.app.ui.place, Place::Why(doubted));
    // Elsewhere the cursor decides.
    play.keys("2");
    play.app.ui.selection.group = Some(group("search"));
    play.keys("P");
    assert_eq!(purpose(&play), Some(&Purpose::SetHold(group("search"))));
}

#[test]
fn a_hold_is_lifted_after_a_look_at_what_that_means_and_a_yes() {
    let mut play = in_trouble();
    play.keys("2");
    play.app.ui.selection.group = Some(group("batch"));
    play.keys("P Enter");
    assert_eq!(purpose(&play), Some(&Purpose::ClearHold(group("batch"))));
    let asked = |play: &Play| {
        last(play, |effect| match effect {
            Effect::Ask { ticket, request, dry_run } => {
                Some((*ticket, Request::clone(request), *dry_run))
            }
            _ => None,
        })
    };
    let (ticket, request, dry_run) = asked(&play).unwrap();
    assert!(dry_run && request == Request::ClearHold(group("batch")));
    assert!(play.screen(120, 36).contains("no member is in doubt now"));
    let answer = gms::api::HoldAnswer { group: group("batch"), hold: None };
    play.tell(Message::Answered(ticket, Ok(super::request::Reply::Hold(answer).into())));
    play.keys("Enter");
    assert!(asked(&play).unwrap().2, "Enter is not enough");
    play.keys("y");
    assert!(!asked(&play).unwrap().2);
}

#[test]
fn a_filter_is_taken_where_it_narrows_something() {
    let mut play = healthy();
    for screen in ["1", "6", "7"] {
        play.keys(screen).keys("/");
        assert!(play.app.ui.overlay.is_none());
        assert!(notice(&play).contains("only where groups"), "{}", notice(&play));
    }
}

#[test]
fn what_is_pasted_narrows_and_a_mistake_is_mended_where_it_stands() {
    let mut play = healthy();
    play.keys("3 /").tell(Message::Paste("id:m-0003".to_owned()));
    play.app.settle();
    assert_eq!(play.app.filter().text(), "id:m-0003");
    play.types(" |").keys("Enter");
    assert!(matches!(play.app.ui.overlay, Some(Overlay::Filter(_, Some(_)))));
    play.types(" id:m-0005").keys("Enter");
    assert!(play.app.ui.overlay.is_none());
    assert_eq!(play.app.filter().text(), "id:m-0003 | id:m-0005");
}

#[test]
fn what_the_palette_does_not_know_stays_in_it() {
    let mut play = healthy();
    play.keys(":").types("nonsense").keys("Enter");
    assert!(
        matches!(&play.app.ui.overlay, Some(Overlay::Palette(line, _)) if line.value() == "nonsense")
    );
    assert!(notice(&play).contains("no action has such a name"));
}

#[test]
fn a_wrong_number_is_called_wrong() {
    let mut play = healthy();
    play.keys("3 v v X Enter");
    let ticket = last(&play, |effect| match effect {
        Effect::Ask { ticket, .. } => Some(*ticket),
        _ => None,
    });
    let parting = super::request::Parting::default();
    let left = super::request::Reply::Left(parting);
    play.tell(Message::Answered(ticket.unwrap(), Ok(left.into())));
    play.types("7").keys("Enter");
    assert!(play.screen(120, 36).contains("that is not the number of members"));
    let Some(Overlay::Form(form)) = &play.app.ui.overlay else { panic!() };
    assert!(matches!(form.stage, Stage::Confirming(..)));
}
