//! The behaviour of the service as its callers see it: whole requests to a whole service over memory
//! stores, with a clock that the tests turn.

mod account;
mod addresses;
mod admin;
mod alerts;
mod breached;
mod console;
mod email;
mod envelope;
mod hostile_bodies;
mod hostile_requests;
mod hostile_tokens;
mod limits;
mod login;
mod oauth;
mod pages;
mod parallel;
mod password;
mod refresh;
mod registration;
mod reset;
mod reset_budgets;
mod sessions;
mod support;
mod tokens;
mod unasked_mails;
mod watched_sessions;
