//! The dashboard: the cluster live in a terminal, and every act on it behind a form.
//!
//! One pure core: `update` turns a message into a changed [`app::App`] and a list of effects,
//! `view` draws the app and changes nothing. Keys, feeds, answers and the clock all come in as
//! messages through one bounded channel, so a test can play any of them.
//!
//! ```text
//! input (keys) ---\
//! feeds (network) --+--> channel of messages --> update --> effects --> network, terminal
//! signals, clock --/                               |
//!                                                  +--> view, when something changed and is due
//! ```
//!
//! | floor | files | what |
//! |---|---|---|
//! | 7 | `dashboard` | options, the door: [`dashboard::run`] |
//! | 6 | `run` | the loop, the feeds, the effects: whatever touches the world |
//! | 5 | `update` | messages in, app changed |
//! | 4 | `view` | app drawn; how far a screen can be scrolled |
//! | 3 | `message`, `command_line`, `completion`, `row_json`, `values`, `opening` | what comes in and goes out; the command line that does the same; what can follow in the palette; a row and all rows as values; how a recording begins |
//! | 2 | `app`, `ui`, `subject`, `selection`, `filters`, `rows`, `geometry` | the whole state; what the keys act on; what the lists show, and where |
//! | 1 | `dialog`, `place`, `request`, `columns`, `demo` | forms; screens; tables; what is asked of the service, of a demo |
//! | 0 | `theme`, `glyphs`, `size`, `pacer`, `term`, `widget`, `outcome` | looks; when to draw; the terminal; how it ends |

pub mod app;
pub mod columns;
pub mod command_line;
pub mod completion;
pub mod dashboard;
pub mod demo;
pub mod dialog;
pub mod filters;
pub mod geometry;
pub mod glyphs;
pub mod message;
pub mod opening;
pub mod outcome;
pub mod pacer;
pub mod place;
pub mod request;
pub mod row_json;
pub mod rows;
pub mod run;
pub mod selection;
pub mod size;
pub mod subject;
pub mod term;
pub mod theme;
pub mod ui;
pub mod update;
pub mod values;
pub mod view;
pub mod widget;

#[cfg(test)]
mod any_tests;
#[cfg(test)]
mod find_tests;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod key_tests;
#[cfg(test)]
mod knowledge_tests;
#[cfg(test)]
mod matrix_tests;
#[cfg(test)]
mod named_tests;
#[cfg(test)]
mod reach_tests;
#[cfg(test)]
mod screen_tests;
#[cfg(test)]
mod scroll_tests;
#[cfg(test)]
mod tape_tests;
#[cfg(test)]
mod top_tests;
#[cfg(test)]
mod update_tests;
