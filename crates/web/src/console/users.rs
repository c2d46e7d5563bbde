use archon_domain::{Instant, User, UserStatus};
use minijinja::{Value, context};

use super::desk::Desk;
use super::search::Search;
use super::times::{moment, moment_if};
use super::{ConsolePlace, PAGE};
use crate::bodies::FindUsersQuery;
use crate::cursor;
use crate::pages::{Done, PageAnswer, Visit};
use crate::problem::Problem;

const TEMPLATE: &str = "console/users.html";

/// The accounts, or those that meet some conditions.
pub(crate) async fn list_users(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::Users).await?;
    let search = Search::of(&desk.visit, &["query", "status", "role", "verified"]);
    let values = context! { typed => search.typed(), filtered => search.is_filtered() };
    match found(&desk, &search).await {
        Ok(found) => desk.show(TEMPLATE, &[Done::AccountDeleted], context! { ..found, ..values }),
        Err(problem) => {
            let nothing =
                context! { users => [(); 0], links => search.links(&ConsolePlace::Users.path(), None) };
            desk.refused(TEMPLATE, &problem, context! { ..nothing, ..values })
        }
    }
}

async fn found(desk: &Desk, search: &Search) -> Result<Value, Problem> {
    let query: FindUsersQuery = search.judge(desk.auth().policy())?;
    let wanted = query.search();
    let after = query.cursor.as_deref().map(|text| cursor::read(text, &wanted)).transpose()?;
    let page = desk.auth().find_users(&wanted, after.as_ref(), PAGE).await?;
    let next = page.next.map(|next| cursor::write(&next, &wanted));
    let users: Vec<Value> = page.items.iter().map(|user| shown(user, desk.now())).collect();
    Ok(context! { users, links => search.links(&ConsolePlace::Users.path(), next.as_deref()) })
}

/// An account as the console shows it.
pub(super) fn shown(user: &User, now: Instant) -> Value {
    context! {
        id => user.id.to_string(),
        email => user.email.as_typed(),
        name => user.name.as_str(),
        states => states(user),
        roles => user.roles.iter().map(ToString::to_string).collect::<Vec<_>>(),
        has_password => user.password.is_some(),
        verified => moment_if(user.email_verified_at, now),
        created => moment(user.created_at, now),
        updated => moment(user.updated_at, now),
        last_login => moment_if(user.last_login_at, now),
    }
}

/// What is to be seen of an account at a glance: words, each with how it is shown.
fn states(user: &User) -> Vec<(&'static str, &'static str)> {
    let status = match user.status {
        UserStatus::Active => ("active", "good"),
        UserStatus::Disabled => ("disabled", "wrong"),
    };
    let administrator = user.is_administrator().then_some(("administrator", "caution"));
    let unverified = (!user.email_verified()).then_some(("not verified", ""));
    [Some(status), administrator, unverified].into_iter().flatten().collect()
}
