//! What a [`archon_domain::ports::UserRepo`] must do.

use std::collections::BTreeSet;

use archon_domain::{
    AccountDeletion, Amended, Amendment, ClientNetwork, Metadata, NewAccount, ProfileVersion, Role, Span,
    TerminationReason, TokenPurpose, User, UserStatus,
};

use crate::Stores;
use crate::samples::{Samples, after, amendments, email_key, ip, opening_rule, start, tick};
use crate::stores::assert_same_user;

mod administrators;
mod opening;

pub use administrators::*;
pub use opening::*;

/// Runs the suite of `UserRepo` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! user_repo {
    ($fixture:ident) => {
        $crate::cases! {
            user_repo of $crate::Stores: $fixture,
            cases [
                opening_stores_the_account_and_what_comes_with_it,
                opening_that_fails_stores_nothing,
                a_taken_address_opens_no_account,
                a_taken_identity_opens_no_account,
                find_returns_every_field,
                find_by_email_ignores_case,
                amend_changes_what_is_named_and_nothing_else,
                unlock_voids_failed_attempts,
                amend_of_an_unknown_account_answers_unknown,
                the_last_administrator_is_neither_demoted_nor_disabled,
                the_last_administrator_is_not_deleted,
                a_log_in_is_recorded_without_an_update,
                what_changed_since_is_named_in_its_present_version,
                a_network_is_known_from_its_log_in_on,
                a_network_is_known_for_its_last_log_in_only_and_per_account,
                known_networks_are_listed_the_latest_first,
                networks_not_used_since_are_forgotten,
                deletion_takes_everything_of_the_account_with_it,
                deletion_frees_the_address,
            ],
            concurrency [
                one_of_many_openings_of_an_address_wins,
                one_of_many_openings_of_an_identity_wins,
                administrators_who_remove_each_other_leave_one,
                an_administrator_is_left_while_others_come_and_go,
            ],
        }
    };
}

/// MUST return every field as it was stored.
pub async fn find_returns_every_field(stores: &Stores) {
    let samples = Samples::default();
    let mut full = samples.account("\"Quoted 'n' odd\"@Sub.Example.com");
    full.user.email_verified_at = Some(after(1) + tick());
    full.user.updated_at = after(2) + tick();
    full.user.last_login_at = Some(after(3) + tick());
    full.user.attempts_void_before = after(4) + tick();
    let mut bare = samples.account("jürgen.o'brien+tag@exämple.de");
    bare.user.password = None;
    bare.user.roles = BTreeSet::new();
    bare.user.status = UserStatus::Disabled;
    bare.user.metadata = Metadata::default();
    for account in [full, bare] {
        let user = stores.opened(account).await;
        assert_same_user(&stores.user(&user).await, &user);
        let found = stores.users.find_by_email(user.email.key()).await.unwrap().unwrap();
        assert_same_user(&found, &user);
    }
    assert_eq!(stores.users.find(samples.user_id()).await.unwrap(), None);
}

/// MUST find an account by its address whatever the case.
pub async fn find_by_email_ignores_case(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "Jürgen.O'Brien@Exämple.COM").await;
    for address in ["jürgen.o'brien@exämple.com", "JÜRGEN.O'BRIEN@EXÄMPLE.COM"] {
        let found = stores.users.find_by_email(&email_key(address)).await.unwrap();
        assert_same_user(&found.expect("found whatever the case"), &user);
    }
    for address in ["jurgen.o'brien@exämple.com", "jürgen_o'brien@exämple.com", "%@exämple.com"] {
        assert_eq!(stores.users.find_by_email(&email_key(address)).await.unwrap(), None, "{address}");
    }
}

/// What an amendment makes of a user.
fn amended(user: &User, amendment: &Amendment, now: archon_domain::Instant) -> User {
    let mut user = User { updated_at: now, ..user.clone() };
    match amendment.clone() {
        Amendment::Profile { name, metadata } => {
            user.name = name.unwrap_or(user.name);
            user.metadata = metadata.unwrap_or(user.metadata);
        }
        Amendment::Status(status) => user.status = status,
        Amendment::Roles(roles) => user.roles = roles,
        Amendment::Unlock => user.attempts_void_before = now,
    }
    user
}

