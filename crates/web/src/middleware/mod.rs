//! What every request and every response goes through, outermost first: [`envelope`], [`head_as_get`],
//! [`rate_headers`].

mod envelope;
mod head_as_get;
mod rate_headers;
mod trace;

pub(crate) use envelope::envelope;
pub(crate) use head_as_get::head_as_get;
pub(crate) use rate_headers::rate_headers;
