//! [`Writes`]: what changes the groups, at any node.
//!
//! A write that is answered with success has been committed by a quorum of disks. One that is
//! answered `NoQuorum` has changed nothing and never will; one answered `OutcomeUnknown` may.

use std::{sync::Arc, time::Instant};

use gms::{
    api::{Hold, HoldRequest, JoinRequest, PatchRequest},
    evidence::{Cause, Evidence},
    id::{GroupId, Incarnation, MemberId, Revision},
    liveness::{GroupTiming, Kind, Liveness as Watching},
};

use super::{
    door,
    error::ServiceError,
    terms::{Exit, Gone, Joined, Terms},
    waist::{Service, strange},
    wire::{Reply, Request},
};
use crate::{
    liveness::message::Subject,
    membership::{
        command::{Command, Entry, Join, Proposal, Removal},
        life::Life,
        limits::REASON_MAX_LEN,
        outcome::{Outcome, Rejection},
        state::State,
    },
};

/// A join that finds another life again and again is answered so after this many times.
const OCCUPIED_TRIES: usize = 3;

/// What changes the groups.
pub trait Writes {
    /// Lets a member in. The same life again is answered as it stands; another life of it comes in
    /// only when the present one does not answer, or is outdone by its key or by an operator.
    fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> impl Future<Output = Result<Joined, ServiceError>> + Send;

    /// Takes a member out.
    fn leave(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        incarnation: Option<Incarnation>,
        exit: Exit,
    ) -> impl Future<Output = Result<Gone, ServiceError>> + Send;

    /// Changes a member's tags or state.
    fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> impl Future<Output = Result<(Arc<Life>, Revision), ServiceError>> + Send;

    /// Creates a group with the timing of its pings. Tells whether it was not there so before, and
    /// the revision.
    fn create_group(
        &self,
        terms: Terms,
        group: GroupId,
        timing: GroupTiming,
    ) -> impl Future<Output = Result<(bool, Revision), ServiceError>> + Send;

    /// Forgets a group without members. Tells from which revision on.
    fn delete_group(
        &self,
        terms: Terms,
        group: GroupId,
    ) -> impl Future<Output = Result<Revision, ServiceError>> + Send;

    /// Pauses removals by silence in a group.
    fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> impl Future<Output = Result<Hold, ServiceError>> + Send;

    /// Ends a pause, if there is one. Tells from which revision on there is none.
    fn clear_hold(
        &self,
        terms: Terms,
        group: GroupId,
    ) -> impl Future<Output = Result<Revision, ServiceError>> + Send;
}

impl Writes for Service {
    async fn join(
        &self,
        terms: Terms,
        group: GroupId,
        request: JoinRequest,
    ) -> Result<Joined, ServiceError> {
        let peers = self.parts.consensus.standing().borrow().peer_urls.clone();
        door::check_join(&request, &peers)?;
        self.check_names(&request, &peers).await?;
        let mut join = Join {
            group,
            member: request.id.clone(),
            address: request.address.clone(),
            liveness: request.liveness.clone().unwrap_or(Watching::of(Kind::Tcp)),
            tags: request.tags.clone(),
            hold: request.hold,
            instance: request.instance.clone(),
            owner: String::new(),
            replaces: None,
        };
        let fingerprint = fingerprint("join", &join.group, &request);
        let mut tries = 0;
        loop {
            // Who only asks for its answer again needs no place.
            if !self.is_answered(&terms, fingerprint) {
                join.replaces = self.replaceable(&join, &request).await?;
                self.outwait_lease(&join, &terms).await?;
            }
            tries += 1;
            let command = Command::Join(join.clone());
            match self.write(&terms, fingerprint, command).await? {
                (revision, Ok(Outcome::Joined { life, view, fresh })) => {
                    if !terms.dry_run && self.parts.consensus.state().borrow().secret().is_none() {
                        // The secret came with the same entry, which this node has yet to apply.
                        self.reach(revision, terms.deadline).await.map_err(|_| {
                            ServiceError::OutcomeUnknown("joined, but the key is not here".into())
                        })?;
                    }
                    let key = self.key(&join.group, &life, terms.dry_run);
                    return Ok(Joined { life, view, fresh, key });
                }
                // Another life is there than the one that was looked at.
                (revision, Err(Rejection::Occupied { .. })) if tries < OCCUPIED_TRIES => {
                    self.after(&terms, revision).await?;
                }
                (_, result) => return Err(unexpected(result)),
            }
        }
    }

