//! [`Parameter`]: the names of the query parameters.

/// A query parameter. Which call takes which is said by the table of routes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Parameter {
    /// Only what is newer than this revision.
    After,
    /// How long to wait for something newer.
    Wait,
    /// How fresh a read must be.
    Consistency,
    /// Only say what would happen.
    DryRun,
    /// Count only if the group still has this view.
    IfView,
    /// The life meant.
    Incarnation,
    /// Why an operator does this.
    Reason,
    /// How a member's program ended.
    Cause,
    /// Its exit code or signal.
    Number,
    /// Whose session this stream is.
    As,
    /// Also what is no view.
    Events,
    /// Only this group.
    Group,
    /// Only this member.
    Member,
    /// How many at most.
    Limit,
}

impl Parameter {
    /// Every parameter there is.
    pub const ALL: &'static [Parameter] = &[
        Parameter::After,
        Parameter::Wait,
        Parameter::Consistency,
        Parameter::DryRun,
        Parameter::IfView,
        Parameter::Incarnation,
        Parameter::Reason,
        Parameter::Cause,
        Parameter::Number,
        Parameter::As,
        Parameter::Events,
        Parameter::Group,
        Parameter::Member,
        Parameter::Limit,
    ];

    /// Its name in a query.
    pub fn as_str(self) -> &'static str {
        match self {
            Parameter::After => "after",
            Parameter::Wait => "wait",
            Parameter::Consistency => "consistency",
            Parameter::DryRun => "dry_run",
            Parameter::IfView => "if_view",
            Parameter::Incarnation => "incarnation",
            Parameter::Reason => "reason",
            Parameter::Cause => "cause",
            Parameter::Number => "number",
            Parameter::As => "as",
            Parameter::Events => "events",
            Parameter::Group => "group",
            Parameter::Member => "member",
            Parameter::Limit => "limit",
        }
    }
}
