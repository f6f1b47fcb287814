//! The state machine against a plain model, and its promises one by one.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gms::{
    evidence::{Cause, Evidence, Observation, Verdict},
    id::{GroupId, Incarnation, MemberId, NodeId, Revision},
    liveness::{GroupTiming, Kind, Liveness},
    span::Span,
    view::{MemberState, Tags},
};
use proptest::{prelude::*, test_runner::TestCaseError};

use super::{
    command::{Command, Entry, Former, Join, NodeFacts, Place, Proposal, Removal, Token},
    journal::Happening,
    life::{Delta, Ending, Life},
    limits::{GROUPS_MAX, HISTORY_MAX, TAGS_MAX},
    outcome::{Outcome, Rejection},
    state::State,
};

fn group(n: u8) -> GroupId {
    format!("g{n}").parse().unwrap()
}

fn member(n: u8) -> MemberId {
    format!("m{n}").parse().unwrap()
}

fn join(g: u8, m: u8, life: u8, replaces: Option<Incarnation>) -> Join {
    Join {
        group: group(g),
        member: member(m),
        address: format!("127.0.0.1:{}", 9000 + u16::from(life)).parse().unwrap(),
        liveness: Liveness::of(Kind::Udp),
        tags: Tags::new(),
        hold: None,
        instance: Some(format!("life {life}")),
        owner: String::new(),
        replaces: replaces.map(|incarnation| Former { incarnation, since: None }),
    }
}

fn wish(command: Command) -> Proposal {
    Proposal { token: None, if_view: None, command }
}

fn entry(proposals: Vec<Proposal>) -> Entry {
    Entry { at_ms: 1_700_000_000_000, proposals }
}

fn says(node: u64, verdict: Verdict) -> Observation {
    Observation { node: NodeId(node), verdict, age_ms: None, health: 0, detail: String::new() }
}

fn verdict(g: u8, m: u8, incarnation: Incarnation, observers: Vec<Observation>) -> Removal {
    let mut evidence = Evidence::stated(Cause::Silence, None, Vec::new());
    evidence.observers = observers;
    Removal { group: group(g), member: member(m), incarnation, evidence, since: Revision(0) }
}

/// A state that three nodes vote in, and the revision its next entry gets.
struct Log {
    state: State,
    next: u64,
}

impl Log {
    fn new() -> Self {
        let mut state = State::default();
        state.apply_configuration(Revision(1), vec![NodeId(1), NodeId(2), NodeId(3)], vec![]);
        Self { state, next: 2 }
    }

    fn apply(&mut self, proposals: Vec<Proposal>) -> Vec<Result<Outcome, Rejection>> {
        let revision = Revision(self.next);
        self.next += 1;
        self.state.apply(revision, 1, &entry(proposals))
    }

    fn one(&mut self, command: Command) -> Result<Outcome, Rejection> {
        self.apply(vec![wish(command)]).remove(0)
    }

    fn incarnation(&self, g: u8, m: u8) -> Option<Incarnation> {
        self.state.life(&group(g), &member(m)).map(|life| life.incarnation)
    }
}

/// What a proposal of the property test asks.
#[derive(Debug, Clone)]
enum Wish {
    Join { g: u8, m: u8, life: u8, replaces: bool, hold: bool },
    Leave { g: u8, m: u8, fenced: Option<bool> },
    Remove { g: u8, m: u8, stale: bool, quorum: bool },
    Tag { g: u8, m: u8, value: Option<u8> },
    Drain { g: u8, m: u8, on: bool },
    Hold { g: u8, on: bool },
    EndAway { g: u8, m: u8, stale: bool },
}

fn wishes() -> impl Strategy<Value = Vec<Vec<Wish>>> {
    let (g, m) = (0..3_u8, 0..5_u8);
    let one = prop_oneof![
        4 => (g.clone(), m.clone(), 0..3_u8, any::<bool>(), any::<bool>()).prop_map(
            |(g, m, life, replaces, hold)| Wish::Join { g, m, life, replaces, hold }
        ),
        2 => (g.clone(), m.clone(), any::<Option<bool>>())
            .prop_map(|(g, m, fenced)| Wish::Leave { g, m, fenced }),
        3 => (g.clone(), m.clone(), prop::bool::weighted(0.3), prop::bool::weighted(0.8))
            .prop_map(|(g, m, stale, quorum)| Wish::Remove { g, m, stale, quorum }),
        1 => (g.clone(), m.clone(), prop::bool::weighted(0.2))
            .prop_map(|(g, m, stale)| Wish::EndAway { g, m, stale }),
        1 => (g.clone(), m.clone(), any::<Option<u8>>())
            .prop_map(|(g, m, value)| Wish::Tag { g, m, value }),
        1 => (g.clone(), m.clone(), any::<bool>()).prop_map(|(g, m, on)| Wish::Drain { g, m, on }),
        1 => (g, any::<bool>()).prop_map(|(g, on)| Wish::Hold { g, on }),
    ];
    prop::collection::vec(prop::collection::vec(one, 1..5), 1..40)
}

