//! The tests of the floors: [`rules`] are what must hold, [`reading`] how it is read.

mod reading;
mod rules;
