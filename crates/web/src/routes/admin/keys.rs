use actix_web::{HttpResponse, web};

use super::mandate;
use crate::WebState;
use crate::answer::{Answer, json, ok};
use crate::bodies::{ErrorBody, KeyBody, KeysBody, ReasonBody};
use crate::incoming::Incoming;
use crate::refusals::{AdminErrors, BodyErrors, CallerErrors, CommonErrors};

/// The signing keys, in the order in which they take over.
#[utoipa::path(
    get, path = "/auth/admin/keys", tag = "administration", security(("bearer" = [])),
    responses(
        (status = 200, description = "The keys", body = KeysBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn list_keys(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    Ok(ok(KeysBody::from(app.auth.signing_keys().await?)))
}

/// Make a new signing key. It is published at once, and signs once every replica and every reader of the key set
/// knows it; the one before it verifies until its last token has expired.
#[utoipa::path(
    post, path = "/auth/admin/keys/rotate", tag = "administration", security(("bearer" = [])),
    request_body = ReasonBody,
    responses(
        (status = 201, description = "The new key", body = KeyBody),
        (status = 409, description = "KEYS_FROM_FILES: the operator brings the keys in files", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn rotate_keys(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let key = app.complete(|auth| async move { auth.rotate_keys(&mandate).await }).await?;
    Ok(json(HttpResponse::Created(), KeyBody::from(key)))
}