/// One life as the model knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ModelLife {
    incarnation: u64,
    /// Which of three processes.
    process: u8,
    tag: Option<u8>,
    draining: bool,
    hold: bool,
    away: bool,
}

/// What a wish does to its group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Effect {
    Nothing,
    /// Another life, or none, in the place of a static member.
    Place,
    /// Another view.
    View,
}

/// The model: what any reader would say the rules are, with no history and no sharing.
#[derive(Debug, Default)]
struct Model {
    groups: BTreeMap<u8, BTreeMap<u8, ModelLife>>,
    held: BTreeSet<u8>,
}

impl Model {
    /// Follows one wish.
    fn follow(&mut self, wish: &Wish, revision: u64, touched: &mut BTreeSet<(u8, u8)>) -> Effect {
        let mut touch = |g: u8, m: u8| touched.insert((g, m));
        match *wish {
            Wish::Join { g, m, life, replaces, hold } => {
                let group = self.groups.get(&g);
                let former = group.and_then(|group| group.get(&m)).copied();
                let present = former.filter(|former| !former.away);
                if present.is_some_and(|present| present.process == life || !replaces)
                    || !touch(g, m)
                {
                    return Effect::Nothing;
                }
                let life = ModelLife {
                    incarnation: revision,
                    process: life,
                    tag: None,
                    draining: false,
                    hold,
                    away: false,
                };
                self.groups.entry(g).or_default().insert(m, life);
                if former.is_some_and(|former| former.hold) { Effect::Place } else { Effect::View }
            }
            Wish::Leave { g, m, fenced } => {
                let Some(group) = self.groups.get_mut(&g) else { return Effect::Nothing };
                // Without a life to end, it is the place that is given up.
                let meant = group.get(&m).is_some_and(|life| match fenced {
                    None => true,
                    Some(right) => right && !life.away,
                });
                if !meant || !touch(g, m) {
                    return Effect::Nothing;
                }
                group.remove(&m);
                Effect::View
            }
            Wish::Remove { g, m, stale, quorum } => {
                let counts = !stale && quorum && !self.held.contains(&g);
                let life = self.groups.get_mut(&g).and_then(|group| group.get_mut(&m));
                let Some(life) = life.filter(|life| counts && !life.away && touch(g, m)) else {
                    return Effect::Nothing;
                };
                if life.hold {
                    life.away = true;
                    life.draining = false;
                    return Effect::Place;
                }
                self.groups.entry(g).or_default().remove(&m);
                Effect::View
            }
            Wish::EndAway { g, m, stale } => {
                let Some(group) = self.groups.get_mut(&g) else { return Effect::Nothing };
                let meant = !stale && group.get(&m).is_some_and(|life| life.away);
                if !meant || !touch(g, m) {
                    return Effect::Nothing;
                }
                group.remove(&m);
                Effect::View
            }
            Wish::Tag { g, m, value } => self.change(g, m, touched, |life| life.tag = value),
            Wish::Drain { g, m, on } => self.change(g, m, touched, |life| life.draining = on),
            Wish::Hold { g, on } => {
                if on && self.groups.contains_key(&g) {
                    self.held.insert(g);
                } else if !on {
                    self.held.remove(&g);
                }
                Effect::Nothing
            }
        }
    }

    fn change(
        &mut self,
        g: u8,
        m: u8,
        touched: &mut BTreeSet<(u8, u8)>,
        change: impl FnOnce(&mut ModelLife),
    ) -> Effect {
        let life = self.groups.get_mut(&g).and_then(|group| group.get_mut(&m));
        let Some(life) = life.filter(|life| !life.away && !touched.contains(&(g, m))) else {
            return Effect::Nothing;
        };
        let before = *life;
        change(life);
        if *life == before {
            return Effect::Nothing;
        }
        touched.insert((g, m));
        Effect::View
    }
}

