//! What gmctl prints: stdout is data only, stderr is messages.
//!
//! | floor | file | what |
//! |---|---|---|
//! | 3 | `printer` | the only writer to stdout and stderr |
//! | 2 | `page` | one answer in each format |
//! | 1 | `table` | aligned columns within the terminal's width |
//! | 0 | `format`, `style`, `terminal`, `human`, `plain` | formats, colours, what is known of the terminal, times, foreign text |

pub mod format;
pub mod human;
pub mod page;
pub mod plain;
pub mod printer;
pub mod style;
pub mod table;
pub mod terminal;
