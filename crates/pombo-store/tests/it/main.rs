//! The store on all three databases.
mod group;
mod kit;