/// MUST change what the amendment names and nothing else.
pub async fn amend_changes_what_is_named_and_nothing_else(stores: &Stores) {
    let samples = Samples::default();
    let mut user = stores.open(&samples, "Ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let roles = Amendment::Roles(BTreeSet::from([Role::parse("billing-2_x").unwrap(), Role::admin()]));
    let amendments = amendments().into_iter().chain([roles, Amendment::Status(UserStatus::Active)]);
    for (step, amendment) in (1..).zip(amendments) {
        let now = after(step) + tick();
        let expected = amended(&user, &amendment, now);
        let answer = stores.users.amend(user.id, amendment, now).await.unwrap();
        let Amended::Changed(answer) = answer else { panic!("nothing is in the way: {answer:?}") };
        assert_same_user(&answer, &expected);
        assert_same_user(&stores.user(&user).await, &expected);
        user = expected;
    }
    assert_same_user(&stores.user(&other).await, &other);
}

/// MUST set `attempts_void_before` to `now` on `Unlock`.
pub async fn unlock_voids_failed_attempts(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let now = after(9) + tick();
    stores.users.amend(user.id, Amendment::Unlock, now).await.unwrap();
    assert_eq!(stores.user(&user).await.attempts_void_before, now);
}

/// MUST answer `Unknown` for an unknown account.
pub async fn amend_of_an_unknown_account_answers_unknown(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    for amendment in amendments() {
        let answer = stores.users.amend(samples.user_id(), amendment, after(1)).await.unwrap();
        assert_eq!(answer, Amended::Unknown);
    }
    assert_same_user(&stores.user(&user).await, &user);
}

/// MUST set `last_login_at` and leave `updated_at` alone.
pub async fn a_log_in_is_recorded_without_an_update(stores: &Stores) {
    let samples = Samples::default();
    let mut user = stores.open(&samples, "ada@example.com").await;
    let network = ClientNetwork::of(ip("2001:db8:1:2::1"));
    for seconds in [5, 9] {
        let now = after(seconds) + tick();
        stores.users.record_login(user.id, network, now).await.unwrap();
        user.last_login_at = Some(now);
        assert_same_user(&stores.user(&user).await, &user);
    }
}

/// MUST make the network known to the account from `now` on.
pub async fn a_network_is_known_from_its_log_in_on(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    for address in ["192.0.2.7", "2001:db8:1:2:aaaa::1"] {
        let network = ClientNetwork::of(ip(address));
        let knows = || stores.users.knows_network(user.id, network, start());
        assert!(!knows().await.unwrap());
        stores.users.record_login(user.id, network, start()).await.unwrap();
        assert!(knows().await.unwrap());
    }
}

/// MUST list the networks of the account only, each once, the latest first.
pub async fn known_networks_are_listed_the_latest_first(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let [home, office] = [ip("2001:db8:1:2::1"), ip("192.0.2.7")].map(ClientNetwork::of);
    let users = &stores.users;
    users.record_login(user.id, home, after(1)).await.unwrap();
    users.record_login(user.id, office, after(2)).await.unwrap();
    users.record_login(user.id, home, after(3) + tick()).await.unwrap();
    users.record_login(other.id, office, after(9)).await.unwrap();

    let known = users.known_networks(user.id).await.unwrap();
    assert_eq!(known, [(home, after(3) + tick()), (office, after(2))]);
    assert_eq!(users.known_networks(samples.user_id()).await.unwrap(), []);
}

/// MUST forget networks that were not used since, and no others.
pub async fn networks_not_used_since_are_forgotten(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let [home, office] = [ip("2001:db8:1:2::1"), ip("192.0.2.7")].map(ClientNetwork::of);
    let users = &stores.users;
    users.record_login(user.id, home, after(1)).await.unwrap();
    users.record_login(user.id, office, after(2)).await.unwrap();
    users.record_login(other.id, home, after(1)).await.unwrap();

    assert_eq!(users.forget_networks(after(2)).await.unwrap(), 2);
    assert_eq!(users.known_networks(user.id).await.unwrap(), [(office, after(2))]);
    assert_eq!(users.known_networks(other.id).await.unwrap(), []);
}

/// MUST name every account that was changed or logged in to since, in its present version, and no others.
pub async fn what_changed_since_is_named_in_its_present_version(stores: &Stores) {
    let samples = Samples::default();
    let [quiet, amended, logged_in, gone] =
        ["quiet@example.com", "amended@example.com", "in@example.com", "gone@example.com"]
            .map(|address| samples.account(address).user);
    for user in [&quiet, &amended, &logged_in, &gone] {
        stores
            .opened(NewAccount { user: user.clone(), verification: None, identity: None, mails: Vec::new() })
            .await;
    }
    let network = ClientNetwork::of(ip("192.0.2.7"));
    stores.users.amend(amended.id, Amendment::Unlock, after(5)).await.unwrap();
    stores.users.record_login(logged_in.id, network, after(4)).await.unwrap();
    stores.users.amend(gone.id, Amendment::Unlock, after(9)).await.unwrap();
    stores.users.delete_account(gone.id).await.unwrap();
    let amended = ProfileVersion { user: amended.id, updated_at: after(5), last_login_at: None };
    let logged_in = ProfileVersion { user: logged_in.id, updated_at: start(), last_login_at: Some(after(4)) };

    let changed = async |since| {
        let mut changed = stores.users.changed_since(since).await.unwrap();
        changed.sort_by_key(|version| (version.updated_at, version.last_login_at));
        changed
    };
    assert_eq!(changed(after(4)).await, [logged_in, amended]);
    assert_eq!(changed(after(4) + tick()).await, [amended]);
    assert_eq!(changed(after(5) + tick()).await, []);
    let all: BTreeSet<_> = changed(start()).await.into_iter().map(|version| version.user).collect();
    assert_eq!(all, BTreeSet::from([quiet.id, amended.user, logged_in.user]));
}

/// MUST know a network for its last log-in only, per account.
pub async fn a_network_is_known_for_its_last_log_in_only_and_per_account(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let other = stores.open(&samples, "other@example.com").await;
    let home = ClientNetwork::of(ip("2001:db8:1:2::1"));
    let next_door = ClientNetwork::of(ip("2001:db8:1:3::1"));
    let users = &stores.users;
    users.record_login(user.id, home, after(1)).await.unwrap();
    users.record_login(user.id, home, after(2)).await.unwrap();
    users.record_login(other.id, next_door, after(9)).await.unwrap();

    assert!(users.knows_network(user.id, home, after(1)).await.unwrap());
    assert!(users.knows_network(user.id, home, after(2)).await.unwrap(), "at `since` counts");
    assert!(!users.knows_network(user.id, home, after(2) + tick()).await.unwrap());
    assert!(!users.knows_network(user.id, next_door, start()).await.unwrap());
    assert!(!users.knows_network(other.id, home, start()).await.unwrap());
    assert!(!users.knows_network(samples.user_id(), home, start()).await.unwrap());
}

/// MUST delete the account's sessions, identities, tokens, password history and unsent mails with it.
/// MUST name every session that it deleted.
pub async fn deletion_takes_everything_of_the_account_with_it(stores: &Stores) {
    let samples = Samples::default();
    let (mut users, mut sessions_of, mut identities) = (Vec::new(), Vec::new(), Vec::new());
    for address in ["gone@example.com", "stays@example.com"] {
        let mut account = samples.account(address);
        account.verification = Some(samples.token(account.user.id, TokenPurpose::VerifyEmail));
        account.mails = (0..2).map(|_| samples.mail(&account.user, start())).collect();
        users.push(account.clone());
        let user = stores.opened(account).await;
        identities.push(stores.linked(&samples, user.id, "google").await);
        let live = samples.session(user.id, start());
        let ended = samples.session(user.id, start());
        for session in [&live, &ended] {
            stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
        }
        stores.sessions.end(&ended.id, TerminationReason::Logout, start()).await.unwrap();
        let mut both = vec![live.id, ended.id];
        both.sort();
        sessions_of.push(both);
    }
    let [gone, stays] = [&users[0], &users[1]];
    let session = stores.sessions.list(gone.user.id, start()).await.unwrap().remove(0);
    stores.outbox.postpone(gone.mails[0].mail.id, None, "given up").await.unwrap();
    let deletion = stores.users.delete_account(gone.user.id).await.unwrap();
    let AccountDeletion::Deleted(mut deleted) = deletion else { panic!("it was there: {deletion:?}") };
    deleted.sort();
    assert_eq!(deleted, sessions_of[0], "live and ended ones");

    assert_eq!(stores.users.find(gone.user.id).await.unwrap(), None);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), None);
    assert_eq!(stores.sessions.list(gone.user.id, start()).await.unwrap(), Vec::new());
    assert_eq!(stores.identities.list(gone.user.id).await.unwrap(), Vec::new());
    assert_eq!(stores.found(&identities[0]).await, None, "it is free for a new account");
    assert_eq!(stores.credentials.password_history(gone.user.id, 9).await.unwrap(), Vec::new());
    let counts = stores.outbox.counts().await.unwrap();
    assert_eq!((counts.pending, counts.failed), (2, 0), "the other account's mails stay");
    let spent = gone.verification.as_ref().unwrap();
    assert_eq!(stores.credentials.verify_email(&spent.digest, start()).await.unwrap(), None);
    assert_same_user(&stores.user(&stays.user).await, &stays.user);
    assert_eq!(stores.sessions.list(stays.user.id, start()).await.unwrap().len(), 1);
    assert_eq!(stores.identities.list(stays.user.id).await.unwrap(), identities[1..]);
    assert_eq!(stores.credentials.password_history(stays.user.id, 9).await.unwrap().len(), 1);
    assert_eq!(stores.credentials.purge_tokens(after(3600) + Span::days(1)).await.unwrap(), 1);
    let again = stores.users.delete_account(gone.user.id).await.unwrap();
    assert_eq!(again, AccountDeletion::Unknown, "it is gone already");
}

/// MUST free the address for a new account.
pub async fn deletion_frees_the_address(stores: &Stores) {
    let samples = Samples::default();
    let old = stores.open(&samples, "Ada@example.com").await;
    let network = ClientNetwork::of(ip("192.0.2.1"));
    stores.users.record_login(old.id, network, start()).await.unwrap();
    let deletion = stores.users.delete_account(old.id).await.unwrap();
    assert_eq!(deletion, AccountDeletion::Deleted(Vec::new()));
    assert_eq!(stores.users.find_by_email(old.email.key()).await.unwrap(), None);
    let new = stores.open(&samples, "ADA@example.com").await;
    let found = stores.users.find_by_email(old.email.key()).await.unwrap().unwrap();
    assert_same_user(&found, &new);
    assert!(!stores.users.knows_network(new.id, network, start()).await.unwrap());
}
