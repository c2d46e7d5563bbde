use actix_web::web;
use archon_app::AlertActionError;
use archon_domain::{AlertId, NoticeId};

use super::mandate;
use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{
    AlertBody, AlertPageBody, ErrorBody, FailedNoticesBody, FindAlertsQuery, LimitQuery, ReasonBody,
    RetriedBody,
};
use crate::cursor;
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::refusals::{AdminErrors, BodyErrors, CallerErrors, CommonErrors};

/// The alerts that meet every condition, the latest raised first.
#[utoipa::path(
    get, path = "/auth/admin/alerts", tag = "administration", security(("bearer" = [])), params(FindAlertsQuery),
    responses(
        (status = 200, description = "Some alerts, and the cursor of the next ones", body = AlertPageBody),
        (status = 400, description = "VALIDATION_ERROR, or INVALID_CURSOR", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn find_alerts(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let query: FindAlertsQuery = incoming.query(&app)?;
    let filter = query.filter();
    let after = query.cursor.as_deref().map(|text| cursor::read(text, &filter)).transpose()?;
    let page = app.auth.find_alerts(&filter, after, query.limit).await?;
    Ok(ok(AlertPageBody {
        alerts: page.items.into_iter().map(AlertBody::from).collect(),
        next_cursor: page.next.map(|next| cursor::write(&next, &filter)),
    }))
}

/// An alert.
#[utoipa::path(
    get, path = "/auth/admin/alerts/{alert_id}", tag = "administration", security(("bearer" = [])),
    params(("alert_id" = String, Path, description = "The alert's id", format = Uuid)),
    responses(
        (status = 200, description = "The alert as it is now", body = AlertBody),
        (status = 404, description = "ALERT_NOT_FOUND", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn show_alert(
    app: web::Data<WebState>,
    incoming: Incoming,
    alert: web::Path<String>,
) -> Answer {
    incoming.administrator(&app).await?;
    let id: AlertId = alert.parse().map_err(|_| Problem::from(AlertActionError::UnknownAlert))?;
    Ok(ok(AlertBody::from(app.auth.alert(id).await?)))
}

/// The notices of alerts that were given up, the latest first, with the last words of their receivers.
#[utoipa::path(
    get, path = "/auth/admin/alerts/notices/failed", tag = "administration", security(("bearer" = [])),
    params(LimitQuery),
    responses(
        (status = 200, description = "The notices", body = FailedNoticesBody),
        (status = 400, description = "VALIDATION_ERROR", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn failed_notices(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let LimitQuery { limit } = incoming.query(&app)?;
    let (notices, counts) =
        futures::try_join!(app.auth.failed_alert_notices(limit), app.auth.alert_notice_counts())?;
    Ok(ok(FailedNoticesBody::new(notices, counts)))
}

/// Queue a notice again that was given up, with all its tries.
#[utoipa::path(
    post, path = "/auth/admin/alerts/notices/failed/{notice_id}/retry", tag = "administration",
    security(("bearer" = [])),
    params(("notice_id" = String, Path, description = "The notice's id", format = Uuid)),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "The notice is queued", body = RetriedBody),
        (status = 404, description = "NOTICE_NOT_FOUND: no such notice was given up", body = ErrorBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn retry_notice(
    app: web::Data<WebState>,
    mut incoming: Incoming,
    notice: web::Path<String>,
) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let id: NoticeId = notice.parse().map_err(|_| Problem::from(AlertActionError::UnknownNotice))?;
    app.complete(|auth| async move { auth.retry_alert_notice(&mandate, id).await }).await?;
    Ok(ok(RetriedBody { retried: 1 }))
}

/// Queue every notice again that was given up, with all its tries.
#[utoipa::path(
    post, path = "/auth/admin/alerts/notices/failed/retry", tag = "administration", security(("bearer" = [])),
    request_body = ReasonBody,
    responses(
        (status = 200, description = "How many are queued", body = RetriedBody),
        BodyErrors, CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn retry_notices(app: web::Data<WebState>, mut incoming: Incoming) -> Answer {
    let mandate = mandate(&app, &mut incoming).await?;
    let retried = app.complete(|auth| async move { auth.retry_alert_notices(&mandate).await }).await?;
    Ok(ok(RetriedBody { retried }))
}
