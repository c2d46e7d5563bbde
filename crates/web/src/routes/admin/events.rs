use actix_web::web;

use crate::WebState;
use crate::answer::{Answer, ok};
use crate::bodies::{ErrorBody, EventPageBody, FindEventsQuery};
use crate::cursor;
use crate::incoming::Incoming;
use crate::refusals::{AdminErrors, CallerErrors, CommonErrors};

/// The security events that meet every condition, newest first.
#[utoipa::path(
    get, path = "/auth/admin/events", tag = "administration", security(("bearer" = [])), params(FindEventsQuery),
    responses(
        (status = 200, description = "Some events, and the cursor of the next ones", body = EventPageBody),
        (status = 400, description = "VALIDATION_ERROR, or INVALID_CURSOR", body = ErrorBody),
        CallerErrors, AdminErrors, CommonErrors,
    ),
)]
pub(crate) async fn find_events(app: web::Data<WebState>, incoming: Incoming) -> Answer {
    incoming.administrator(&app).await?;
    let query: FindEventsQuery = incoming.query(&app)?;
    let filter = query.filter();
    let after = query.cursor.as_deref().map(|text| cursor::read(text, &filter)).transpose()?;
    let page = app.auth.find_events(&filter, after, query.limit).await?;
    let next = page.next.map(|next| cursor::write(&next, &filter));
    Ok(ok(EventPageBody::new(page.items, next)))
}