/// The same wish for the state machine, which knows incarnations.
fn command(log: &Log, wish: &Wish) -> Command {
    let other = Incarnation(u64::MAX);
    match *wish {
        Wish::Join { g, m, life, replaces, hold } => {
            let present = log.incarnation(g, m).filter(|_| replaces);
            let hold = hold.then(|| Span::from_millis(1));
            Command::Join(Join { hold, ..join(g, m, life, present) })
        }
        Wish::EndAway { g, m, stale } => {
            let incarnation = log.incarnation(g, m).filter(|_| !stale).unwrap_or(other);
            let place = Place { group: group(g), member: member(m), incarnation };
            Command::EndAway { places: vec![place] }
        }
        Wish::Leave { g, m, fenced } => Command::Leave {
            group: group(g),
            member: member(m),
            incarnation: fenced
                .map(|right| log.incarnation(g, m).filter(|_| right).unwrap_or(other)),
            reason: None,
        },
        Wish::Remove { g, m, stale, quorum } => {
            let incarnation = log.incarnation(g, m).filter(|_| !stale).unwrap_or(other);
            let mut observers = vec![says(1, Verdict::Silent)];
            observers.extend(quorum.then(|| says(3, Verdict::DeadAffirmed)));
            Command::Remove { epoch: 0, removals: vec![verdict(g, m, incarnation, observers)] }
        }
        Wish::Tag { g, m, value } => Command::Change {
            group: group(g),
            member: member(m),
            incarnation: None,
            tags: BTreeMap::from([("t".to_owned(), value.map(|value| value.to_string()))]),
            drain: None,
        },
        Wish::Drain { g, m, on } => Command::Change {
            group: group(g),
            member: member(m),
            incarnation: None,
            tags: BTreeMap::new(),
            drain: Some(on),
        },
        Wish::Hold { g, on: true } => Command::SetHold {
            group: group(g),
            lasts: Span::from_millis(1000),
            reason: "because".to_owned(),
        },
        Wish::Hold { g, on: false } => {
            Command::ClearHold { group: group(g), since: None, expired: false }
        }
    }
}

fn members_of(state: &State, g: u8) -> BTreeMap<u8, ModelLife> {
    let lives = state.group(&group(g)).into_iter().flat_map(|group| group.members.values());
    lives
        .map(|life| {
            let known = ModelLife {
                incarnation: life.incarnation.0,
                process: life.instance.as_ref().unwrap()[5..].parse().unwrap(),
                tag: life.tags.get("t").map(|value| value.parse().unwrap()),
                draining: life.state == MemberState::Draining,
                hold: life.hold.is_some(),
                away: life.state == MemberState::Away,
            };
            (life.member.as_str()[1..].parse().unwrap(), known)
        })
        .collect()
}

/// What a reader knows that follows the deltas alone.
#[derive(Debug, Default)]
struct Reader {
    view: Revision,
    revision: Revision,
    places: BTreeMap<MemberId, (Incarnation, MemberState)>,
}

fn place_of(life: &Arc<Life>) -> (MemberId, (Incarnation, MemberState)) {
    (life.member.clone(), (life.incarnation, life.state))
}

impl Reader {
    /// Takes a delta in, which must fit what is known. The ids of a view are its own for ever.
    fn follow(&mut self, delta: &Delta) -> Result<(), TestCaseError> {
        prop_assert_eq!((delta.from, delta.after), (self.view, self.revision));
        let ids = |reader: &Self| reader.places.keys().cloned().collect::<Vec<_>>();
        let before = ids(self);
        for ended in delta.departed.iter().chain(&delta.away) {
            let known = self.places.get(&ended.member).map(|(incarnation, _)| *incarnation);
            prop_assert_eq!(known, Some(ended.incarnation));
        }
        for departure in &delta.departed {
            self.places.remove(&departure.member);
        }
        for life in delta.joined.iter().chain(&delta.updated) {
            let (member, place) = place_of(life);
            self.places.insert(member, place);
        }
        if !delta.installs_view() {
            prop_assert_eq!(before, ids(self));
        }
        (self.view, self.revision) = (delta.view, delta.revision);
        Ok(())
    }
}

fn reread(state: &State) -> State {
    let bytes = postcard::to_stdvec(state).unwrap();
    let mut read: State = postcard::from_bytes(&bytes).unwrap();
    read.rebuild_indices();
    read
}

