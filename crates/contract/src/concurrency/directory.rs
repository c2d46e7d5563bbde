use std::future::Future;
use std::pin::Pin;

use archon_domain::{Amendment, UserFilter, UserId, UserStatus};

use super::{TASKS, race};
use crate::Stores;
use crate::samples::{Samples, after, start};
use crate::user_directory::walk;

/// How many accounts stay.
const STAYING: usize = 40;

/// One that leafs through the accounts, and comes back with what it found; or one that disturbs it.
type Racer = Pin<Box<dyn Future<Output = Option<Vec<String>>> + Send>>;

fn walker(stores: Stores, address_prefix: Option<String>) -> Racer {
    let filter = UserFilter { address_prefix, ..UserFilter::default() };
    Box::pin(async move { Some(walk(&stores, &filter, 3).await) })
}

/// Shuts and opens an account that stays, again and again.
fn fickle(stores: Stores, id: UserId) -> Racer {
    Box::pin(async move {
        for status in [UserStatus::Disabled, UserStatus::Active].repeat(5) {
            stores.users.amend(id, Amendment::Status(status), after(1)).await.unwrap();
        }
        None
    })
}

/// Opens an account and deletes it.
fn fleeting(stores: Stores, number: usize) -> Racer {
    Box::pin(async move {
        let samples = Samples::new(1000 + u64::try_from(number).expect("the number is small"));
        let user = stores.open(&samples, &format!("{number}.fleeting@example.com")).await;
        stores.users.delete_account(user.id).await.unwrap();
        None
    })
}

/// MUST find every account once, however small the pages, and however many share an instant. Also while others come
/// and go, and while it changes what a filter might ask for.
pub async fn accounts_that_stay_are_found_once_while_others_come_and_go(stores: &Stores) {
    let samples = Samples::default();
    let (mut staying, mut ids) = (Vec::new(), Vec::new());
    for number in 0..STAYING {
        let mut account = samples.account(&format!("{number:02}.staying@example.com"));
        account.user.created_at = if number % 2 == 0 { start() } else { after(1) };
        ids.push(account.user.id);
        staying.push(stores.opened(account).await.email.as_typed().to_owned());
    }
    let racers = (0..TASKS).map(|number| match number % 10 {
        0 => walker(stores.clone(), None),
        1 => walker(stores.clone(), Some(String::new())),
        2..6 => fickle(stores.clone(), ids[number % STAYING]),
        _ => fleeting(stores.clone(), number),
    });
    for found in race(racers.collect(), |racer| racer).await.into_iter().flatten() {
        let mut found: Vec<_> =
            found.into_iter().filter(|address| address.ends_with(".staying@example.com")).collect();
        found.sort();
        assert_eq!(found, staying);
    }
}
