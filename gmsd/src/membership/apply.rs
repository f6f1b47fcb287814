//! One entry at work on the state.
//!
//! Whatever the entry asks, each group gets at most one new view from it, numbered by the entry's
//! revision (none, if only static members went or came: see `away`), and a refused proposal changes
//! nothing. No clock is read: `at_ms` came with the entry.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use gms::{
    evidence::{Cause, Evidence},
    id::{GroupId, Incarnation, MemberId, Revision},
    view::MemberState,
};

use super::{
    command::{Command, Entry, Join, Proposal, Removal},
    group::Group,
    journal::{Happening, Record},
    life::{Delta, Departure, Ending, Life},
    limits::{GROUP_MEMBERS_MAX, MEMBERS_MAX, TAGS_MAX},
    outcome::{Outcome, Rejection},
    receipts::Known,
    state::State,
};

pub(super) type Answer = Result<Outcome, Rejection>;

impl State {
    /// Applies one entry of the log. The answers are in the order of the proposals.
    pub fn apply(&mut self, revision: Revision, term: u64, entry: &Entry) -> Vec<Answer> {
        self.revision = revision;
        let mut applying = Applying::new(self, revision, term, entry.at_ms);
        let answers =
            entry.proposals.iter().map(|proposal| applying.propose(proposal)).collect::<Vec<_>>();
        applying.finish();
        self.trim_history();
        answers
    }

    /// What the entry would answer, without doing it.
    pub fn rehearse(&self, revision: Revision, entry: &Entry) -> Vec<Answer> {
        self.clone().apply(revision, 0, entry)
    }
}

/// What the entry has done so far to one group.
#[derive(Default)]
pub(super) struct Draft {
    joined: Vec<Arc<Life>>,
    departed: Vec<Arc<Departure>>,
    changed: Vec<Arc<Life>>,
    /// Static members whose place now has nobody in it, or another life.
    pub(super) placed: Vec<Arc<Life>>,
    /// How the lives ended that were in those places.
    pub(super) away: Vec<Arc<Departure>>,
}

impl Draft {
    /// Whether the group gets another view, and not only others in the places of the present one.
    fn installs_view(&self) -> bool {
        !(self.joined.is_empty() && self.departed.is_empty() && self.changed.is_empty())
    }
}

/// The state, with one entry half applied.
pub(super) struct Applying<'a> {
    pub(super) state: &'a mut State,
    pub(super) revision: Revision,
    term: u64,
    pub(super) at_ms: u64,
    pub(super) drafts: BTreeMap<GroupId, Draft>,
    /// Whether no group can make room: so nobody has to look again in this entry.
    pub(super) is_full: bool,
    pub(super) touched: BTreeSet<(GroupId, MemberId)>,
}

impl<'a> Applying<'a> {
    fn new(state: &'a mut State, revision: Revision, term: u64, at_ms: u64) -> Self {
        Self {
            state,
            revision,
            term,
            at_ms,
            drafts: BTreeMap::new(),
            is_full: false,
            touched: BTreeSet::new(),
        }
    }

    /// Decides one proposal.
    fn propose(&mut self, proposal: &Proposal) -> Answer {
        if let Some(token) = &proposal.token {
            match self.state.receipts.look_up(token) {
                Known::No => {}
                Known::Done(outcome) => return Ok(outcome),
                Known::Reused => return Err(Rejection::TokenReused),
            }
        }
        if let (Some(wanted), Some(group)) = (proposal.if_view, proposal.command.group()) {
            let present = self.view(group);
            if present != wanted {
                return Err(Rejection::ViewChanged { present });
            }
        }
        if let Some((group, member)) = proposal.command.member()
            && self.touched.contains(&(group.clone(), member.clone()))
        {
            return Err(Rejection::Busy);
        }
        let outcome = self.command(&proposal.command)?;
        if let Some(token) = &proposal.token {
            self.state.receipts.keep(token, outcome.clone());
        }
        Ok(outcome)
    }

    /// Writes down what became of each group, and installs the new views.
    fn finish(self) {
        for (name, draft) in self.drafts {
            let group = self.state.groups.get_mut(&name).expect("a draft is made in its group");
            let group = Arc::make_mut(group);
            let view = if draft.installs_view() { self.revision } else { group.view };
            let delta = Arc::new(Delta {
                group: name,
                from: group.view,
                view,
                after: group.revision,
                revision: self.revision,
                at_ms: self.at_ms,
                joined: draft.joined,
                departed: draft.departed,
                begins: group.revision == group.born,
                updated: [draft.changed, draft.placed].concat(),
                away: draft.away,
            });
            group.view = view;
            group.revision = self.revision;
            group.remember(Arc::clone(&delta));
            self.state.journal.push(Record {
                revision: self.revision,
                at_ms: self.at_ms,
                what: Happening::View(delta),
            });
        }
    }

