use actix_web::web;
use archon_app::EndSessionError;
use archon_domain::SessionId;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{ErrorBody, MessageBody, SessionsBody};
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::refusals::{CallerErrors, CommonErrors};

/// The caller's sessions, the last used first.
#[utoipa::path(
    get, path = "/auth/sessions", tag = "sessions", security(("bearer" = [])),
    responses((status = 200, description = "The sessions", body = SessionsBody), CallerErrors, CommonErrors),
)]
pub(crate) async fn list(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let listed = app.auth.list_sessions(&caller).await?;
    Ok(ok(SessionsBody::new(listed, app.auth.now())))
}

/// End one of the caller's sessions.
#[utoipa::path(
    delete, path = "/auth/sessions/{session_id}", tag = "sessions", security(("bearer" = [])),
    params(("session_id" = String, Path, description = "The session's id", example = "pJ1Zk0m8WQqf3vCq0jTn5e6u2yXbR4aS")),
    responses(
        (status = 200, description = "The session has ended", body = MessageBody),
        (status = 404, description = "SESSION_NOT_FOUND: the caller has no such session", body = ErrorBody),
        CallerErrors, CommonErrors,
    ),
)]
pub(crate) async fn end(app: web::Data<WebState>, incoming: Incoming, path: web::Path<String>) -> Answer {
    let caller = incoming.caller(&app).await?;
    let id = SessionId::parse(&path).ok_or_else(|| Problem::from(EndSessionError::NotFound))?;
    app.complete(|auth| async move { auth.end_session(&caller, &id).await }).await?;
    Ok(ok(MessageBody::new("Session ended")))
}

/// End all of the caller's sessions but the one the request comes with.
#[utoipa::path(
    delete, path = "/auth/sessions", tag = "sessions", security(("bearer" = [])),
    responses((status = 200, description = "The others have ended", body = MessageBody), CallerErrors, CommonErrors),
)]
pub(crate) async fn end_others(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    let ended = app.complete(|auth| async move { auth.end_other_sessions(&caller).await }).await?;
    Ok(ok(MessageBody::new(format!("Other sessions ended: {ended}"))))
}
