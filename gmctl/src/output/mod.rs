//! What gmctl prints: stdout is data only, stderr is messages.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 5 | `printer` | the only writer to stdout and stderr |
//! | 4 | `page` | one answer in each format |
//! | 3 | `table` | aligned columns within the terminal's width; the same as CSV |
//! | 2 | `human` | times and figures as people read them |
//! | 1 | `style` | colours, and how the user wants it drawn |
//! | 0 | `format`, `terminal`, `plain` | formats, what is known of the terminal, foreign text |

pub mod format;
pub mod human;
pub mod page;
pub mod plain;
pub mod printer;
pub mod style;
pub mod table;
pub mod terminal;
