use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;

use super::PageAnswer;

/// The pages' style sheet.
pub(crate) async fn style() -> PageAnswer {
    Ok(asset("text/css; charset=utf-8", include_str!("page.css")))
}

/// The pages' icon.
pub(crate) async fn icon() -> PageAnswer {
    Ok(asset("image/svg+xml", include_str!("icon.svg")))
}

fn asset(content_type: &'static str, body: &'static str) -> HttpResponse {
    HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(body)
}
