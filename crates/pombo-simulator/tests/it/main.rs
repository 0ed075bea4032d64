//! The simulator, seen by real clients: one module for each stanza family.

#![recursion_limit = "512"]

mod kit;

mod account;
mod admin;
mod app_state;
mod baileys;
mod business;
mod call;
mod community;
mod directory;
mod fan_out;
mod fault;
mod group;
mod handshake;
mod keys;
mod media;
mod message;
mod newsletter;
mod notice;
mod offline;
mod pairing;
mod persist;
mod phone_client;
mod phone_duty;
mod phone_group;
mod phone_message;
mod phone_retry;
mod phone_secret;
mod presence;
mod privacy;
mod receipt;
mod session;
