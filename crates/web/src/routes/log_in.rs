use actix_web::{HttpResponse, web};
use archon_app::Refresh;
use archon_domain::{Bucket, SignedToken};

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{ErrorBody, LogInBody, RefreshBody, TokenPairBody};
use crate::charged::open_session;
use crate::incoming::Incoming;
use crate::refusals::{BodyErrors, CallerErrors, CommonErrors};

/// Log in with a password.
#[utoipa::path(
    post, path = "/auth/login", tag = "log-in", request_body = LogInBody,
    responses(
        (status = 200, description = "The session's first tokens", body = TokenPairBody),
        (status = 401, description = "INVALID_CREDENTIALS", body = ErrorBody),
        (status = 403, description = "ADDRESS_BLOCKED, EMAIL_NOT_VERIFIED, ACCOUNT_DISABLED or SESSION_LIMIT_REACHED", body = ErrorBody),
        BodyErrors, CommonErrors,
    ),
)]
pub(crate) async fn log_in(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let body = incoming.body(&app).await?;
    let logged_in = open_session(&app, &incoming, body).await?;
    Ok(ok(TokenPairBody::from(logged_in.tokens)))
}

/// Spend a refresh token for the next pair.
#[utoipa::path(
    post, path = "/auth/refresh", tag = "log-in", request_body = RefreshBody,
    responses(
        (status = 200, description = "The next pair", body = TokenPairBody),
        (status = 401, description = "TOKEN_INVALID, TOKEN_EXPIRED, TOKEN_REUSED or SESSION_EXPIRED", body = ErrorBody),
        BodyErrors, CommonErrors,
    ),
)]
pub(crate) async fn refresh(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let RefreshBody { refresh_token } = incoming.body(&app).await?;
    incoming.charge_client(&app, Bucket::Refresh).await?;
    let command = Refresh { token: SignedToken::new(refresh_token), client: incoming.client() };
    let pair = app.complete(|auth| async move { auth.refresh(command).await }).await?;
    Ok(ok(TokenPairBody::from(pair)))
}

/// End the caller's session, for all its tokens.
#[utoipa::path(
    post, path = "/auth/logout", tag = "log-in", security(("bearer" = [])),
    responses((status = 204, description = "The session has ended"), CallerErrors, CommonErrors),
)]
pub(crate) async fn log_out(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    let caller = incoming.caller(&app).await?;
    app.complete(|auth| async move { auth.log_out(&caller).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}
