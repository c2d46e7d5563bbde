use actix_web::{HttpResponse, HttpResponseBuilder};
use serde::Serialize;

use crate::problem::Problem;

/// What handlers answer with.
pub(crate) type Answer = Result<HttpResponse, Problem>;

/// 200 with a JSON body.
pub(crate) fn ok(body: impl Serialize) -> HttpResponse {
    json(HttpResponse::Ok(), body)
}

/// A JSON body with any status.
pub(crate) fn json(mut response: HttpResponseBuilder, body: impl Serialize) -> HttpResponse {
    response.content_type("application/json; charset=utf-8").json(body)
}