    async fn leave(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        incarnation: Option<Incarnation>,
        exit: Exit,
    ) -> Result<Gone, ServiceError> {
        let (cause, number) = match exit {
            Exit::Ended { cause, number } => (cause, number),
            Exit::Leave { reason } => {
                if let Some(reason) = &reason {
                    door::check_text("reason", reason, REASON_MAX_LEN)?;
                }
                let asked = (&member, incarnation, &reason);
                let fingerprint = fingerprint("leave", &group, &asked);
                let command = Command::Leave { group, member, incarnation, reason };
                return match self.write(&terms, fingerprint, command).await? {
                    (_, Ok(Outcome::Left { incarnation, view })) => {
                        Ok(Gone { incarnation, view, revision: view })
                    }
                    (_, result) => Err(unexpected(result)),
                };
            }
        };
        self.ended(
            &terms,
            Subject { group, member, incarnation: incarnation.ok_or_else(no_life)? },
            cause,
            number,
        )
        .await
    }

    async fn change(
        &self,
        terms: Terms,
        group: GroupId,
        member: MemberId,
        request: PatchRequest,
    ) -> Result<(Arc<Life>, Revision), ServiceError> {
        for (key, value) in &request.tags {
            door::check_tag(key, value.as_deref().unwrap_or_default())?;
        }
        let fingerprint = fingerprint("change", &group, &(&member, &request));
        let PatchRequest { tags, drain, incarnation } = request;
        let command = Command::Change { group, member, incarnation, tags, drain };
        match self.write(&terms, fingerprint, command).await? {
            (_, Ok(Outcome::Changed { life, view })) => Ok((life, view)),
            (_, result) => Err(unexpected(result)),
        }
    }

    async fn create_group(
        &self,
        terms: Terms,
        group: GroupId,
        timing: GroupTiming,
    ) -> Result<(bool, Revision), ServiceError> {
        timing.check().map_err(ServiceError::Invalid)?;
        let fingerprint = fingerprint("create_group", &group, &timing);
        match self.write(&terms, fingerprint, Command::CreateGroup { group, timing }).await? {
            (revision, Ok(Outcome::Group { fresh })) => Ok((fresh, revision)),
            (_, result) => Err(unexpected(result)),
        }
    }

    async fn delete_group(&self, terms: Terms, group: GroupId) -> Result<Revision, ServiceError> {
        let fingerprint = fingerprint("delete_group", &group, &());
        match self.write(&terms, fingerprint, Command::DeleteGroup { group }).await? {
            (revision, Ok(Outcome::Group { .. })) => Ok(revision),
            (_, result) => Err(unexpected(result)),
        }
    }

    async fn set_hold(
        &self,
        terms: Terms,
        group: GroupId,
        request: HoldRequest,
    ) -> Result<Hold, ServiceError> {
        door::check_text("reason", &request.reason, REASON_MAX_LEN)?;
        if !(1_000..=door::HOLD_MAX_MS).contains(&request.lasts.as_millis()) {
            return Err(ServiceError::Invalid(format!("for is {}; give 1s to 24h", request.lasts)));
        }
        let fingerprint = fingerprint("hold", &group, &request);
        let HoldRequest { lasts, reason } = request;
        let command = Command::SetHold { group: group.clone(), lasts, reason: reason.clone() };
        match self.write(&terms, fingerprint, command).await? {
            (revision, Ok(Outcome::Held { since: Some(since) })) => {
                // The entry has the time of day; another hold may have followed by now.
                let state = self.after(&terms, revision).await?;
                let stored = state.group(&group).and_then(|group| group.hold.as_ref());
                let at_ms = stored.filter(|hold| hold.since == since).map(|hold| hold.at_ms);
                let at_ms = at_ms.unwrap_or_else(|| self.parts.host.clock.wall_ms());
                Ok(Hold { since, at_ms, lasts, reason })
            }
            (_, result) => Err(unexpected(result)),
        }
    }

    async fn clear_hold(&self, terms: Terms, group: GroupId) -> Result<Revision, ServiceError> {
        if self.latest(terms.deadline).await?.group(&group).is_none() {
            return Err(ServiceError::Rejected(Box::new(Rejection::NoGroup { group })));
        }
        let fingerprint = fingerprint("clear", &group, &());
        let command = Command::ClearHold { group, since: None, expired: false };
        match self.write(&terms, fingerprint, command).await? {
            (revision, Ok(Outcome::Held { .. })) => Ok(revision),
            (_, result) => Err(unexpected(result)),
        }
    }
}

impl Service {
    /// A supervisor saw the program end.
    async fn ended(
        &self,
        terms: &Terms,
        subject: Subject,
        cause: Cause,
        number: i32,
    ) -> Result<Gone, ServiceError> {
        let Subject { group, member, incarnation } = subject;
        let fingerprint =
            fingerprint("ended", &group, &(&member, incarnation, cause.as_str(), number));
        let removal = Removal {
            group: group.clone(),
            member: member.clone(),
            incarnation,
            evidence: Evidence::stated(cause, Some(number), Vec::new()),
            since: Revision(0),
        };
        let command = Command::Remove { epoch: 0, removals: vec![removal] };
        let (revision, result) = self.write(terms, fingerprint, command).await?;
        match result {
            Ok(Outcome::Removed { applied, .. }) if !applied.is_empty() => {
                // Repeated with the same key, it was done by an earlier entry.
                let state = self.after(terms, revision).await?;
                Ok(ended_at(&state, &group, &member, incarnation).unwrap_or(Gone {
                    incarnation,
                    view: revision,
                    revision,
                }))
            }
            Ok(Outcome::Removed { .. }) => {
                let state = self.after(terms, revision).await?;
                Err(ServiceError::Rejected(Box::new(not_there(
                    &state,
                    &group,
                    &member,
                    incarnation,
                ))))
            }
            result => Err(unexpected(result)),
        }
    }

