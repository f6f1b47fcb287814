//! What is known of the cluster: plain facts, fed by watches and polls, read by every screen.
//!
//! Nothing here draws, waits, reads a clock or talks to anybody. Every map is persistent, so a
//! clone of the whole [`cluster::Model`] costs next to nothing: that is how a screen is frozen and
//! how the past is kept.
//!
//! | file | what |
//! |---|---|
//! | `moment` | one reading of both clocks |
//! | `condition` | how a member looks: few words instead of a scale |
//! | `answers` | in which of the last seconds a member answered |
//! | `heard` | what was heard of a member, and what can be said from it |
//! | `group` | one group: members, what was heard of them, who is just gone |
//! | `veil` | what keeps us from knowing how members are now |
//! | `contact` | whether a node is in touch with a quorum, in words |
//! | `link` | whether what is shown can be trusted, and how old it is |
//! | `happening` | what can happen, in the words of the screen |
//! | `timeline` | what happened, oldest first |
//! | `scrub` | how much happened when, in columns |
//! | `beats` | second by second, the members that are looked at |
//! | `opinion` | what a node says of itself when it is asked directly |
//! | `evidence` | why members went, and why some are doubted |
//! | `cluster` | all of it together |
//! | `history` | the past, frame by frame |
//! | `apply` | how each message changes it |
//! | `difference` | what changed between two moments |
//! | `correlate` | what the members in doubt have in common |
//! | `alarm` | the one sentence that matters most now |

pub mod alarm;
pub mod answers;
pub mod apply;
pub mod beats;
pub mod cluster;
pub mod condition;
pub mod contact;
pub mod correlate;
pub mod difference;
pub mod evidence;
pub mod group;
pub mod happening;
pub mod heard;
pub mod history;
pub mod link;
pub mod moment;
pub mod opinion;
pub mod scrub;
pub mod timeline;
pub mod veil;
