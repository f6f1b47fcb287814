//! What an event of a watch means for one life. Pure.

use crate::{
    api::WatchEvent,
    evidence::Cause,
    id::{Incarnation, MemberId},
    view::{Member, MemberState},
};

/// How a life ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It was taken out; the cause is not known where only the absence was seen.
    Removed {
        /// What ended it.
        cause: Option<Cause>,
    },
    /// It, or an operator, asked for it.
    Left {
        /// The operator's reason.
        reason: Option<String>,
    },
    /// Another life has its name.
    Replaced {
        /// That life.
        by: Incarnation,
    },
    /// The service holds its process for gone and keeps its place for a while; the cause is not
    /// known where only that was seen.
    Away {
        /// What ended it.
        cause: Option<Cause>,
    },
}

impl Fate {
    /// Whether the member should come back as a new life if it may. Not if it was sent away, nor
    /// if another process has taken its name: the two would chase each other for ever.
    pub fn calls_for_rejoin(&self) -> bool {
        match self {
            Fate::Removed { cause } | Fate::Away { cause } => match cause {
                None | Some(Cause::Silence | Cause::Quality | Cause::Fin | Cause::Refused) => true,
                Some(Cause::Exit | Cause::Signal | Cause::Operator | Cause::Replaced) => false,
            },
            Fate::Left { .. } | Fate::Replaced { .. } => false,
        }
    }

    /// The cause, where the fate has one.
    pub fn cause(&self) -> Option<Cause> {
        match self {
            Fate::Removed { cause } | Fate::Away { cause } => *cause,
            Fate::Left { .. } => Some(Cause::Operator),
            Fate::Replaced { .. } => Some(Cause::Replaced),
        }
    }
}

/// What an event says of a life.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// Nothing.
    Nothing,
    /// It lives, in this state.
    Lives(MemberState),
    /// It is over.
    Over(Fate),
}

/// What this event of the life's own group says of it. Snapshots must not be older than the view
/// that let it in.
pub fn sign(event: &WatchEvent, id: &MemberId, incarnation: Incarnation) -> Sign {
    match event {
        WatchEvent::Snapshot(view) => match view.members.iter().find(|member| member.id == *id) {
            Some(member) => of_member(member, incarnation),
            None => Sign::Over(Fate::Removed { cause: None }),
        },
        WatchEvent::Change(change) => {
            let present = change.joined.iter().chain(&change.updated);
            if let Some(member) = present.into_iter().find(|member| member.id == *id) {
                return match of_member(member, incarnation) {
                    Sign::Over(Fate::Away { .. }) => {
                        let gone = change.away.iter().find(|of| of.id == *id);
                        Sign::Over(Fate::Away { cause: gone.map(|of| of.cause) })
                    }
                    sign => sign,
                };
            }
            let is_it = |of: &MemberId, life: Incarnation| of == id && life == incarnation;
            if let Some(gone) = change.removed.iter().find(|of| is_it(&of.id, of.incarnation)) {
                let cause = Some(gone.cause);
                return Sign::Over(Fate::Removed { cause });
            }
            if let Some(left) = change.left.iter().find(|of| is_it(&of.id, of.incarnation)) {
                let reason = left.reason.clone();
                return Sign::Over(Fate::Left { reason });
            }
            Sign::Nothing
        }
        WatchEvent::Bookmark(_) | WatchEvent::Compacted(_) | WatchEvent::Event(_) => Sign::Nothing,
    }
}

