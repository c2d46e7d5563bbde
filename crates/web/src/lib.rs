//! The HTTP surface of Archon Auth: routes, bodies, errors and headers over the use cases of `archon-app`.
//!
//! A handler reads a request into a command, calls one use case and turns its outcome into a response.

mod bodies;
mod body;
mod client_address;
mod errors;
mod fields;
mod incoming;
mod json;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod routes;
mod state;

pub use client_address::TrustedProxies;
pub use openapi::openapi;
pub use problem::Problem;
pub use routes::{configure, server_app};
pub use state::{WebPolicy, WebState};
