use actix_web::http::header::{CACHE_CONTROL, CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue};
use actix_web::{HttpResponse, web};

use super::PageAnswer;
use crate::problem::Problem;

/// The marks of ways to log in, drawn for these pages: a provider's own would be asked of its host.
const MARKS: [(&str, &str); 4] = [
    ("google.svg", include_str!("marks/google.svg")),
    ("github.svg", include_str!("marks/github.svg")),
    ("microsoft.svg", include_str!("marks/microsoft.svg")),
    ("key.svg", include_str!("marks/key.svg")),
];

/// The pages' style sheet.
pub(crate) async fn style() -> PageAnswer {
    Ok(asset("text/css; charset=utf-8", include_str!("page.css")))
}

/// The pages' icon.
pub(crate) async fn icon() -> PageAnswer {
    Ok(asset("image/svg+xml", include_str!("icon.svg")))
}

/// The mark of a way to log in. `GET /auth/oauth/providers` names it to front ends, whatever their origin.
pub(crate) async fn mark(file: web::Path<String>) -> PageAnswer {
    let found = MARKS.iter().find(|(name, _)| *name == file.as_str());
    let (_, drawing) = found.ok_or_else(|| Problem::not_found("NOT_FOUND", "There is no such file"))?;
    let mut mark = asset("image/svg+xml", drawing);
    mark.headers_mut().insert(CROSS_ORIGIN_RESOURCE_POLICY, HeaderValue::from_static("cross-origin"));
    Ok(mark)
}

/// Where the mark of a provider is served: a key, for those that have none of their own.
pub(crate) fn mark_of(provider: &str) -> &'static str {
    match provider {
        "google" => "/auth/pages/assets/google.svg",
        "github" => "/auth/pages/assets/github.svg",
        "microsoft" => "/auth/pages/assets/microsoft.svg",
        _ => "/auth/pages/assets/key.svg",
    }
}

/// A file that is part of the program, which browsers may keep for an hour.
pub(crate) fn asset(content_type: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mark_is_served() {
        for provider in ["google", "github", "microsoft", "elsewhere", ""] {
            let file = mark_of(provider).strip_prefix("/auth/pages/assets/").unwrap();
            assert!(MARKS.iter().any(|(name, _)| *name == file), "{file}");
        }
    }
}
