//! How much there may be. Every bound that the replicated state keeps, with its reason.
//!
//! They are part of the state machine: all nodes must run the same figures, so a change of one is
//! a change of the log's meaning.

/// Groups. Each costs a few hundred bytes and a line on the operator's screen.
pub const GROUPS_MAX: u64 = 10_000;
/// Members in one group: what one view can carry in one answer of about 30 MiB.
pub const GROUP_MEMBERS_MAX: u64 = 100_000;
/// Members in all groups: what the nodes can ping within their share of two cores.
pub const MEMBERS_MAX: u64 = 200_000;
/// Tags of one member; a view carries them all.
pub const TAGS_MAX: usize = 32;
/// Bytes of a tag's key.
pub const TAG_KEY_MAX_LEN: usize = 64;
/// Bytes of a tag's value.
pub const TAG_VALUE_MAX_LEN: usize = 256;
/// Bytes of an `instance`.
pub const INSTANCE_MAX_LEN: usize = 128;
/// Bytes of an idempotency key.
pub const TOKEN_MAX_LEN: usize = 128;
/// Bytes of a reason given by an operator.
pub const REASON_MAX_LEN: usize = 256;
/// Member changes (and other events) kept as history: what a watcher can resume from, and how far
/// back `why` reaches. About 40 MiB at worst.
pub const HISTORY_MAX: usize = 131_072;
/// Answers kept for repeated idempotency keys: some seconds at the fastest rate of joins.
pub const RECEIPTS_MAX: usize = 65_536;
/// Ends of lives kept beyond history because nothing shows that the process is gone. A lease lasts
/// seconds, so this many are those of a bad minute.
pub const UNPROVEN_MAX: usize = 4_096;
/// Proposals in one entry, so that one entry stays near a megabyte.
pub const ENTRY_PROPOSALS_MAX: usize = 1_024;