/// What the member that has the name now says of a life.
pub fn of_member(member: &Member, incarnation: Incarnation) -> Sign {
    if member.incarnation > incarnation {
        let by = member.incarnation;
        return Sign::Over(Fate::Replaced { by });
    }
    if member.incarnation < incarnation {
        // An older view than the one that let this life in.
        return Sign::Nothing;
    }
    match member.state {
        MemberState::Away => Sign::Over(Fate::Away { cause: None }),
        state => Sign::Lives(state),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        id::Revision,
        test_history::{group, id, member},
        view::{Change, Left, Removed, View},
    };

    fn change() -> Change {
        Change {
            group: group(0),
            from: Revision(7),
            view: Revision(8),
            revision: Revision(8),
            after: Revision(7),
            at_ms: 0,
            joined: vec![],
            left: vec![],
            removed: vec![],
            updated: vec![],
            away: vec![],
        }
    }

    fn removed(incarnation: u64, cause: Cause) -> Removed {
        Removed { id: id(1), incarnation: Incarnation(incarnation), cause, number: None }
    }

    fn with_state(state: MemberState) -> Member {
        Member { state, ..member(1, Revision(7)) }
    }

    #[test]
    fn a_change_tells_of_this_life_only() {
        let over = Sign::Over;
        let life = |revision| member(1, Revision(revision));
        let left = Left { id: id(1), incarnation: Incarnation(7), reason: Some("too slow".into()) };
        for (change, expected) in [
            (change(), Sign::Nothing),
            (Change { joined: vec![member(2, Revision(8))], ..change() }, Sign::Nothing),
            (
                Change { removed: vec![removed(7, Cause::Silence)], ..change() },
                over(Fate::Removed { cause: Some(Cause::Silence) }),
            ),
            (Change { removed: vec![removed(6, Cause::Silence)], ..change() }, Sign::Nothing),
            (
                Change {
                    removed: vec![removed(7, Cause::Replaced)],
                    joined: vec![life(8)],
                    ..change()
                },
                over(Fate::Replaced { by: Incarnation(8) }),
            ),
            (
                Change {
                    removed: vec![removed(6, Cause::Replaced)],
                    joined: vec![life(7)],
                    ..change()
                },
                Sign::Lives(MemberState::Active),
            ),
            (
                Change { left: vec![left], ..change() },
                over(Fate::Left { reason: Some("too slow".into()) }),
            ),
            (
                Change { updated: vec![with_state(MemberState::Draining)], ..change() },
                Sign::Lives(MemberState::Draining),
            ),
            (
                Change {
                    updated: vec![with_state(MemberState::Away)],
                    away: vec![removed(7, Cause::Silence)],
                    ..change()
                },
                over(Fate::Away { cause: Some(Cause::Silence) }),
            ),
            (
                Change {
                    updated: vec![life(8)],
                    away: vec![removed(7, Cause::Replaced)],
                    ..change()
                },
                over(Fate::Replaced { by: Incarnation(8) }),
            ),
        ] {
            let event = WatchEvent::Change(change);
            assert_eq!(sign(&event, &id(1), Incarnation(7)), expected, "{event:?}");
        }
    }

    #[test]
    fn a_snapshot_without_this_life_means_its_end() {
        for (members, expected) in [
            (
                vec![member(1, Revision(7)), member(2, Revision(9))],
                Sign::Lives(MemberState::Active),
            ),
            (vec![member(2, Revision(9))], Sign::Over(Fate::Removed { cause: None })),
            (vec![member(1, Revision(9))], Sign::Over(Fate::Replaced { by: Incarnation(9) })),
            (vec![member(1, Revision(6))], Sign::Nothing),
            (vec![with_state(MemberState::Away)], Sign::Over(Fate::Away { cause: None })),
        ] {
            let (view, revision) = (Revision(9), Revision(9));
            let event = WatchEvent::Snapshot(View { group: group(0), view, revision, members });
            assert_eq!(sign(&event, &id(1), Incarnation(7)), expected, "{event:?}");
        }
    }

    #[test]
    fn only_what_a_living_process_has_not_deserved_calls_for_a_rejoin() {
        for (cause, rejoin) in [
            (None, true),
            (Some(Cause::Silence), true),
            (Some(Cause::Quality), true),
            (Some(Cause::Fin), true),
            (Some(Cause::Refused), true),
            (Some(Cause::Exit), false),
            (Some(Cause::Signal), false),
            (Some(Cause::Operator), false),
            (Some(Cause::Replaced), false),
        ] {
            assert_eq!(Fate::Removed { cause }.calls_for_rejoin(), rejoin);
            assert_eq!(Fate::Away { cause }.calls_for_rejoin(), rejoin);
        }
        assert!(!Fate::Left { reason: None }.calls_for_rejoin());
        assert!(!Fate::Replaced { by: Incarnation(9) }.calls_for_rejoin());
    }
}
