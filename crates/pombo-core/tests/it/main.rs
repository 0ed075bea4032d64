//! The rules over a real database, with receivers that the tests control.

mod delivery;
mod instances;
mod kit;
mod live;
