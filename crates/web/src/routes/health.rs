use actix_web::{HttpResponse, web};
use archon_app::HealthStatus;

use crate::WebState;
use crate::answer::{Answer, json, ok};
use crate::bodies::{HealthBody, ProbeBody};

/// How the service and what it depends on are.
#[utoipa::path(
    get, path = "/auth/health", tag = "health",
    responses(
        (status = 200, description = "Healthy or degraded", body = HealthBody),
        (status = 503, description = "Unhealthy: the service cannot work", body = HealthBody),
    ),
)]
pub(crate) async fn health(app: web::Data<WebState>) -> Answer {
    let health = app.auth.health().await;
    Ok(match health.status {
        HealthStatus::Healthy | HealthStatus::Degraded => ok(HealthBody::from(health)),
        HealthStatus::Unhealthy => json(HttpResponse::ServiceUnavailable(), HealthBody::from(health)),
    })
}

/// Whether the process lives.
#[utoipa::path(
    get, path = "/auth/health/live", tag = "health",
    responses((status = 200, description = "It does", body = ProbeBody)),
)]
pub(crate) async fn live() -> Answer {
    Ok(ok(ProbeBody { status: "ok" }))
}

/// Whether requests can be served.
#[utoipa::path(
    get, path = "/auth/health/ready", tag = "health",
    responses(
        (status = 200, description = "They can", body = ProbeBody),
        (status = 503, description = "The database does not answer", body = ProbeBody),
    ),
)]
pub(crate) async fn ready(app: web::Data<WebState>) -> Answer {
    Ok(if app.auth.is_ready().await {
        ok(ProbeBody { status: "ok" })
    } else {
        json(HttpResponse::ServiceUnavailable(), ProbeBody { status: "unavailable" })
    })
}
