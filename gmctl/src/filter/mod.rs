//! The filter language, the same behind `/` in the dashboard and `-f` on the command line.
//!
//! ```text
//! state:suspect rack:r7 age>5s rtt>=50ms -tag:canary monitor:2 id~^m-04 "free text"
//! ```
//!
//! Words side by side must all hold, `|` is or, `-` is not, parentheses group.
//!
//! | test | holds when |
//! |---|---|
//! | `state:WORD` | the band (`ok late suspect condemned unknown`), or what the dashboard shows (`new away left removed`), or the replicated state (`active draining away`) is the word |
//! | `id: name: group: address: kind:` | the text is the same; with `~` it contains the value, where `^` and `$` tie it to an end |
//! | `monitor: witness: misses: incarnation:` | the number is the same; also `!= > >= < <=` |
//! | `age: rtt:` | a length of time (`5s`, `50ms`, `300us`), compared like a number |
//! | `seen:` | the node is its monitor or its witness |
//! | `tag:KEY` | it carries the tag |
//! | `KEY:VALUE` | its tag of that key has the value; also `!=` and `~` |
//! | `WORD` | id, group, address or a tag contains it, upper and lower case alike |
//!
//! Groups, nodes and events have fields of their own ([`vocabulary`]) and no tags.
//!
//! What is not known (the age of a member nobody has reached yet) compares as false.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 2 | `subject` | what groups, nodes and events answer |
//! | 1 | `parser`, `eval` | tokens to a filter, or the place of the mistake; whether it holds for something |
//! | 0 | `lexer`, `ast`, `vocabulary` | text to tokens, each with its place; a parsed filter; the fields there are |

pub mod ast;
pub mod eval;
pub mod lexer;
pub mod parser;
pub mod subject;
pub mod vocabulary;