    /// Commits one command, or rehearses it. Tells at which revision, and what came of it.
    async fn write(
        &self,
        terms: &Terms,
        request: [u8; 16],
        command: Command,
    ) -> Result<(Revision, Result<Outcome, Rejection>), ServiceError> {
        let token = terms.token(request);
        let proposal = Proposal { token, if_view: terms.if_view, command };
        if terms.dry_run {
            return self.rehearse(proposal, terms.deadline).await;
        }
        loop {
            let request = Request::Propose(Box::new(proposal.clone()));
            return match self.parts.leader.ask(request, terms.deadline).await? {
                // Another wish for the same member was in the same entry.
                Reply::Applied { result: Err(Rejection::Busy), .. } => continue,
                Reply::Applied { revision, result } => Ok((revision, result)),
                other => Err(strange(&other)),
            };
        }
    }

    /// Whether this node knows that this very request was answered before.
    fn is_answered(&self, terms: &Terms, request: [u8; 16]) -> bool {
        let state = self.parts.consensus.state().borrow().clone();
        terms.token(request).is_some_and(|token| state.is_answered(&token))
    }

    /// A state in which the answer of a write can be looked up: after it, or for one that was only
    /// rehearsed, and whose revision may never come, the latest.
    async fn after(&self, terms: &Terms, revision: Revision) -> Result<Arc<State>, ServiceError> {
        if terms.dry_run {
            return self.latest(terms.deadline).await;
        }
        // It is committed: that this node lags does not undo it.
        self.reach(revision, terms.deadline).await.map_err(|error| match error {
            ServiceError::NoQuorum(why) => ServiceError::OutcomeUnknown(why),
            error => error,
        })
    }

    async fn rehearse(
        &self,
        proposal: Proposal,
        deadline: Instant,
    ) -> Result<(Revision, Result<Outcome, Rejection>), ServiceError> {
        let state = self.latest(deadline).await?;
        let revision = Revision(state.revision().0 + 1);
        let at_ms = self.parts.host.clock.wall_ms();
        let mut results = state.rehearse(revision, &Entry { at_ms, proposals: vec![proposal] });
        let result = results.pop().expect("one proposal has one answer");
        Ok((revision, result))
    }
}

/// How a life that somebody reported has ended, as far as history tells: by which revision, and in
/// which view the group was then.
fn ended_at(
    state: &State,
    group: &GroupId,
    member: &MemberId,
    incarnation: Incarnation,
) -> Option<Gone> {
    let known = state.group(group)?;
    let end = known.end_of(member, incarnation)?;
    let before = Revision(end.revision.0.saturating_sub(1));
    let change = known.deltas_after(before).and_then(|mut deltas| deltas.next());
    let view = change.map_or(known.view, |change| change.view);
    Some(Gone { incarnation, view, revision: end.revision })
}

/// The rejection of a report about a life that is not there.
fn not_there(
    state: &State,
    group: &GroupId,
    member: &MemberId,
    incarnation: Incarnation,
) -> Rejection {
    let Some(known) = state.group(group) else {
        return Rejection::NoGroup { group: group.clone() };
    };
    Rejection::Fenced {
        incarnation,
        present: known.present(member).map(|life| life.incarnation),
        departure: known.end_of(member, incarnation).or_else(|| known.departure(member)).cloned(),
    }
}

fn no_life() -> ServiceError {
    ServiceError::Invalid("cause goes with incarnation: say which life has ended".to_owned())
}

fn unexpected(result: Result<Outcome, Rejection>) -> ServiceError {
    match result {
        Err(rejection) => ServiceError::Rejected(Box::new(rejection)),
        Ok(outcome) => ServiceError::Failed(format!("a strange outcome: {outcome:?}")),
    }
}

/// What a client asked, so that its idempotency key cannot be used for something else.
fn fingerprint(verb: &str, group: &GroupId, asked: &impl serde::Serialize) -> [u8; 16] {
    let body = serde_json::to_vec(asked).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(verb.as_bytes()).update(b"/").update(group.as_str().as_bytes()).update(b"/");
    let mut head = [0; 16];
    head.copy_from_slice(&hasher.update(&body).finalize().as_bytes()[..16]);
    head
}
