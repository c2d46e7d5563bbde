use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use actix_web::{HttpResponse, web};

use crate::WebState;
use crate::answer::{Answer, json};
use crate::bodies::JwkSetBody;

/// The public keys that verify access tokens (RFC 7517).
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "keys",
    responses((status = 200, description = "The key set", body = JwkSetBody)),
)]
pub(crate) async fn jwks(app: web::Data<WebState>) -> Answer {
    let cache = format!("public, max-age={}", app.policy.jwks_max_age);
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CACHE_CONTROL, cache))
        .insert_header((HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"));
    Ok(json(response, app.auth.jwks()))
}
