use actix_web::web;
use archon_domain::{EventFilter, Instant, LinkedIdentity, Session, UserId, UserStatus};
use minijinja::{Value, context};

use super::desk::Desk;
use super::times::{moment, moment_if};
use super::user_actions::UserAction;
use super::{ConsolePlace, events, users};
use crate::pages::{Done, PageAnswer, Visit};
use crate::problem::Problem;

/// How many of the latest events of an account are shown with it.
const LATEST: u32 = 10;

/// The news that an account can be shown with.
const NEWS: [Done; 6] = [
    Done::AccountDisabled,
    Done::AccountEnabled,
    Done::AccountUnlocked,
    Done::RolesSet,
    Done::UserSessionEnded,
    Done::UserSessionsEnded,
];

/// An account with its sessions, its latest events, and what can be done with it.
pub(crate) async fn show_user(visit: Visit, path: web::Path<String>) -> PageAnswer {
    let id = read_id(&path)?;
    let desk = Desk::open(visit, ConsolePlace::User(id)).await?;
    let (auth, now) = (desk.auth(), desk.now());
    let details = auth.user_details(id).await.map_err(Problem::from)?;
    let sessions = auth.sessions_of(id).await.map_err(Problem::from)?;
    let filter = EventFilter { user: Some(id), ..EventFilter::default() };
    let latest = auth.find_events(&filter, None, LATEST).await.map_err(Problem::from)?;
    let locked_until = details.attempts.locked_until.filter(|until| *until > now);
    let row = |session: &Session| row(session, desk.caller().session.id == session.id, now);
    let values = context! {
        user => users::shown(&details.user, now),
        identities => details.identities.iter().map(identity).collect::<Vec<_>>(),
        locked_until => moment_if(locked_until, now),
        actions => actions(details.user.status),
        sessions => sessions.iter().map(row).collect::<Vec<_>>(),
        events => latest.items.iter().map(|event| events::row(event, now)).collect::<Vec<_>>(),
    };
    desk.show("console/user.html", &NEWS, values)
}

/// Reads the id that a path names.
pub(super) fn read_id(text: &str) -> Result<UserId, Problem> {
    text.parse().map_err(|_| Problem::not_found("NOT_FOUND", "There is no such account"))
}

fn identity(identity: &LinkedIdentity) -> Value {
    context! { provider => &identity.provider, email => &identity.email }
}

fn row(session: &Session, own: bool, now: Instant) -> Value {
    context! {
        id => session.id.as_str(),
        own,
        device => session.user_agent.device(),
        address => session.address.to_string(),
        last_used => moment(session.last_accessed, now),
        created => moment(session.created_at, now),
        ends => moment(session.absolute_expires_at.min(session.expires_at), now),
    }
}

fn actions(status: UserStatus) -> Vec<Value> {
    let fits = |action: &UserAction| match action {
        UserAction::Disable => status == UserStatus::Active,
        UserAction::Enable => status == UserStatus::Disabled,
        UserAction::Unlock | UserAction::EndSessions | UserAction::SetRoles | UserAction::Delete => true,
    };
    let shown = |action: UserAction| {
        context! { word => action.word(), name => action.name(), grave => action.is_grave() }
    };
    UserAction::ALL.into_iter().filter(fits).map(shown).collect()
}
