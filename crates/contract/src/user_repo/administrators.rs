use std::collections::BTreeSet;

use archon_domain::{AccountDeletion, Amended, Amendment, Role, User, UserStatus};

use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start};
use crate::stores::assert_same_user;

/// The amendments by which an administrator ceases to be one.
pub(crate) fn demotion() -> Amendment {
    Amendment::Roles(BTreeSet::from([Role::user(), Role::parse("admin-2").expect("the role is one")]))
}

/// See [`demotion`].
pub(crate) fn disablement() -> Amendment {
    Amendment::Status(UserStatus::Disabled)
}

impl Stores {
    /// Opens the account of an active administrator.
    pub(crate) async fn administrator(&self, samples: &Samples, address: &str) -> User {
        self.opened(samples.administrator(address)).await
    }

    async fn amended(&self, user: &User, amendment: Amendment) -> Amended {
        self.users.amend(user.id, amendment, after(1)).await.unwrap()
    }
}

/// MUST answer `LastAdministrator` and change nothing when the only active account with the role `admin`
/// would lose it or be disabled.
pub async fn the_last_administrator_is_neither_demoted_nor_disabled(stores: &Stores) {
    let samples = Samples::default();
    let last = stores.administrator(&samples, "ada@example.com").await;
    stores.open(&samples, "user@example.com").await;
    let mut disabled = samples.administrator("disabled@example.com");
    disabled.user.status = UserStatus::Disabled;
    let disabled = stores.opened(disabled).await;
    for amendment in [demotion(), disablement(), Amendment::Roles(BTreeSet::new())] {
        assert_eq!(stores.amended(&last, amendment).await, Amended::LastAdministrator);
        assert_same_user(&stores.user(&last).await, &last);
    }
    // Whatever leaves an administrator is done.
    let more = Amendment::Roles(BTreeSet::from([Role::admin()]));
    for amendment in [more, Amendment::Status(UserStatus::Active), Amendment::Unlock] {
        assert!(matches!(stores.amended(&last, amendment).await, Amended::Changed(_)));
    }
    for amendment in [disablement(), demotion()] {
        assert!(matches!(stores.amended(&disabled, amendment).await, Amended::Changed(_)));
    }
    let other = stores.administrator(&samples, "grace@example.com").await;
    assert!(matches!(stores.amended(&last, disablement()).await, Amended::Changed(_)));
    assert_eq!(stores.amended(&other, demotion()).await, Amended::LastAdministrator);
}

/// MUST answer `LastAdministrator` and delete nothing when it is the only active account with the role
/// `admin`.
pub async fn the_last_administrator_is_not_deleted(stores: &Stores) {
    let samples = Samples::default();
    let last = stores.administrator(&samples, "ada@example.com").await;
    let user = stores.open(&samples, "user@example.com").await;
    let mut disabled = samples.administrator("disabled@example.com");
    disabled.user.status = UserStatus::Disabled;
    let disabled = stores.opened(disabled).await;
    let session = samples.session(last.id, start());
    stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
    let deleted = async |user: &User| stores.users.delete_account(user.id).await.unwrap();
    assert_eq!(deleted(&last).await, AccountDeletion::LastAdministrator);
    assert_same_user(&stores.user(&last).await, &last);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session));

    assert_eq!(deleted(&user).await, AccountDeletion::Deleted(Vec::new()));
    assert_eq!(deleted(&disabled).await, AccountDeletion::Deleted(Vec::new()));
    let other = stores.administrator(&samples, "grace@example.com").await;
    assert!(matches!(deleted(&last).await, AccountDeletion::Deleted(_)));
    assert_eq!(deleted(&other).await, AccountDeletion::LastAdministrator);
}
