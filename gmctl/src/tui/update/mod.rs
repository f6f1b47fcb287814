//! What each message does to the state: pure, without waiting, clock or IO. Whatever has to happen
//! outside comes back as an effect.
//!
//! | file | what |
//! |---|---|
//! | `turn` | one message in, effects out |
//! | `keys` | which action a key is, or what it does to what lies over the screen |
//! | `act` | what each action does |
//! | `takes` | actions that take something: `:at 12:02:50` |
//! | `named` | actions whose subject is named: `:leave payments web-1` |
//! | `menus` | choosing one of a few, or some of them |
//! | `cells` | the heat grid under the keys |
//! | `back` | what was missed while nothing was heard |
//! | `evidence` | what happened about a removal; what is asked for the sake of a recording |
//! | `matches` | from match to match |
//! | `mouse` | what a click and the wheel do |
//! | `places` | going somewhere and coming back |
//! | `forms` | opening forms, and what their answers lead to |
//! | `times` | looking back |
//! | `unseen` | a terminal too small to see what is done |

pub mod act;
pub mod back;
pub mod cells;
pub mod evidence;
pub mod forms;
pub mod keys;
pub mod matches;
pub mod menus;
pub mod mouse;
pub mod named;
pub mod places;
pub mod takes;
pub mod times;
pub mod turn;
pub mod unseen;
