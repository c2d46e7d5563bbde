//! The behaviour of the service as its callers see it: whole requests to a whole service over memory
//! stores, with a clock that the tests turn.

mod account;
mod email;
mod envelope;
mod hostile_bodies;
mod hostile_requests;
mod hostile_tokens;
mod limits;
mod login;
mod parallel;
mod password;
mod refresh;
mod registration;
mod sessions;
mod support;
mod tokens;
