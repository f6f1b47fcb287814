//! [`Feed`]: where the liveness stream takes its facts from.

use gms::{
    api::{Gone, GroupLiveness, MemberLiveness},
    id::{GroupId, Incarnation, MemberId},
};
use tokio::sync::watch;

/// One thing that changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LivenessChange {
    /// A member has another band.
    Member(MemberLiveness),
    /// A life is over.
    Gone(Gone),
}

impl LivenessChange {
    /// Whom it is about.
    pub fn subject(&self) -> (&GroupId, &MemberId, Incarnation) {
        match self {
            LivenessChange::Member(member) => (&member.group, &member.id, member.incarnation),
            LivenessChange::Gone(gone) => (&gone.group, &gone.id, gone.incarnation),
        }
    }
}

/// What is known of how alive the members look, cluster-wide, at the node that is asked.
///
/// Changes are numbered without a gap. The latest are kept up to a bound; whoever asks for older
/// ones must read everything anew.
pub trait Feed: std::fmt::Debug + Send + Sync + 'static {
    /// Tells of each new number.
    fn numbers(&self) -> watch::Receiver<u64>;

    /// All members (of one group), and the number of the last change that is in them.
    fn members(&self, group: Option<&GroupId>) -> (u64, Vec<MemberLiveness>);

    /// One member as it looks now.
    fn member(&self, group: &GroupId, member: &MemberId) -> Option<MemberLiveness>;

    /// The changes after this number, oldest first, and the number of the last; none if they are
    /// no longer all kept.
    fn changes_after(&self, number: u64) -> Option<(u64, Vec<LivenessChange>)>;

    /// The counts of every group (of one group), as they are now, ordered by name.
    fn counts(&self, group: Option<&GroupId>) -> Vec<GroupLiveness>;
}
