//! The HTTP surface of Archon Auth: routes, bodies, errors and headers over the use cases of `archon-app`.
//!
//! A handler reads a request into a command, calls one use case and turns its outcome into a response.

mod answer;
mod app;
mod bodies;
mod body;
mod charged;
mod client_address;
mod console;
mod cursor;
mod errors;
mod fields;
mod incoming;
mod json;
mod middleware;
mod openapi;
mod pages;
mod problem;
mod refusals;
mod routes;
mod state;
mod templates;
mod urlencoded;

pub use app::server_app;
pub use client_address::TrustedProxies;
pub use openapi::openapi;
pub use problem::Problem;
pub use state::{WebPolicy, WebState};
pub use templates::{PagePolicy, TemplateError};
