//! The promises of static members, one by one.

use gms::{
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{Incarnation, MemberId, NodeId, Revision},
    liveness::{Kind, Liveness},
    span::Span,
    view::{MemberState, Tags},
};

use super::{
    command::{Command, Entry, Former, Join, Place, Proposal, Removal},
    group::Group,
    life::{Departure, Ending, Life},
    limits::HISTORY_MAX,
    outcome::{Outcome, Rejection},
    state::State,
};

/// A state that one node votes in, with the static member `m` of group `g` in it.
struct Log {
    state: State,
    next: u64,
}

impl Log {
    fn new() -> Self {
        let mut state = State::default();
        state.apply_configuration(Revision(1), vec![NodeId(1)], vec![]);
        let mut log = Self { state, next: 2 };
        log.join(join("m", 0)).unwrap();
        log
    }

    fn all(&mut self, commands: Vec<Command>) -> Vec<Result<Outcome, Rejection>> {
        let proposals = commands
            .into_iter()
            .map(|command| Proposal { token: None, if_view: None, command })
            .collect();
        let revision = Revision(self.next);
        self.next += 1;
        self.state.apply(revision, 1, &Entry { at_ms: 5, proposals })
    }

    fn one(&mut self, command: Command) -> Result<Outcome, Rejection> {
        self.all(vec![command]).remove(0)
    }

    fn join(&mut self, join: Join) -> Result<Outcome, Rejection> {
        self.one(Command::Join(join))
    }

    fn group(&self) -> &Group {
        self.state.group(&"g".parse().unwrap()).unwrap()
    }

    fn life(&self) -> &Life {
        self.group().members.get(&"m".parse::<MemberId>().unwrap()).unwrap()
    }

    fn departure(&self) -> &Departure {
        self.group().departure(&"m".parse().unwrap()).unwrap()
    }

    /// Lets the verdict of its quorum take effect.
    fn remove(&mut self, cause: Cause) -> (usize, u64) {
        let removal = removal("m", self.life().incarnation, cause);
        self.removed(Command::Remove { epoch: 0, removals: vec![removal] })
    }

    fn removed(&mut self, command: Command) -> (usize, u64) {
        match self.one(command) {
            Ok(Outcome::Removed { applied, stale }) => (applied.len(), stale),
            other => panic!("{other:?}"),
        }
    }
}

fn join(member: &str, life: u8) -> Join {
    Join {
        group: "g".parse().unwrap(),
        member: member.parse().unwrap(),
        address: format!("127.0.0.1:{}", 9000 + u16::from(life)).parse().unwrap(),
        liveness: Liveness::of(Kind::Udp),
        tags: Tags::new(),
        hold: Some(Span::from_millis(30_000)),
        instance: Some(format!("life {life}")),
        owner: String::new(),
        replaces: None,
    }
}

fn removal(member: &str, incarnation: Incarnation, cause: Cause) -> Removal {
    let mut evidence = Evidence::stated(cause, None, Vec::new());
    evidence.observers.push(Observation {
        node: NodeId(1),
        verdict: if cause == Cause::Quality { Verdict::Lossy } else { Verdict::DeadAffirmed },
        age_ms: Some(700),
        health: 0,
        detail: String::new(),
    });
    Removal {
        group: "g".parse().unwrap(),
        member: member.parse().unwrap(),
        incarnation,
        evidence,
        since: Revision(0),
    }
}

fn leave(incarnation: Option<Incarnation>) -> Command {
    let (group, member) = ("g".parse().unwrap(), "m".parse().unwrap());
    Command::Leave { group, member, incarnation, reason: None }
}

fn drain(incarnation: Option<Incarnation>) -> Command {
    Command::Change {
        group: "g".parse().unwrap(),
        member: "m".parse().unwrap(),
        incarnation,
        tags: [].into(),
        drain: Some(true),
    }
}

fn place(incarnation: Incarnation) -> Place {
    Place { group: "g".parse().unwrap(), member: "m".parse().unwrap(), incarnation }
}

