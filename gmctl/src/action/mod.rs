//! Everything a person can do in the dashboard, as one table.
//!
//! The table feeds key handling, the palette, the footer and the help, so none of them can say
//! what another does not do.
//!
//! | file | what |
//! |---|---|
//! | `key` | a key as people write it: `g`, `C-d`, `Enter` |
//! | `keymap` | which keys do what: the defaults and the user's own |
//! | `search` | finding one by what somebody types |
//! | `table` | the actions: name, help, impact, default keys, what they take |
//! | `when` | when an action is possible, and why not |

pub mod key;
pub mod keymap;
pub mod search;
pub mod table;
pub mod when;