    fn command(&mut self, command: &Command) -> Answer {
        match command {
            Command::Found { secret } => {
                self.state.secret.get_or_insert(*secret);
                Ok(Outcome::Noted)
            }
            Command::Join(join) => self.join(join),
            Command::Leave { group, member, incarnation, reason } => {
                let life = match incarnation {
                    Some(incarnation) => self.present(group, member, Some(*incarnation))?,
                    // Without a life to end, it is the place that is given up.
                    None => self.sitting(group, member)?,
                };
                self.depart(group, &life, Ending::Left { reason: reason.clone() });
                Ok(Outcome::Left { incarnation: life.incarnation, view: self.revision })
            }
            Command::Remove { epoch, removals } => Ok(self.remove(*epoch, removals)),
            Command::Change { group, member, incarnation, tags, drain } => {
                let life = self.present(group, member, *incarnation)?;
                self.change(group, &life, tags, *drain)
            }
            Command::CreateGroup { group, timing } => self.create_group(group, *timing),
            Command::DeleteGroup { group } => self.delete_group(group),
            Command::SetHold { group, lasts, reason } => self.set_hold(group, *lasts, reason),
            Command::ClearHold { group, since, expired } => {
                Ok(self.clear_hold(group, *since, *expired))
            }
            Command::SetMonitors { epoch, nodes } => self.set_monitors(*epoch, nodes),
            Command::NodeStarted(facts) => self.node_started(facts),
            Command::NodeRemoved { node } => {
                self.state.nodes.remove(node);
                self.state.started.remove(node);
                self.state.retired.insert(*node);
                Ok(Outcome::Noted)
            }
            Command::LeaderBegan { leader, term } => {
                self.note(Happening::Election { leader: *leader, term: *term });
                Ok(Outcome::Noted)
            }
            Command::EndAway { places } => Ok(self.end_away(places)),
            Command::Heard { lives } => Ok(self.heard(lives)),
            Command::Configured => Ok(self.configured()),
        }
    }

    fn join(&mut self, join: &Join) -> Answer {
        let known = self.state.groups.get(&join.group);
        let present = known.and_then(|group| group.members.get(&join.member)).cloned();
        if let Some(life) = present.as_ref().filter(|life| !life.is_away()) {
            if is_same_life(join, life) {
                let view = self.view(&join.group);
                return Ok(Outcome::Joined { life: Arc::clone(life), view, fresh: false });
            }
            if !self.may_replace(join, life) {
                return Err(Rejection::Occupied { present: Arc::clone(life) });
            }
        }
        self.check_room(join, present.is_some())?;
        let life = self.new_life(join);
        if let Some(former) = present.as_ref().filter(|former| former.is_static()) {
            return Ok(self.take_place(&join.group, former, life));
        }
        if let Some(former) = &present {
            let evidence = Evidence::stated(Cause::Replaced, None, Vec::new());
            self.depart(&join.group, former, Ending::Removed(evidence));
        }
        self.open_group(&join.group).members.insert(join.member.clone(), Arc::clone(&life));
        self.state.members += 1;
        self.touch(&join.group, &join.member);
        self.draft(&join.group).joined.push(Arc::clone(&life));
        Ok(Outcome::Joined { life, view: self.revision, fresh: true })
    }

    fn new_life(&self, join: &Join) -> Arc<Life> {
        let timing = self.state.groups.get(&join.group).and_then(|group| group.timing);
        Arc::new(Life {
            member: join.member.clone(),
            incarnation: Incarnation(self.revision.0),
            address: join.address.clone(),
            liveness: join.liveness.clone().within(&timing.unwrap_or_default()),
            tags: join.tags.clone(),
            state: MemberState::Active,
            hold: join.hold,
            instance: join.instance.clone(),
            owner: join.owner.clone(),
            joined_at_ms: self.at_ms,
        })
    }

    fn check_room(&mut self, join: &Join, replaces: bool) -> Result<(), Rejection> {
        if replaces {
            return Ok(());
        }
        self.check_room_for_group(&join.group)?;
        let group = self.state.groups.get(&join.group);
        if group.is_some_and(|group| group.members.len() as u64 >= GROUP_MEMBERS_MAX) {
            return Err(full("members in one group", GROUP_MEMBERS_MAX));
        }
        if self.state.members >= MEMBERS_MAX {
            return Err(full("members", MEMBERS_MAX));
        }
        Ok(())
    }

    /// Ends those who are still the lives that were judged, by those entitled to judge. Who is
    /// static keeps its place, except from an operator.
    fn remove(&mut self, epoch: u64, removals: &[Removal]) -> Outcome {
        let mut applied = Vec::new();
        let mut stale = 0;
        for removal in removals {
            let key = (removal.group.clone(), removal.member.clone());
            let life = self
                .state
                .groups
                .get(&removal.group)
                .and_then(|group| group.life(&removal.member, removal.incarnation))
                .cloned();
            match life {
                Some(life) if !self.touched.contains(&key) && self.is_entitled(epoch, removal) => {
                    let evidence = removal.evidence.clone();
                    if life.is_static() && evidence.cause != Cause::Operator {
                        self.go_away(&removal.group, &life, evidence);
                    } else {
                        self.depart(&removal.group, &life, Ending::Removed(evidence));
                    }
                    applied.push((key.0, key.1, life.incarnation));
                }
                _ => stale += 1,
            }
        }
        Outcome::Removed { applied, stale }
    }

