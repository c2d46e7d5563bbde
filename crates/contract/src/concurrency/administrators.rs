use std::collections::BTreeSet;
use std::sync::Arc;

use archon_domain::ports::UserRepo;
use archon_domain::{AccountDeletion, Amended, Amendment, Role, User, UserFilter, UserId, UserStatus};

use super::{TASKS, race};
use crate::Stores;
use crate::samples::{Samples, after};
use crate::user_repo::{demotion, disablement};

/// What is done to an administrator's account.
#[derive(Clone)]
enum Deed {
    Amend(Amendment),
    Delete,
}

impl Deed {
    /// One of those by which an administrator goes.
    fn removal(number: usize) -> Self {
        match number % 3 {
            0 => Self::Amend(demotion()),
            1 => Self::Amend(disablement()),
            _ => Self::Delete,
        }
    }

    /// Does it; whether it was refused because nobody else could administer.
    async fn meets_refusal(self, users: Arc<dyn UserRepo>, id: UserId) -> bool {
        match self {
            Self::Amend(amendment) => {
                users.amend(id, amendment, after(1)).await.unwrap() == Amended::LastAdministrator
            }
            Self::Delete => users.delete_account(id).await.unwrap() == AccountDeletion::LastAdministrator,
        }
    }
}

/// Who can administer.
async fn administrators(stores: &Stores) -> Vec<User> {
    let active = Some(UserStatus::Active);
    let filter = UserFilter { status: active, administrator: Some(true), ..UserFilter::default() };
    stores.directory.page(&filter, None, 1000).await.unwrap()
}

/// MUST leave an active administrator, however many of them are disabled, demoted or deleted at the same time.
pub async fn administrators_who_remove_each_other_leave_one(stores: &Stores) {
    let samples = Samples::default();
    for (round, many) in [2, 2, 2, 2, 3, TASKS].into_iter().enumerate() {
        let mut present = administrators(stores).await;
        while present.len() < many {
            let address = format!("admin{round}.{}@example.com", present.len());
            present.push(stores.administrator(&samples, &address).await);
        }
        let racers: Vec<_> = present.iter().map(|user| user.id).enumerate().collect();
        let outcomes = race(racers, |(number, id)| {
            let users = Arc::clone(&stores.users);
            async move { (id, Deed::removal(number + round).meets_refusal(users, id).await) }
        })
        .await;
        let refused: Vec<_> = outcomes.into_iter().filter(|(_, refused)| *refused).collect();
        assert_eq!(refused.len(), 1, "of {many}, the last one is refused");
        let left: Vec<_> = administrators(stores).await.iter().map(|user| user.id).collect();
        assert_eq!(left, [refused[0].0]);
    }
}

/// MUST leave an active administrator, however many of them are disabled, demoted or deleted at the same time. Also
/// while others become administrators, of whom one who was not yet there must not be counted.
pub async fn an_administrator_is_left_while_others_come_and_go(stores: &Stores) {
    let samples = Samples::default();
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(stores.administrator(&samples, &format!("admin{number}@example.com")).await.id);
    }
    let appointment = Amendment::Roles(BTreeSet::from([Role::admin()]));
    let deeds = [
        Deed::Amend(disablement()),
        Deed::Amend(Amendment::Status(UserStatus::Active)),
        Deed::Amend(demotion()),
        Deed::Amend(appointment),
    ];
    for round in 0..5 {
        let racers = (0..TASKS).map(|number| {
            (ids[(number / deeds.len() + round) % ids.len()], deeds[number % deeds.len()].clone())
        });
        race(racers.collect(), |(id, deed)| {
            let users = Arc::clone(&stores.users);
            async move { deed.meets_refusal(users, id).await }
        })
        .await;
        assert_ne!(administrators(stores).await, []);
    }
}