proptest! {
    #[test]
    fn the_state_machine_follows_the_model_and_every_view_follows_from_its_delta(
        entries in wishes(),
        snapshot_at in 0..40_usize,
    ) {
        let mut log = Log::new();
        let mut model = Model::default();
        let mut seen: BTreeMap<u8, Reader> = BTreeMap::new();
        for (n, wishes) in entries.iter().enumerate() {
            let revision = log.next;
            let (mut touched, mut effects) = (BTreeSet::new(), BTreeMap::new());
            for wish in wishes {
                let (Wish::Join { g, .. } | Wish::Leave { g, .. } | Wish::Remove { g, .. }
                    | Wish::Tag { g, .. } | Wish::Drain { g, .. } | Wish::Hold { g, .. }
                    | Wish::EndAway { g, .. }) = wish;
                let effect = effects.entry(*g).or_insert(Effect::Nothing);
                *effect = (*effect).max(model.follow(wish, revision, &mut touched));
            }
            let proposals = wishes.iter().map(|asked| wish(command(&log, asked))).collect();
            log.apply(proposals);
            for g in 0..3 {
                let expected = model.groups.get(&g).cloned().unwrap_or_default();
                prop_assert_eq!(&members_of(&log.state, g), &expected);
                let Some(now) = log.state.group(&group(g)) else { continue };
                let effect = effects.get(&g).copied().unwrap_or(Effect::Nothing);
                prop_assert_eq!(now.view.0 == revision, effect == Effect::View);
                prop_assert_eq!(now.revision.0 == revision, effect != Effect::Nothing);
                let reader = seen.entry(g).or_default();
                let deltas: Vec<_> = now.deltas_after(reader.revision).unwrap().collect();
                prop_assert_eq!(deltas.len(), usize::from(effect != Effect::Nothing));
                for delta in deltas {
                    prop_assert_eq!(delta.installs_view(), effect == Effect::View);
                    reader.follow(delta)?;
                }
                prop_assert_eq!((reader.view, reader.revision), (now.view, now.revision));
                let present: BTreeMap<_, _> = now.members.values().map(place_of).collect();
                prop_assert_eq!(&reader.places, &present);
                let away: Vec<_> = now.away().map(|end| (end.member.clone(), end.incarnation)).collect();
                let vacant = now.members.values().filter(|life| life.is_away());
                let vacant: Vec<_> = vacant.map(|life| (life.member.clone(), life.incarnation)).collect();
                prop_assert_eq!(away, vacant);
            }
            let total: usize = model.groups.values().map(BTreeMap::len).sum();
            prop_assert_eq!(log.state.member_count(), total as u64);
            let here = model.groups.values().flat_map(BTreeMap::values).filter(|life| !life.away);
            prop_assert_eq!(log.state.present_count(), here.count() as u64);
            if n == snapshot_at {
                let read = reread(&log.state);
                prop_assert_eq!(read.digest(), log.state.digest());
                log.state = read;
            }
        }
    }

    #[test]
    fn the_same_log_gives_the_same_bytes(entries in wishes()) {
        let (mut one, mut two) = (Log::new(), Log::new());
        for wishes in &entries {
            let proposals: Vec<_> = wishes.iter().map(|asked| wish(command(&one, asked))).collect();
            let answers = one.apply(proposals.clone());
            prop_assert_eq!(answers, two.apply(proposals));
            two.state = reread(&two.state);
            prop_assert_eq!(one.state.digest(), two.state.digest());
        }
    }
}

#[test]
fn a_token_takes_effect_once_and_survives_a_snapshot() {
    let mut log = Log::new();
    let token = Token { key: "k".to_owned(), request: [1; 16] };
    let proposal = Proposal { token: Some(token), ..wish(Command::Join(join(0, 0, 0, None))) };
    let first = log.apply(vec![proposal.clone()]);
    log.one(Command::Leave { group: group(0), member: member(0), incarnation: None, reason: None })
        .unwrap();
    log.state = reread(&log.state);
    assert_eq!(log.apply(vec![proposal.clone()]), first, "the same answer");
    assert_eq!(log.incarnation(0, 0), None, "and no second join");
    let mut other = proposal;
    other.token.as_mut().unwrap().request = [2; 16];
    assert_eq!(log.apply(vec![other]), [Err(Rejection::TokenReused)]);
}

#[test]
fn a_refused_wish_does_not_use_up_its_token() {
    let mut log = Log::new();
    let token = Token { key: "k".to_owned(), request: [1; 16] };
    let leave =
        Command::Leave { group: group(0), member: member(0), incarnation: None, reason: None };
    let proposal = Proposal { token: Some(token), ..wish(leave) };
    assert!(log.apply(vec![proposal.clone()])[0].is_err());
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    assert!(log.apply(vec![proposal])[0].is_ok());
}

#[test]
fn a_wish_with_a_view_counts_only_in_that_view() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let present = log.state.group(&group(0)).unwrap().view;
    let with_view =
        |view| Proposal { if_view: Some(view), ..wish(Command::Join(join(0, 1, 0, None))) };
    let wrong = log.apply(vec![with_view(Revision(0))]);
    assert_eq!(wrong, [Err(Rejection::ViewChanged { present })]);
    // What the same entry did before counts as well.
    let both = log.apply(vec![wish(Command::Join(join(0, 2, 0, None))), with_view(present)]);
    assert!(matches!(both[..], [Ok(_), Err(Rejection::ViewChanged { .. })]), "{both:?}");
    let present = log.state.group(&group(0)).unwrap().view;
    assert!(log.apply(vec![with_view(present)])[0].is_ok());
}

