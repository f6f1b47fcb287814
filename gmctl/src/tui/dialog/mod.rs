//! Forms: what a person fills in before the dashboard asks anything of the service.
//!
//! A form is a state machine without IO: it is filled in, checked by a dry run at the service,
//! confirmed, sent. What it is about (which members, which lives) is fixed when it opens and never
//! follows the selection afterwards.
//!
//! | file | what |
//! |---|---|
//! | `typing` | one line of text under the keys |
//! | `field` | a labelled line with its mistake |
//! | `purpose` | what a form is for: its fields, and the request they make |
//! | `form` | the state machine |

pub mod field;
pub mod form;
pub mod purpose;
pub mod typing;
