use actix_web::{HttpResponse, web};
use archon_app::Mandate;

use super::{mandate, user_id};
use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{
    AdminUserBody, ErrorBody, FindUsersQuery, ReasonBody, SetRolesBody, UserDetailsBody, UserPageBody,
};
use crate::cursor;
use crate::incoming::Incoming;
use crate::refusals::{AdminErrors, BodyErrors, CallerErrors, CommonErrors};

/// The accounts that meet every condition: the newest first, or by address where a beginning of it is asked for.
#[utoipa::path(
    get, path = "/auth/admin/users", tag = "administration", security(("bearer" = [])), params(FindUsersQuery),
    responses(
        (status = 200, description = "Some accounts, and the cursor of the next ones", body = UserPageBody),
        (status = 400, description = "VALIDATION_ERROR, or INVALID_CURSOR", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn find_users(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let query: FindUsersQuery = incoming.query(&app)?;
    let search = query.search();
    let after = query.cursor.as_deref().map(|text| cursor::read(text, &search)).transpose()?;
    let page = app.auth.find_users(&search, after.as_ref(), query.limit).await?;
    Ok(ok(UserPageBody {
        users: page.items.into_iter().map(AdminUserBody::from).collect(),
        next_cursor: page.next.map(|next| cursor::write(&next, &search)),
    }))
}

/// An account with its linked providers, its sessions and its lock.
#[utoipa::path(
    get, path = "/auth/admin/users/{user_id}", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    responses(
        (status = 200, description = "The account", body = UserDetailsBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn show_user(
    app: web::Data<WebState>,
    incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    incoming.administrator(&app).await?;
    let details = app.auth.user_details(user_id(&user)?).await?;
    Ok(ok(UserDetailsBody::from(details)))
}

/// Shut an account and end its sessions.
#[utoipa::path(
    post, path = "/auth/admin/users/{user_id}/disable", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "The account is shut, also where it was before", body = AdminUserBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        (status = 409, description = "LAST_ADMINISTRATOR: nobody could administer the service any more", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn disable_user(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id = user_id(&user)?;
    let user = app.complete(|auth| async move { auth.disable_user(&mandate, id).await }).await?;
    Ok(ok(AdminUserBody::from(user)))
}

/// Open a shut account again.
#[utoipa::path(
    post, path = "/auth/admin/users/{user_id}/enable", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "The account is open, also where it was before", body = AdminUserBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn enable_user(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id = user_id(&user)?;
    let user = app.complete(|auth| async move { auth.enable_user(&mandate, id).await }).await?;
    Ok(ok(AdminUserBody::from(user)))
}

/// Lift the lock of failed log-ins.
#[utoipa::path(
    post, path = "/auth/admin/users/{user_id}/unlock", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "No failed log-in of before counts any more", body = AdminUserBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn unlock_user(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id = user_id(&user)?;
    let user = app.complete(|auth| async move { auth.unlock_user(&mandate, id).await }).await?;
    Ok(ok(AdminUserBody::from(user)))
}

/// Set what a user may do, in place of all they could before. Tokens given out before keep their roles until they
/// expire; this API does not go by them alone.
#[utoipa::path(
    put, path = "/auth/admin/users/{user_id}/roles", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = SetRolesBody,
    responses(
        (status = 200, description = "The account with its roles", body = AdminUserBody),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        (status = 409, description = "LAST_ADMINISTRATOR: nobody could administer the service any more", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn set_roles(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let administrator = incoming.administrator(&app).await?;
    let SetRolesBody { roles, reason } = incoming.body(&app).await?;
    let (mandate, id) = (Mandate::new(administrator, reason), user_id(&user)?);
    let user = app.complete(|auth| async move { auth.set_roles(&mandate, id, roles).await }).await?;
    Ok(ok(AdminUserBody::from(user)))
}

/// Delete an account with everything that belongs to it. Security events stay.
#[utoipa::path(
    delete, path = "/auth/admin/users/{user_id}", tag = "administration", security(("bearer" = [])),
    params(("user_id" = String, Path, description = "The user's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 204, description = "The account is gone"),
        (status = 404, description = "USER_NOT_FOUND", body = ErrorBody),
        (status = 409, description = "LAST_ADMINISTRATOR: nobody could administer the service any more", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn delete_user(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    user: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id = user_id(&user)?;
    app.complete(|auth| async move { auth.delete_user(&mandate, id).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}
