//! The board as the HTTP layer reads it.

use gms::{
    api::{Gone, GroupLiveness, MemberLiveness},
    id::{GroupId, MemberId},
};
use tokio::sync::watch;

use crate::{
    http::feed::{Feed, LivenessChange},
    service::board::{Board, Look},
};

/// The board of this node.
#[derive(Debug)]
pub(super) struct BoardFeed(pub(super) Board);

impl Feed for BoardFeed {
    fn numbers(&self) -> watch::Receiver<u64> {
        self.0.numbers()
    }

    fn members(&self, group: Option<&GroupId>) -> (u64, Vec<MemberLiveness>) {
        self.0.members(group)
    }

    fn member(&self, group: &GroupId, member: &MemberId) -> Option<MemberLiveness> {
        self.0.member(group, member)
    }

    fn changes_after(&self, number: u64) -> Option<(u64, Vec<LivenessChange>)> {
        let (number, looks) = self.0.changes_after(number)?;
        let change = |look| match look {
            Look::Member(member) => LivenessChange::Member(member),
            Look::Gone(gone) => LivenessChange::Gone(Gone {
                group: gone.group,
                id: gone.member,
                incarnation: gone.incarnation,
            }),
        };
        Some((number, looks.into_iter().map(change).collect()))
    }

    fn counts(&self, group: Option<&GroupId>) -> Vec<GroupLiveness> {
        self.0.counts(group)
    }
}