#[test]
fn a_restart_is_one_view_that_takes_the_old_life_out_and_the_new_one_in() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let old = log.incarnation(0, 0).unwrap();
    let refused = log.one(Command::Join(join(0, 0, 1, None)));
    assert!(matches!(refused, Err(Rejection::Occupied { .. })));
    log.one(Command::Join(join(0, 0, 1, Some(old)))).unwrap();
    let now = log.state.group(&group(0)).unwrap();
    let delta = now.deltas_after(Revision(old.0)).unwrap().last().unwrap();
    assert_eq!((delta.joined.len(), delta.departed.len()), (1, 1));
    assert_eq!(delta.departed[0].incarnation, old);
    let ended =
        Command::Leave { group: group(0), member: member(0), incarnation: Some(old), reason: None };
    match log.one(ended) {
        Err(Rejection::Fenced { present, departure, .. }) => {
            assert_eq!(present, log.incarnation(0, 0));
            let ending = &departure.unwrap().ending;
            assert!(matches!(ending, Ending::Removed(why) if why.cause == Cause::Replaced));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_older_life_is_refused_with_its_own_end_as_far_as_history_reaches() {
    let mut log = Log::new();
    let mut lives = Vec::new();
    for life in 1..=4 {
        let replaces = lives.last().copied();
        log.one(Command::Join(join(0, 1, life, replaces))).unwrap();
        lives.push(log.incarnation(0, 1).unwrap());
    }
    for (number, life) in lives.iter().enumerate().take(3) {
        let leave = Command::Leave {
            group: group(0),
            member: member(1),
            incarnation: Some(*life),
            reason: None,
        };
        let Err(Rejection::Fenced { present, departure: Some(end), .. }) = log.one(leave) else {
            panic!("life {number} is not fenced");
        };
        assert_eq!((present, end.incarnation), (lives.last().copied(), *life));
        assert_eq!(end.revision.0, lives[number + 1].0);
    }
}

#[test]
fn the_fence_of_a_verdict() {
    use Verdict::{Abstain, Alive, DeadAffirmed, Silent};
    let table = [
        ("a quorum that hears nothing", 0, vec![says(1, Silent), says(2, Silent)], true),
        ("one of them by a kernel", 0, vec![says(1, DeadAffirmed), says(3, Silent)], true),
        ("too few", 0, vec![says(1, Silent), says(2, Abstain)], false),
        ("one voter twice", 0, vec![says(1, Silent), says(1, Silent)], false),
        ("a stranger among them", 0, vec![says(1, Silent), says(9, Silent)], false),
        ("one who hears it", 0, vec![says(1, Silent), says(2, Silent), says(3, Alive)], false),
        ("another epoch", 7, vec![says(1, Silent), says(2, Silent)], false),
    ];
    for (what, epoch, observers, counts) in table {
        let mut log = Log::new();
        log.one(Command::Join(join(0, 0, 0, None))).unwrap();
        let life = log.incarnation(0, 0).unwrap();
        let removal = verdict(0, 0, life, observers);
        let outcome = log.one(Command::Remove { epoch, removals: vec![removal] });
        let Ok(Outcome::Removed { applied, stale }) = outcome else { panic!("{outcome:?}") };
        assert_eq!((applied.len(), stale), (usize::from(counts), u64::from(!counts)), "{what}");
        assert_eq!(log.incarnation(0, 0).is_none(), counts, "{what}");
    }
}

/// A node that starts has forgotten what it said of whom, and may extend a lease.
#[test]
fn the_word_of_a_node_from_before_its_start_ends_no_life() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let incarnation = log.state.life(&group(0), &member(0)).unwrap().incarnation;
    let said = log.state.revision();
    let silent = || vec![says(1, Verdict::Silent), says(2, Verdict::Silent)];
    let start = Command::NodeStarted(NodeFacts {
        node: NodeId(2),
        api_url: String::new(),
        lineage: "two".to_owned(),
        version: String::new(),
    });
    log.one(start).unwrap();
    let started = log.state.revision();
    let remove = |since| {
        let removal = Removal { since, ..verdict(0, 0, incarnation, silent()) };
        Command::Remove { epoch: 0, removals: vec![removal] }
    };
    assert!(matches!(log.one(remove(said)), Ok(Outcome::Removed { stale: 1, .. })));
    let take = |since| {
        let replaces = Some(Former { incarnation, since: Some(since) });
        Command::Join(Join { replaces, ..join(0, 0, 1, None) })
    };
    assert!(matches!(log.one(take(said)), Err(Rejection::Occupied { .. })));
    assert!(matches!(log.one(remove(started)), Ok(Outcome::Removed { stale: 0, .. })));
}

#[test]
fn an_end_that_proves_nothing_outlives_its_group_for_who_comes_into_that_place() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    log.one(Command::Join(join(0, 1, 0, None))).unwrap();
    let life = log.state.life(&group(0), &member(0)).unwrap().incarnation;
    let evidence = Evidence::stated(Cause::Fin, None, Vec::new());
    let end = |incarnation| crate::membership::life::Departure {
        member: member(0),
        incarnation,
        revision: Revision(7),
        term: 1,
        at_ms: 0,
        ending: Ending::Removed(evidence.clone()),
    };
    let mut ended = log.state.clone();
    std::sync::Arc::make_mut(&mut ended.unproven).keep(&group(0), &end(life));
    assert_eq!(ended.unproven_end(&group(0), &member(0)), Some(Revision(7)));
    assert_eq!(ended.unproven_end(&group(0), &member(1)), None, "a stranger waits for nobody");
    assert_eq!(ended.unproven_end(&group(1), &member(0)), None);
    assert_eq!(reread(&ended).unproven_end(&group(0), &member(0)), Some(Revision(7)));
}

