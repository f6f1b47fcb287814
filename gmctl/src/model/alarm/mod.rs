//! The one sentence that matters most now.
//!
//! Rules are asked in order of weight and the first that finds something speaks: can the screen be
//! trusted, can the cluster decide, is somebody about to be removed, is a node unwell. Each rule is
//! a pure function of the model, so a test gives a model and expects a sentence.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 2 | `rules` | every rule, the weightiest first |
//! | 1 | `trust`, `members`, `nodes` | the rules, by what they look at |
//! | 0 | `finding`, `words` | what a rule finds; lengths of time in words |

pub mod finding;
pub mod members;
pub mod nodes;
pub mod rules;
pub mod trust;
pub mod words;
