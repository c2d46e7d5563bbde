use actix_web::web;
use archon_domain::{Alert, AlertCause, AlertChannel, AlertKind, AlertNotice, Instant};
use minijinja::{Value, context};

use super::confirmation::Confirmation;
use super::desk::Desk;
use super::events::{options, pairs, tone};
use super::search::Search;
use super::times::moment;
use super::{ConsolePlace, PAGE};
use crate::bodies::{FindAlertsQuery, ReasonBody};
use crate::cursor;
use crate::pages::{Done, PageAnswer, Visit};
use crate::problem::Problem;

const TEMPLATE: &str = "console/alerts.html";

/// How many notices that were given up are shown.
const NOTICES: u32 = 50;

/// The alerts, or those that meet some conditions, and the notices that nobody could be told.
pub(crate) async fn list_alerts(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::Alerts).await?;
    let search = Search::of(&desk.visit, &["type", "user", "address", "from", "until"]);
    let notices = desk.auth().failed_alert_notices(NOTICES).await.map_err(Problem::from)?;
    let counts = desk.auth().alert_notice_counts().await.map_err(Problem::from)?;
    let values = context! {
        typed => search.typed(),
        filtered => search.is_filtered(),
        kinds => options(AlertKind::ALL.iter().map(|kind| kind.as_str())),
        notices => notices.iter().map(notice).collect::<Vec<_>>(),
        pending => counts.pending,
    };
    match found(&desk, &search).await {
        Ok(found) => desk.show(TEMPLATE, &[Done::MailsQueued], context! { ..found, ..values }),
        Err(problem) => {
            let nothing =
                context! { alerts => [(); 0], links => search.links(&ConsolePlace::Alerts.path(), None) };
            desk.refused(TEMPLATE, &problem, context! { ..nothing, ..values })
        }
    }
}

async fn found(desk: &Desk, search: &Search) -> Result<Value, Problem> {
    let query: FindAlertsQuery = search.judge(desk.auth().policy())?;
    let filter = query.filter();
    let after = query.cursor.as_deref().map(|text| cursor::read(text, &filter)).transpose()?;
    let page = desk.auth().find_alerts(&filter, after, PAGE).await?;
    let next = page.next.map(|next| cursor::write(&next, &filter));
    let alerts: Vec<Value> = page.items.iter().map(|alert| row(desk, alert, desk.now())).collect();
    Ok(context! { alerts, links => search.links(&ConsolePlace::Alerts.path(), next.as_deref()) })
}

/// An alert with everything that is known of it.
pub(crate) async fn show_alert(visit: Visit, path: web::Path<String>) -> PageAnswer {
    let unknown = || Problem::not_found("NOT_FOUND", "There is no such alert");
    let id = path.parse().map_err(|_| unknown())?;
    let desk = Desk::open(visit, ConsolePlace::Alert(id)).await?;
    let alert = desk.auth().alert(id).await.map_err(Problem::from)?;
    desk.show("console/alert.html", &[], context! { alert => row(&desk, &alert, desk.now()) })
}

/// Asks before every notice that was given up is tried again.
pub(crate) async fn show_retry_notices(visit: Visit) -> PageAnswer {
    Desk::open(visit, ConsolePlace::Alerts).await?.ask(retry())
}

/// Tries every notice again that was given up.
pub(crate) async fn retry_notices(visit: Visit) -> PageAnswer {
    let (desk, form) = Desk::receive(visit, ConsolePlace::Alerts).await?;
    let retried = async {
        let ReasonBody { reason } = form.judge(desk.auth().policy())?;
        desk.act(reason, |auth, mandate| async move { auth.retry_alert_notices(&mandate).await }).await
    };
    match retried.await {
        Ok(_) => Ok(desk.done(ConsolePlace::Alerts, Done::MailsQueued)),
        Err(problem) => desk.ask_again(retry(), &form, &problem),
    }
}

fn retry() -> Confirmation {
    Confirmation {
        action: "/auth/console/alerts/notices/retry".to_owned(),
        heading: "Try every notice again?",
        says: vec!["Every notice of an alert that was given up is sent anew, with all its tries."],
        button: "Try all again",
        ..Confirmation::default()
    }
}

fn notice(notice: &AlertNotice) -> Value {
    let to = match &notice.channel {
        AlertChannel::Webhook(name) => format!("webhook {name}"),
        AlertChannel::Mail(address) => address.as_typed().to_owned(),
    };
    context! {
        to,
        alert => notice.alert.to_string(),
        attempts => notice.attempts,
        error => notice.last_error.as_deref().unwrap_or_default(),
    }
}

/// Whether an alert goes on: further events would be added to it, and raise no other.
pub(super) fn is_open(desk: &Desk, alert: &Alert) -> bool {
    let rules = &desk.auth().policy().alerts.rules;
    let rule = rules.iter().find(|rule| rule.kind == alert.kind);
    rule.is_some_and(|rule| desk.now() - alert.last_at <= rule.window)
}

/// An alert as the console shows it.
pub(super) fn row(desk: &Desk, alert: &Alert, now: Instant) -> Value {
    let (address, user) = match alert.cause {
        AlertCause::Address(network) => (Some(network), None),
        AlertCause::User(user) => (None, Some(user.to_string())),
        AlertCause::Service => (None, None),
    };
    // Events know single addresses, and an IPv6 client has a whole network of them.
    let single = address.filter(|network| network.address().is_ipv4());
    context! {
        id => alert.id.to_string(),
        kind => alert.kind.as_str(),
        severity => alert.severity.as_str(),
        tone => tone(alert.severity),
        open => is_open(desk, alert),
        cause => alert.cause.to_string(),
        address => address.map(|network| network.to_string()),
        single => single.map(|network| network.to_string()),
        user,
        count => alert.count,
        raised => moment(alert.raised_at, now),
        last => moment(alert.last_at, now),
        part_of => alert.part_of.map(|id| id.to_string()),
        details => pairs(&alert.details),
    }
}
