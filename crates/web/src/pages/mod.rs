//! The pages that links in mails lead to: plain HTML that works without scripts and asks no other host.
//!
//! Opening a page never spends a token, since mail scanners follow links; its button does.

mod verify_email;

use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, HttpResponseBuilder};

use crate::answer::Answer;

pub(crate) use verify_email::{confirm, show};

const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// A page with a heading and a body of trusted HTML.
fn page(status: StatusCode, heading: &str, body: &str) -> HttpResponse {
    let html = include_str!("page.html").replace("{heading}", heading).replace("{body}", body);
    HttpResponseBuilder::new(status)
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html)
}

/// The pages' style sheet.
pub(crate) async fn style() -> Answer {
    Ok(HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(include_str!("page.css")))
}
