//! Groups: a call by REST, and the phones of the other members as witnesses.

mod errors;
mod invite;
mod kit;
mod make;
mod mention;
mod people;
mod query;