#[test]
fn a_life_that_was_heard_since_keeps_its_place() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let incarnation = log.state.life(&group(0), &member(0)).unwrap().incarnation;
    let asked = log.state.revision();
    let place = Place { group: group(0), member: member(0), incarnation };
    log.one(Command::Heard { lives: vec![place] }).unwrap();
    let mut take = |since| {
        let replaces = Some(Former { incarnation, since });
        log.one(Command::Join(Join { replaces, ..join(0, 0, 1, None) }))
    };
    assert!(matches!(take(Some(asked)), Err(Rejection::Occupied { .. })));
    // Whoever asked after that was told the truth of now.
    assert!(take(Some(Revision(asked.0 + 1))).is_ok());
}

#[test]
fn a_doubt_from_before_a_life_was_heard_removes_nobody() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let life = log.incarnation(0, 0).unwrap();
    let against = || vec![says(1, Verdict::Silent), says(2, Verdict::Silent)];
    let remove = |cause, since, life| {
        let mut removal = Removal { since, ..verdict(0, 0, life, against()) };
        removal.evidence.cause = cause;
        Command::Remove { epoch: 0, removals: vec![removal] }
    };
    let heard = |incarnation| Command::Heard {
        lives: vec![
            Place { group: group(0), member: member(0), incarnation },
            Place { group: group(7), member: member(0), incarnation },
        ],
    };
    let before = log.state.revision();
    log.one(heard(Incarnation(life.0 + 1))).unwrap();
    assert_eq!(log.state.group(&group(0)).unwrap().heard_at(&member(0)), Revision(0));
    log.one(heard(life)).unwrap();
    let noted = log.state.revision();
    assert_eq!(log.state.group(&group(0)).unwrap().heard_at(&member(0)), noted);
    let late = log.one(remove(Cause::Silence, before, life));
    assert!(matches!(late, Ok(Outcome::Removed { stale: 1, .. })), "{late:?}");
    let fresh = log.one(remove(Cause::Silence, noted, life));
    assert!(matches!(fresh, Ok(Outcome::Removed { stale: 0, .. })), "{fresh:?}");
    assert_eq!(log.state.group(&group(0)).unwrap().heard_at(&member(0)), Revision(0));
    // What a kernel told ends a process, whoever heard it before.
    log.one(Command::Join(join(0, 0, 1, None))).unwrap();
    let life = log.incarnation(0, 0).unwrap();
    log.one(heard(life)).unwrap();
    let refused = log.one(remove(Cause::Refused, before, life));
    assert!(matches!(refused, Ok(Outcome::Removed { stale: 0, .. })), "{refused:?}");
}

#[test]
fn a_hold_stops_silence_and_nothing_else() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let life = log.incarnation(0, 0).unwrap();
    let hold =
        Command::SetHold { group: group(0), lasts: Span::from_millis(1), reason: "r".into() };
    let Ok(Outcome::Held { since }) = log.one(hold) else { panic!() };
    let against = || vec![says(1, Verdict::Silent), says(2, Verdict::DeadAffirmed)];
    let mut removal = verdict(0, 0, life, against());
    let silent = Command::Remove { epoch: 0, removals: vec![removal.clone()] };
    assert!(matches!(log.one(silent), Ok(Outcome::Removed { stale: 1, .. })));
    // Another hold's end does not end this one.
    let other = Command::ClearHold { group: group(0), since: Some(Revision(1)), expired: true };
    assert_eq!(log.one(other), Ok(Outcome::Held { since }));
    removal.evidence.cause = Cause::Refused;
    let affirmed = Command::Remove { epoch: 0, removals: vec![removal] };
    assert!(matches!(log.one(affirmed), Ok(Outcome::Removed { stale: 0, .. })));
}