#[test]
fn a_verdict_leaves_the_place_and_the_number_of_the_view() {
    for cause in
        [Cause::Silence, Cause::Quality, Cause::Fin, Cause::Refused, Cause::Exit, Cause::Signal]
    {
        let mut log = Log::new();
        let (view, life) = (log.group().view, log.life().clone());
        assert_eq!(log.remove(cause), (1, 0), "{cause:?}");
        let group = log.group();
        assert_eq!((group.view, group.revision), (view, Revision(3)));
        assert_eq!(*log.life(), Life { state: MemberState::Away, ..life });
        assert_eq!((log.state.member_count(), log.state.present_count()), (1, 0));
        let delta = group.deltas_after(view).unwrap().next().unwrap();
        assert_eq!((delta.from, delta.view, delta.after), (view, view, view));
        assert_eq!((delta.joined.len(), delta.departed.len()), (0, 0));
        assert_eq!((delta.updated.len(), delta.away.len()), (1, 1));
        let ending = &log.departure().ending;
        assert!(matches!(ending, Ending::Removed(why) if why.cause == cause), "{ending:?}");
        // What is over does not end twice.
        assert_eq!(log.remove(cause), (0, 1), "{cause:?}");
    }
}

#[test]
fn whoever_is_away_is_fenced_with_the_evidence() {
    let mut log = Log::new();
    let old = log.life().incarnation;
    log.remove(Cause::Silence);
    for command in [leave(Some(old)), drain(Some(old)), drain(None)] {
        match log.one(command) {
            Err(Rejection::Fenced { incarnation, present: None, departure: Some(departure) }) => {
                assert_eq!((incarnation, departure.incarnation), (old, old));
                let ending = &departure.ending;
                assert!(matches!(ending, Ending::Removed(why) if why.cause == Cause::Silence));
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn it_takes_its_place_again_as_a_new_life_without_any_proof() {
    // Another process elsewhere, and the very life that was taken for gone.
    for life in [1, 0] {
        let mut log = Log::new();
        let (view, old) = (log.group().view, log.life().incarnation);
        log.remove(Cause::Refused);
        match log.join(join("m", life)) {
            Ok(Outcome::Joined { life, view: stands_in, fresh: true }) => {
                assert_eq!((life.incarnation, stands_in), (Incarnation(4), view));
                assert_eq!(life.state, MemberState::Active);
            }
            other => panic!("{other:?}"),
        }
        let group = log.group();
        assert_eq!((group.view, group.revision, group.away_count()), (view, Revision(4), 0));
        assert_eq!(log.departure().incarnation, old, "how the former life ended is still known");
        let delta = group.deltas_after(Revision(3)).unwrap().next().unwrap();
        assert!(delta.is_new(&delta.updated[0]) && delta.away.is_empty());
        assert!(matches!(log.one(leave(Some(old))), Err(Rejection::Fenced { .. })));
    }
}

#[test]
fn of_two_processes_with_one_id_exactly_one_is_fenced() {
    let mut log = Log::new();
    let (view, first) = (log.group().view, log.life().incarnation);
    let second = log.join(join("m", 1));
    assert!(matches!(second, Err(Rejection::Occupied { .. })), "the first one lives");
    log.join(Join { replaces: Some(Former { incarnation: first, since: None }), ..join("m", 1) })
        .unwrap();
    assert_eq!(log.group().view, view, "a restart changes no view either");
    let (departure, life) = (log.departure(), log.life());
    assert_eq!((departure.incarnation, life.state), (first, MemberState::Active));
    assert!(matches!(&departure.ending, Ending::Removed(why) if why.cause == Cause::Replaced));
    assert!(matches!(log.one(drain(Some(first))), Err(Rejection::Fenced { .. })));
    let second = log.life().incarnation;
    assert!(log.one(drain(Some(second))).is_ok());
}

#[test]
fn a_place_that_runs_out_is_a_new_view_with_the_evidence_of_the_end() {
    let mut log = Log::new();
    let (view, old) = (log.group().view, log.life().incarnation);
    assert_eq!(log.removed(Command::EndAway { places: vec![place(old)] }), (0, 1), "it lives");
    log.remove(Cause::Silence);
    let early = Command::EndAway { places: vec![place(Incarnation(1))] };
    assert_eq!(log.removed(early), (0, 1), "another life's place");
    assert_eq!(log.group().view, view);
    assert_eq!(log.removed(Command::EndAway { places: vec![place(old)] }), (1, 0));
    assert!(log.group().view > view && log.group().members.is_empty());
    assert_eq!((log.state.member_count(), log.state.present_count()), (0, 0));
    let Ending::Removed(evidence) = &log.departure().ending else { panic!() };
    assert_eq!((evidence.cause, evidence.observers.len()), (Cause::Silence, 1));
    assert_eq!(evidence.context, ["away since revision 4; its place was kept for 30s"]);
}

#[test]
fn whoever_came_back_in_time_keeps_the_place() {
    let mut log = Log::new();
    let old = log.life().incarnation;
    log.remove(Cause::Silence);
    log.join(join("m", 1)).unwrap();
    assert_eq!(log.removed(Command::EndAway { places: vec![place(old)] }), (0, 1));
    assert_eq!(log.life().state, MemberState::Active);
}

#[test]
fn who_is_asked_to_go_goes_at_once() {
    let mut log = Log::new();
    let life = log.life().incarnation;
    log.one(leave(Some(life))).unwrap();
    assert!(log.group().members.is_empty());
    log.join(join("m", 1)).unwrap();
    assert_eq!(log.remove(Cause::Operator), (1, 0));
    assert!(log.group().members.is_empty());
    // A place that is kept for nobody can be given up too, by whoever names no life.
    log.join(join("m", 2)).unwrap();
    log.remove(Cause::Fin);
    let view = log.group().view;
    log.one(leave(None)).unwrap();
    assert!(log.group().view > view && log.group().members.is_empty());
    assert_eq!((log.group().away_count(), log.state.present_count()), (0, 0));
}

#[test]
fn a_crowd_that_goes_away_is_one_change_and_no_view() {
    let mut log = Log::new();
    for n in 0..1000 {
        log.join(join(&format!("n{n}"), 0)).unwrap();
    }
    let (view, revision) = (log.group().view, log.group().revision);
    let lives: Vec<Life> = log.group().members.values().map(|life| Life::clone(life)).collect();
    let gone = lives.iter().map(|life| removal(life.member.as_str(), life.incarnation, Cause::Fin));
    assert_eq!(log.removed(Command::Remove { epoch: 0, removals: gone.collect() }), (1001, 0));
    assert_eq!(log.group().view, view);
    assert_eq!(log.group().deltas_after(revision).unwrap().count(), 1);
    assert_eq!(log.state.present_count(), 0);
}

#[test]
fn together_with_a_join_it_is_in_the_delta_of_the_new_view() {
    let mut log = Log::new();
    let view = log.group().view;
    let gone = Command::Remove {
        epoch: 0,
        removals: vec![removal("m", log.life().incarnation, Cause::Fin)],
    };
    log.all(vec![gone, Command::Join(Join { hold: None, ..join("n", 0) })]);
    let delta = log.group().deltas_after(view).unwrap().next().unwrap();
    assert!(delta.installs_view());
    assert_eq!((delta.joined.len(), delta.updated.len(), delta.away.len()), (1, 1, 1));
}

#[test]
fn a_restored_cluster_keeps_the_places_and_their_evidence() {
    let mut log = Log::new();
    log.remove(Cause::Silence);
    let old = log.life().incarnation;
    let base = Revision(1_000);
    log.state = log.state.clone().restored(base, NodeId(1), 5, "another".to_owned());
    log.next = 1_001;
    assert_eq!((log.group().view, log.group().revision, log.group().floor()), (base, base, base));
    assert_eq!((log.state.member_count(), log.state.present_count()), (1, 0));
    assert_eq!(log.removed(Command::EndAway { places: vec![place(old)] }), (1, 0));
    assert!(matches!(&log.departure().ending, Ending::Removed(why) if why.cause == Cause::Silence));
}

#[test]
fn a_place_outlasts_the_history_that_tells_of_it() {
    let mut log = Log::new();
    log.remove(Cause::Silence);
    let (view, gone_at) = (log.group().view, log.group().revision);
    for n in 0..=HISTORY_MAX {
        let hold = Command::SetHold {
            group: "g".parse().unwrap(),
            lasts: Span::from_millis(1),
            reason: n.to_string(),
        };
        log.one(hold).unwrap();
    }
    let bytes = postcard::to_stdvec(&log.state).unwrap();
    let mut read: State = postcard::from_bytes(&bytes).unwrap();
    read.rebuild_indices();
    assert_eq!(read.digest(), log.state.digest());
    log.state = read;
    assert!(log.group().deltas_after(view).is_none(), "and whoever missed it is told so");
    assert_eq!(log.group().floor(), gone_at);
    assert!(matches!(&log.departure().ending, Ending::Removed(why) if why.cause == Cause::Silence));
}