    fn change(
        &mut self,
        group: &GroupId,
        life: &Arc<Life>,
        tags: &BTreeMap<String, Option<String>>,
        drain: Option<bool>,
    ) -> Answer {
        let mut changed = Life::clone(life);
        for (key, value) in tags {
            match value {
                Some(value) => changed.tags.insert(key.clone(), value.clone()),
                None => changed.tags.remove(key),
            };
        }
        if changed.tags.len() > TAGS_MAX {
            return Err(Rejection::TooManyTags { limit: TAGS_MAX as u64 });
        }
        match drain {
            Some(true) => changed.state = MemberState::Draining,
            Some(false) if changed.state == MemberState::Draining => {
                changed.state = MemberState::Active;
            }
            _ => {}
        }
        if changed == **life {
            return Ok(Outcome::Changed { life: Arc::clone(life), view: self.view(group) });
        }
        let life = Arc::new(changed);
        let slot = self.group_of(group);
        Arc::make_mut(slot).members.insert(life.member.clone(), Arc::clone(&life));
        self.touch(group, &life.member);
        self.draft(group).changed.push(Arc::clone(&life));
        Ok(Outcome::Changed { life, view: self.revision })
    }

    /// The view this group will have as things stand in this entry.
    pub(super) fn view(&self, group: &GroupId) -> Revision {
        if self.drafts.get(group).is_some_and(Draft::installs_view) {
            return self.revision;
        }
        self.state.groups.get(group).map_or(self.state.forgotten, |group| group.view)
    }

    /// The life that is there, or is away.
    fn sitting(&self, group: &GroupId, member: &MemberId) -> Result<Arc<Life>, Rejection> {
        let known = self.state.groups.get(group);
        let known = known.ok_or_else(|| Rejection::NoGroup { group: group.clone() })?;
        known
            .members
            .get(member)
            .cloned()
            .ok_or_else(|| Rejection::NoMember { group: group.clone(), member: member.clone() })
    }

    /// The life meant, if it lives. One that is away does not.
    fn present(
        &self,
        group: &GroupId,
        member: &MemberId,
        incarnation: Option<Incarnation>,
    ) -> Result<Arc<Life>, Rejection> {
        let known = self.state.groups.get(group);
        let known = known.ok_or_else(|| Rejection::NoGroup { group: group.clone() })?;
        let incarnation = match incarnation {
            Some(incarnation) => incarnation,
            None => self.sitting(group, member)?.incarnation,
        };
        let living = known.present(member);
        match living {
            Some(life) if life.incarnation == incarnation => Ok(Arc::clone(life)),
            _ => Err(Rejection::Fenced {
                incarnation,
                present: living.map(|life| life.incarnation),
                departure: known
                    .end_of(member, incarnation)
                    .or_else(|| known.departure(member))
                    .cloned(),
            }),
        }
    }

    /// Ends a life, or gives up the place of one that is away. Its group's draft will tell.
    pub(super) fn depart(&mut self, group: &GroupId, life: &Arc<Life>, ending: Ending) {
        let slot = Arc::make_mut(self.group_of(group));
        slot.members.remove(&life.member);
        slot.heard.remove(&life.member);
        let was_away = slot.away.remove(&life.member).is_some();
        self.state.members -= 1;
        self.state.away -= u64::from(was_away);
        self.touch(group, &life.member);
        let departure = self.departure(life, ending);
        self.draft(group).departed.push(departure);
    }

    /// The record of a life that ends by this entry.
    pub(super) fn departure(&self, life: &Life, ending: Ending) -> Arc<Departure> {
        Arc::new(Departure {
            member: life.member.clone(),
            incarnation: life.incarnation,
            revision: self.revision,
            term: self.term,
            at_ms: self.at_ms,
            ending,
        })
    }

    /// The group of a life that is in it.
    pub(super) fn group_of(&mut self, group: &GroupId) -> &mut Arc<Group> {
        self.state.groups.get_mut(group).expect("the life is in it")
    }

    pub(super) fn draft(&mut self, group: &GroupId) -> &mut Draft {
        self.drafts.entry(group.clone()).or_default()
    }

    pub(super) fn touch(&mut self, group: &GroupId, member: &MemberId) {
        self.touched.insert((group.clone(), member.clone()));
    }

    pub(super) fn note(&mut self, what: Happening) {
        let (revision, at_ms) = (self.revision, self.at_ms);
        self.state.journal.push(Record { revision, at_ms, what });
    }
}

pub(super) fn full(what: &str, limit: u64) -> Rejection {
    Rejection::Full { what: what.to_owned(), limit }
}

/// A join with an instance is a retry of the life with that instance; one without is a retry of
/// the life at that address.
pub fn is_same_life(join: &Join, life: &Life) -> bool {
    match &join.instance {
        Some(instance) => life.instance.as_ref() == Some(instance),
        None => life.address == join.address,
    }
}