#[test]
fn a_created_group_gives_its_timing_to_who_has_none_and_keeps_it_while_it_has_members() {
    let mut log = Log::new();
    let timing = |period_ms, misses| GroupTiming { period_ms, misses };
    let create = |timing| Command::CreateGroup { group: group(0), timing };
    let slow = timing(Some(5_000), Some(4));
    assert_eq!(log.one(create(timing(Some(100), None))), Ok(Outcome::Group { fresh: true }));
    assert_eq!(log.one(create(slow)), Ok(Outcome::Group { fresh: true }));
    assert_eq!(log.one(create(slow)), Ok(Outcome::Group { fresh: false }));
    assert_eq!(log.state.group(&group(0)).unwrap().view, Revision(0));

    let own = Liveness { misses: Some(7), ..Liveness::of(Kind::Udp) };
    log.one(Command::Join(Join { liveness: own, ..join(0, 1, 1, None) })).unwrap();
    log.one(Command::Join(join(1, 1, 1, None))).unwrap();
    let watched = |log: &Log, g| {
        let life = log.state.life(&group(g), &member(1)).unwrap();
        (life.liveness.period_ms, life.liveness.misses)
    };
    assert_eq!(watched(&log, 0), (Some(5_000), Some(7)));
    assert_eq!(watched(&log, 1), (None, None));

    let in_use = |timing| Err(Rejection::GroupInUse { members: 1, timing });
    assert_eq!(log.one(create(timing(None, None))), in_use(slow));
    assert_eq!(log.one(Command::DeleteGroup { group: group(0) }), in_use(slow));
    // Who came by a join is watched as the cluster has it: to say so is no change.
    let usual = Command::CreateGroup { group: group(1), timing: timing(None, None) };
    assert_eq!(log.one(usual), Ok(Outcome::Group { fresh: true }));

    log.one(Command::Leave { group: group(0), member: member(1), incarnation: None, reason: None })
        .unwrap();
    let left_at = log.state.group(&group(0)).unwrap().view;
    let delete = || Command::DeleteGroup { group: group(0) };
    assert_eq!(log.one(delete()), Ok(Outcome::Group { fresh: true }));
    assert!(log.state.group(&group(0)).is_none());
    assert_eq!(log.state.empty_view(), left_at, "its view's number does not fall");
    let bare = || Command::CreateGroup { group: group(9), timing: slow };
    log.one(bare()).unwrap();
    assert_eq!(reread(&log.state).group(&group(9)).unwrap().timing, Some(slow));
    log.one(Command::DeleteGroup { group: group(9) }).unwrap();
    assert!(log.state.group(&group(9)).is_none());
    let gone = Err(Rejection::NoGroup { group: group(9) });
    assert_eq!(log.one(Command::DeleteGroup { group: group(9) }), gone);
}

#[test]
fn monitors_change_by_epoch_and_only_when_they_differ() {
    let mut log = Log::new();
    let set = |epoch, nodes: &[u64]| Command::SetMonitors {
        epoch,
        nodes: nodes.iter().copied().map(NodeId).collect(),
    };
    assert_eq!(log.one(set(0, &[1, 2])), Ok(Outcome::Monitors { epoch: 1 }));
    assert_eq!(log.one(set(1, &[2, 1])), Ok(Outcome::Monitors { epoch: 1 }));
    assert_eq!(log.one(set(0, &[3])), Err(Rejection::StaleEpoch { epoch: 1 }));
    assert_eq!(log.one(set(1, &[3])), Ok(Outcome::Monitors { epoch: 2 }));
}

#[test]
fn a_node_keeps_its_data_directory_or_its_number_is_lost() {
    let mut log = Log::new();
    let facts = |node, lineage: &str| {
        Command::NodeStarted(NodeFacts {
            node: NodeId(node),
            api_url: "http://h:1".to_owned(),
            lineage: lineage.to_owned(),
            version: "1".to_owned(),
        })
    };
    assert_eq!(log.one(facts(1, "a")), Ok(Outcome::Noted));
    assert_eq!(log.one(facts(1, "a")), Ok(Outcome::Noted));
    assert!(matches!(log.one(facts(1, "b")), Err(Rejection::LineageLost { .. })));
    log.one(Command::NodeRemoved { node: NodeId(1) }).unwrap();
    assert!(matches!(log.one(facts(1, "a")), Err(Rejection::LineageLost { .. })));
    assert!(log.state.is_retired(NodeId(1)));
}

#[test]
fn tags_are_bounded_by_what_a_member_ends_up_with() {
    let mut log = Log::new();
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let mut tag = |n: usize| {
        log.one(Command::Change {
            group: group(0),
            member: member(0),
            incarnation: None,
            tags: BTreeMap::from([(format!("t{n}"), Some("v".to_owned()))]),
            drain: None,
        })
    };
    for n in 0..TAGS_MAX {
        tag(n).unwrap();
    }
    assert!(matches!(tag(TAGS_MAX), Err(Rejection::TooManyTags { .. })));
    tag(0).unwrap();
}

