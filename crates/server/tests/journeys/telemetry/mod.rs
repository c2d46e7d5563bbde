//! What the service tells those who watch it: figures and traces.

mod collector;
mod metrics;
mod page;
mod traces;
