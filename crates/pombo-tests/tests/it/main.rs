//! Whole-program tests: the real binary, real clients, real databases.

mod auth_state;
mod crash;
mod crash_databases;
mod crash_faults;
mod crash_follow;
mod crash_newcomer;
mod crash_start;

mod support;

mod golden;

mod brokers_kafka;
mod brokers_kafka_secure;
mod brokers_mqtt;
mod brokers_nats;
mod brokers_pusher;
mod brokers_rabbitmq;
mod brokers_sqs;
mod brokers_tls;
mod browser;
mod operations;
mod pains;
mod proxy;
mod socketio;
mod webhook;
mod websocket;
mod whatsapp;
