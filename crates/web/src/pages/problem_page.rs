use actix_web::HttpResponse;
use actix_web::http::header::CONTENT_SECURITY_POLICY;
use archon_domain::Instant;
use minijinja::context;

use super::visit::POLICY;
use super::words::in_so_long;
use crate::problem::Problem;
use crate::templates::Pages;

/// An error below the pages' paths, for whoever has opened one: what happened, what to do, the way to `start`, and
/// the request's id for whoever is asked for help.
pub(crate) fn problem_page(
    pages: &Pages,
    problem: &Problem,
    start: &str,
    now: Instant,
    id: &str,
) -> HttpResponse {
    let wait = problem.retry_after.map_or(0, |retry_after| retry_after.seconds(now));
    let (heading, advice) = words(problem, &in_so_long(wait, now));
    let values = context! { heading, advice => &advice, start, request_id => id };
    let mut response = HttpResponse::build(problem.status);
    match pages.render("problem.html", values) {
        Ok(html) => response
            .content_type("text/html; charset=utf-8")
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .body(html),
        Err(_) => response.content_type("text/plain; charset=utf-8").body(format!("{heading}\n\n{advice}\n")),
    }
}

fn words(problem: &Problem, soon: &str) -> (&'static str, String) {
    match problem.status.as_u16() {
        404 if problem.code == "USER_NOT_FOUND" => (
            "There is no such account",
            "It may have been deleted meanwhile. Its security events are still there.".to_owned(),
        ),
        404 => (
            "There is no such page",
            "The address may be mistyped. If it came with a mail, copy the whole link.".to_owned(),
        ),
        405 => (
            "This page cannot be opened like that",
            "It is for forms only. Go to the start, and find your way from there.".to_owned(),
        ),
        413 => ("That was too much", "The form held more than can be taken. Send less.".to_owned()),
        429 => ("That was too often", format!("Nothing was done. Try again {soon}.")),
        503 => ("The service is busy", format!("Nothing was done. Try again {soon}.")),
        500..=599 => (
            "Something went wrong",
            "The fault is on our side. Try again in a while; if it stays, ask the operator of this service."
                .to_owned(),
        ),
        _ => ("That could not be understood", "Go back, open the page anew, and try again.".to_owned()),
    }
}
