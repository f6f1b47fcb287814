//! Drawing: reads the app, writes a frame, changes nothing.
//!
//! [`screen::draw`] is the whole screen: a frame of header, alarm and footer that is the same
//! everywhere, a body by the place, and what lies over it. Each body is a file.
//!
//! ```text
//! header   who answers, how old the picture is          always
//! cluster  leader, term, quorum, counts                 full size
//! alarm    the one sentence that matters most           always
//! tabs     the screens                                  compact size
//! body     by the place
//! since    what changed since one last looked, or what became of a command
//! scrub    when how much happened, and the moment shown
//! command  the command line that shows the same
//! footer   the keys that do something here
//! ```

pub mod body;
pub mod difference;
pub mod figures;
pub mod footer;
pub mod form;
pub mod groups;
pub mod header;
pub mod heat;
pub mod help;
pub mod lanes;
pub mod listing;
pub mod member;
pub mod members;
pub mod menu;
pub mod nodes;
pub mod overview;
pub mod page;
pub mod palette;
pub mod radius;
pub mod screen;
pub mod scrub;
pub mod timeline;
pub mod top;
pub mod views;
pub mod why;