#[test]
fn history_is_bounded_says_so_and_forgets_what_is_empty() {
    let mut log = Log::new();
    // A group that has come and gone before the history is full.
    log.one(Command::Join(join(1, 0, 0, None))).unwrap();
    log.one(Command::Leave { group: group(1), member: member(0), incarnation: None, reason: None })
        .unwrap();
    let gone_at = log.state.group(&group(1)).unwrap().view;
    log.one(Command::Join(join(0, 0, 0, None))).unwrap();
    let begin = log.state.group(&group(0)).unwrap().view;
    for n in 0..HISTORY_MAX {
        let life = log.incarnation(0, 0);
        log.one(Command::Join(join(0, 0, u8::try_from(n % 2).unwrap() + 1, life))).unwrap();
    }
    let state = &log.state;
    let now = state.group(&group(0)).unwrap();
    assert!(now.deltas_after(begin).is_none(), "the beginning is forgotten, and that is said");
    assert!(state.journal().after(begin).is_none());
    let kept: usize = state
        .journal()
        .kept_after(Revision(0))
        .map(|record| match &record.what {
            Happening::View(delta) => delta.changes(),
            _ => 1,
        })
        .sum();
    assert!(kept <= HISTORY_MAX && kept > HISTORY_MAX - 4, "{kept}");
    assert!(now.deltas_after(now.floor()).unwrap().count() > 1);
    assert!(state.group(&group(1)).is_none());
    assert_eq!(state.empty_view(), gone_at, "its name goes on from where it was");
    assert_eq!(reread(state).digest(), state.digest());
}

#[test]
fn groups_that_were_left_make_room_and_those_of_their_names_begin_anew() {
    let mut log = Log::new();
    let named = |n: u64| format!("short-lived-{n}").parse::<GroupId>().unwrap();
    let enter = |n| Command::Join(Join { group: named(n), ..join(0, 0, 0, None) });
    let leave =
        |n| Command::Leave { group: named(n), member: member(0), incarnation: None, reason: None };
    let kept = Command::CreateGroup { group: group(1), timing: GroupTiming::default() };
    log.one(kept).unwrap();
    log.one(Command::Join(join(2, 0, 0, None))).unwrap();
    log.one(enter(0)).unwrap();
    log.one(leave(0)).unwrap();
    let left_at = log.state.group(&named(0)).unwrap().view;
    for n in 1..=GROUPS_MAX {
        log.one(enter(n)).unwrap();
        log.one(leave(n)).unwrap();
    }
    let state = &log.state;
    assert!(state.group_count() as u64 <= GROUPS_MAX);
    assert!(state.group(&named(0)).is_none(), "the one that was left first went first");
    assert!(state.group(&named(GROUPS_MAX)).is_some());
    assert!(state.group(&group(1)).is_some() && state.group(&group(2)).is_some());
    assert!(state.empty_view() >= left_at);

    let empty = state.empty_view();
    log.one(enter(0)).unwrap();
    let anew = log.state.group(&named(0)).unwrap();
    let deltas: Vec<_> = anew.deltas_after(empty).unwrap().collect();
    assert!(anew.deltas_after(left_at).is_none() || left_at == empty);
    assert!(matches!(&deltas[..], [delta] if delta.from == empty && delta.after == empty));
    let again = reread(&log.state);
    assert_eq!(again.digest(), log.state.digest());
    let anew = again.group(&named(0)).unwrap();
    assert_eq!(anew.floor(), empty, "its former life is no part of it");
    assert!(anew.departure(&member(0)).is_none());
    // What is left out of a snapshot and rebuilt decides nothing.
    let mut other = Log { state: again, next: log.next };
    for n in [0, 5, GROUPS_MAX - 3] {
        for command in [leave(n), Command::DeleteGroup { group: named(n) }, enter(n)] {
            assert_eq!(log.one(command.clone()), other.one(command));
        }
    }
    assert_eq!(other.state.digest(), log.state.digest());
}

#[test]
fn groups_that_somebody_is_in_are_kept_whoever_wants_their_room() {
    let mut log = Log::new();
    let named = |n: u64| format!("g-{n}").parse::<GroupId>().unwrap();
    let enter = |n| Command::Join(Join { group: named(n), ..join(0, 0, 0, None) });
    for n in 0..GROUPS_MAX {
        log.one(enter(n)).unwrap();
    }
    let full = Err(Rejection::Full { what: "groups".to_owned(), limit: GROUPS_MAX });
    assert_eq!(log.one(enter(GROUPS_MAX)), full);
    log.one(Command::Leave { group: named(7), member: member(0), incarnation: None, reason: None })
        .unwrap();
    log.one(enter(GROUPS_MAX)).unwrap();
    assert!(log.state.group(&named(7)).is_none());
}
