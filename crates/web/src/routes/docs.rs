use std::sync::{Arc, LazyLock};

use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::Config;

use crate::answer::Answer;
use crate::problem::Problem;
use crate::refusals::CommonErrors;

/// The OpenAPI document, rendered when it is first asked for.
pub(crate) struct OpenApiDocument(pub(crate) &'static LazyLock<String>);

/// Without the validator badge, which would ask another host.
static CONFIG: LazyLock<Arc<Config<'static>>> =
    LazyLock::new(|| Arc::new(Config::from("/auth/openapi.json").validator_url("none")));

/// Swagger UI styles its elements in place; scripts come from here alone.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
                      img-src 'self' data:; connect-src 'self'; base-uri 'self'; form-action 'none'; \
                      frame-ancestors 'none'";

/// The OpenAPI 3.1 document.
#[utoipa::path(
    get, path = "/auth/openapi.json", tag = "documentation",
    responses((status = 200, description = "The document", body = Object), CommonErrors),
)]
pub(crate) async fn document(document: web::Data<OpenApiDocument>) -> Answer {
    Ok(HttpResponse::Ok().content_type("application/json; charset=utf-8").body(document.0.as_str()))
}

/// A page that shows the OpenAPI document; asks no other host.
#[utoipa::path(
    get, path = "/auth/docs", tag = "documentation",
    responses((status = 200, description = "The page", body = String, content_type = "text/html"), CommonErrors),
)]
pub(crate) async fn page() -> Answer {
    let html = String::from_utf8_lossy(&file("index.html")?.1)
        // The page lies at /auth/docs, its files below it.
        .replacen("<head>", "<head><base href=\"/auth/docs/\">", 1);
    Ok(HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .body(html))
}

/// The page's scripts and styles.
pub(crate) async fn asset(path: web::Path<String>) -> Answer {
    let (content_type, bytes) = file(&path)?;
    Ok(HttpResponse::Ok()
        .content_type(content_type)
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((CACHE_CONTROL, "public, max-age=3600"))
        .body(bytes))
}

fn file(name: &str) -> Result<(String, Vec<u8>), Problem> {
    match utoipa_swagger_ui::serve(name, Arc::clone(&CONFIG)) {
        Ok(Some(file)) => Ok((file.content_type, file.bytes.to_vec())),
        Ok(None) | Err(_) => Err(Problem::not_found("NOT_FOUND", "The documentation has no such file")),
    }
}
