use actix_web::{HttpResponse, web};
use archon_app::{AdministerError, ListedSession};
use archon_domain::SessionId;

use super::{mandate, user_id};
use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{EndedBody, ErrorBody, ReasonBody, SessionsBody};
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::refusals::{AdminErrors, BodyErrors, CallerErrors, CommonErrors};

/// A user's live sessions, the last used first. `current` is the one that the request comes with.
#[utoipa::path(
    get, path = "/auth/admin/users/{user_id}/sessions", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    responses(
        (status = 200, description = "The sessions", body = SessionsBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn user_sessions(
    app: web::Data<WebState>,
    incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let administrator = incoming.administrator(&app).await?;
    let sessions = app.auth.sessions_of(user_id(&user)?).await?;
    let listed = sessions.into_iter().map(|session| {
        let current = session.id == administrator.caller().session.id;
        ListedSession { session, current }
    });
    Ok(ok(SessionsBody::new(listed.collect(), app.auth.now())))
}

/// End all of a user's sessions.
#[utoipa::path(
    delete, path = "/auth/admin/users/{user_id}/sessions", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "How many have ended by that", body = EndedBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn end_user_sessions(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id = user_id(&user)?;
    let ended = app.complete(|auth| async move { auth.end_sessions_of(&mandate, id).await }).await?;
    Ok(ok(EndedBody { ended }))
}

/// End one of a user's sessions.
#[utoipa::path(
    delete, path = "/auth/admin/users/{user_id}/sessions/{session_id}", tag = "administration",
    security(("bearer" = [])),
    params(
        ("user_id" = String, Path, description = "The user's id", format = Uuid),
        ("session_id" = String, Path, description = "The session's id", example = "pJ1Zk0m8WQqf3vCq0jTn5e6u2yXbR4aS"),
    ),
    request_body = ReasonBody,
    responses(
        (status = 204, description = "The session has ended"),
        (status = 404, description = "USER_NOT_FOUND, or SESSION_NOT_FOUND: the user has no such live session", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn end_user_session(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    path: web::Path<(String, String)>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let (user, session) = path.into_inner();
    let id = user_id(&user)?;
    let session = SessionId::parse(&session).ok_or_else(|| Problem::from(AdministerError::UnknownSession))?;
    app.complete(|auth| async move { auth.end_session_of(&mandate, id, &session).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}
