use actix_web::{HttpResponse, web};
use archon_app::{AlertActionError, Mandate};
use archon_domain::ClientNetwork;

use super::mandate;
use crate::WebState;
use crate::answer::{Answer, json, ok};
use crate::bodies::{
    BlockAddressBody, BlockedAddressBody, BlockedAddressesBody, ErrorBody, LimitQuery, ReasonBody,
};
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::refusals::{AdminErrors, BodyErrors, CallerErrors, CommonErrors};

/// The client addresses that are blocked now, the latest first.
#[utoipa::path(
    get, path = "/auth/admin/blocked-addresses", tag = "administration", security(("bearer" = [])),
    params(LimitQuery),
    responses(
        (status = 200, description = "The addresses", body = BlockedAddressesBody),
        (status = 400, description = "VALIDATION_ERROR", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn blocked_addresses(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let LimitQuery { limit } = incoming.query(&app)?;
    let blocked = app.auth.blocked_addresses(limit).await?;
    let blocked_addresses = blocked.into_iter().map(BlockedAddressBody::from).collect();
    Ok(ok(BlockedAddressesBody { blocked_addresses }))
}

/// Block a client address: nobody can register, log in or reset a password from there, but for users who have
/// logged in from there before. One that is blocked already is until the later of the two ends.
#[utoipa::path(
    post, path = "/auth/admin/blocked-addresses", tag = "administration", security(("bearer" = [])),
    request_body = BlockAddressBody,
    responses(
        (status = 201, description = "The address is blocked", body = BlockedAddressBody),
        (status = 409, description = "OWN_ADDRESS: the request comes from there", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn block_address(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let administrator = incoming.administrator(&app).await?;
    let (block, reason) = incoming.body::<BlockAddressBody>(&app).await?.wish();
    let mandate = Mandate::new(administrator, reason);
    let blocked = app.complete(|auth| async move { auth.block_address(&mandate, block).await }).await?;
    Ok(json(HttpResponse::Created(), BlockedAddressBody::from(blocked)))
}

/// Lift the block of a client address.
#[utoipa::path(
    delete, path = "/auth/admin/blocked-addresses/{address}", tag = "administration", security(("bearer" = [])),
    params(("address" = String, Path, description = "The address; any one of an IPv6 /64", example = "198.51.100.7")),
    request_body = ReasonBody,
    responses(
        (status = 204, description = "The address is not blocked any more"),
        (status = 404, description = "ADDRESS_NOT_BLOCKED", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn lift_block(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    address: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    // The slash of a /64 stays encoded in a path.
    let address = address.replace("%2F", "/").replace("%2f", "/");
    let network: ClientNetwork = address.parse().map_err(|_| Problem::from(AlertActionError::NotBlocked))?;
    app.complete(|auth| async move { auth.lift_block(&mandate, network).await }).await?;
    Ok(HttpResponse::NoContent().finish())
}
