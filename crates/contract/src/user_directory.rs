//! What a [`archon_domain::ports::UserDirectory`] must do.

use archon_domain::{Amendment, NewAccount, Role, TokenPurpose, User, UserCursor, UserFilter, UserStatus};

use crate::Stores;
use crate::samples::{Samples, after, email_key, start, tick};
use crate::stores::assert_same_user;

/// Runs the suite of `UserDirectory` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! user_directory {
    ($fixture:ident) => {
        $crate::cases! {
            user_directory of $crate::Stores: $fixture,
            cases [
                a_page_holds_whom_the_filter_admits_in_order,
                addresses_are_found_by_their_beginning_to_the_letter,
                a_filter_follows_every_change_of_an_account,
                every_account_is_found_once_however_small_the_pages,
                a_cursor_leads_on_whatever_became_of_its_account,
                a_cursor_of_the_other_order_is_the_end,
            ],
            concurrency [accounts_that_stay_are_found_once_while_others_come_and_go],
        }
    };
}

/// Every filter but for the beginning of the address.
fn filters() -> Vec<UserFilter> {
    let yes_or_no = [None, Some(false), Some(true)];
    let mut filters = Vec::new();
    for status in [None, Some(UserStatus::Active), Some(UserStatus::Disabled)] {
        for administrator in yes_or_no {
            filters.extend(yes_or_no.map(|verified| UserFilter {
                address_prefix: None,
                status,
                administrator,
                verified,
            }));
        }
    }
    filters
}

/// Every filter, in either order.
fn filters_of_both_orders() -> Vec<UserFilter> {
    let beginning = |prefix: &'static str| {
        filters().into_iter().map(move |filter| UserFilter { address_prefix: Some(prefix.into()), ..filter })
    };
    filters().into_iter().chain(beginning("")).chain(beginning("B")).collect()
}

/// Opens accounts of every kind, some of them at the same instant.
async fn everybody(stores: &Stores, samples: &Samples) -> Vec<User> {
    let mut users = Vec::new();
    for (number, created_at) in (0..).zip([after(1), start(), after(1) + tick(), after(1)]) {
        for kind in 0..8 {
            // Neither the ids nor the addresses are in the order of time.
            let first = ['a', 'b', 'B', 'c'][(kind + number) % 4];
            let mut account = samples.account(&format!("{first}{kind}{number}@example.com"));
            account.user.created_at = created_at;
            if kind & 1 != 0 {
                account.user.status = UserStatus::Disabled;
            }
            if kind & 2 != 0 {
                account.user.roles.insert(Role::admin());
            }
            account.user.email_verified_at = (kind & 4 != 0).then(|| after(2));
            users.push(stores.opened(account).await);
        }
    }
    users
}

/// Whom the filter admits, in its order.
fn admitted(users: &[User], filter: &UserFilter) -> Vec<User> {
    let mut admitted: Vec<_> = users.iter().filter(|user| filter.admits(user)).cloned().collect();
    match filter.address_prefix {
        Some(_) => admitted.sort_by(|a, b| a.email.key().cmp(b.email.key())),
        None => admitted.sort_by_key(|user| std::cmp::Reverse((user.created_at, user.id))),
    }
    admitted
}

/// The addresses of everybody whom a filter admits, page by page.
pub(crate) async fn walk(stores: &Stores, filter: &UserFilter, limit: u32) -> Vec<String> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = stores.directory.page(filter, after.as_ref(), limit).await.unwrap();
        assert!(page.len() <= usize::try_from(limit).expect("pages are small"));
        let Some(last) = page.last() else { return found };
        let next = Some(filter.cursor(last));
        assert_ne!(next, after, "a page leads on");
        after = next;
        found.extend(page.iter().map(|user| user.email.as_typed().to_owned()));
    }
}

fn addresses(users: &[User]) -> Vec<String> {
    users.iter().map(|user| user.email.as_typed().to_owned()).collect()
}

/// MUST find the accounts that the filter admits, in order, and no others.
pub async fn a_page_holds_whom_the_filter_admits_in_order(stores: &Stores) {
    let users = everybody(stores, &Samples::default()).await;
    for filter in filters_of_both_orders() {
        let expected = admitted(&users, &filter);
        assert!(!expected.is_empty());
        for (limit, wanted) in [(1000, expected.len()), (3, expected.len().min(3)), (0, 0)] {
            let page = stores.directory.page(&filter, None, limit).await.unwrap();
            assert_eq!(addresses(&page), addresses(&expected[..wanted]), "{limit} of {filter:?}");
            page.iter().zip(&expected).for_each(|(found, given)| assert_same_user(found, given));
        }
    }
}

/// MUST find the accounts that the filter admits, in order, and no others. No letter of the address stands for
/// another one, and the order is that of the code points.
pub async fn addresses_are_found_by_their_beginning_to_the_letter(stores: &Stores) {
    let samples = Samples::default();
    for local in ["Öd", "axb", "a_b", "日本", "Zeta", "a%b", "ägypten", "ab", "\"a b\"", "öl", "A-b"] {
        stores.open(&samples, &format!("{local}@example.com")).await;
    }
    let all: &[&str] = &["\"a b\"", "a%b", "A-b", "a_b", "ab", "axb", "Zeta", "ägypten", "Öd", "öl", "日本"];
    for (prefix, expected) in [
        ("", all),
        ("A", &all[1..6]),
        ("a%", &all[1..2]),
        ("a_", &all[3..4]),
        ("A_B@EX", &all[3..4]),
        ("a-", &all[2..3]),
        ("\"A B", &all[..1]),
        ("Ä", &all[7..8]),
        ("ö", &all[8..10]),
        ("日", &all[10..]),
    ] {
        let filter = UserFilter { address_prefix: Some(prefix.to_owned()), ..UserFilter::default() };
        let expected: Vec<_> = expected.iter().map(|local| format!("{local}@example.com")).collect();
        assert_eq!(walk(stores, &filter, 100).await, expected, "{prefix:?}");
    }
    for nobody in ["%", "_", "*", "\\", "'", "a b", "a\\", "xb", "a\u{0}", "\u{10FFFF}", "a\u{10FFFF}", "\n"]
    {
        let filter = UserFilter { address_prefix: Some(nobody.to_owned()), ..UserFilter::default() };
        assert_eq!(walk(stores, &filter, 100).await, [""; 0], "{nobody:?}");
    }
}

/// MUST find the accounts that the filter admits, in order, and no others. As they are now, whatever has changed
/// them.
pub async fn a_filter_follows_every_change_of_an_account(stores: &Stores) {
    let samples = Samples::default();
    stores.administrator(&samples, "other@example.com").await;
    let mut account = samples.account("ada@example.com");
    let token = samples.token(account.user.id, TokenPurpose::VerifyEmail);
    account.verification = Some(token.clone());
    let mut user = stores.opened(account).await;
    let check = async |user: &User| {
        for filter in filters() {
            let found = walk(stores, &filter, 100).await.contains(&"ada@example.com".to_owned());
            assert_eq!(found, filter.admits(user), "{filter:?}");
        }
    };
    check(&user).await;
    let roles = |names: &[&str]| {
        Amendment::Roles(names.iter().map(|name| Role::parse(name).expect("the role is one")).collect())
    };
    for amendment in [
        Amendment::Status(UserStatus::Disabled),
        roles(&["admin"]),
        Amendment::Status(UserStatus::Active),
        roles(&["user", "admin", "zeta"]),
        roles(&["admins", "sub-admin", "admin_2"]),
        roles(&[]),
    ] {
        stores.users.amend(user.id, amendment, after(1)).await.unwrap();
        user = stores.user(&user).await;
        check(&user).await;
    }
    user =
        stores.credentials.verify_email(&token.digest, after(2)).await.unwrap().expect("the token is good");
    check(&user).await;
    stores.users.delete_account(user.id).await.unwrap();
    assert_eq!(walk(stores, &UserFilter::default(), 100).await, ["other@example.com"]);
}

/// MUST find every account once, however small the pages, and however many share an instant.
pub async fn every_account_is_found_once_however_small_the_pages(stores: &Stores) {
    let users = everybody(stores, &Samples::default()).await;
    for filter in filters_of_both_orders() {
        let expected = addresses(&admitted(&users, &filter));
        for limit in [1, 2, 5] {
            assert_eq!(walk(stores, &filter, limit).await, expected, "by {limit}: {filter:?}");
        }
    }
}

/// MUST find every account once, however small the pages, and however many share an instant. Also behind an account
/// that is gone by now, or that no filter would find.
pub async fn a_cursor_leads_on_whatever_became_of_its_account(stores: &Stores) {
    let samples = Samples::default();
    let users = everybody(stores, &samples).await;
    for filter in
        [UserFilter::default(), UserFilter { address_prefix: Some("b".into()), ..Default::default() }]
    {
        let expected = admitted(&users, &filter);
        let cursor = filter.cursor(&expected[3]);
        let behind = async || stores.directory.page(&filter, Some(&cursor), 1000).await.unwrap();
        assert_eq!(addresses(&behind().await), addresses(&expected[4..]));
        stores.users.delete_account(expected[3].id).await.unwrap();
        assert_eq!(addresses(&behind().await), addresses(&expected[4..]));
        let account = NewAccount { user: expected[3].clone(), ..samples.account("put.back@example.com") };
        stores.opened(account).await;
    }
    let filter = UserFilter { address_prefix: Some("b".into()), ..UserFilter::default() };
    let before = UserCursor::Address(email_key("a@example.com"));
    let all = stores.directory.page(&filter, Some(&before), 1000).await.unwrap();
    assert_eq!(addresses(&all), addresses(&admitted(&users, &filter)));
    let behind = UserCursor::Address(email_key("c@example.com"));
    assert_eq!(stores.directory.page(&filter, Some(&behind), 1000).await.unwrap(), []);
}

/// MUST find the accounts that the filter admits, in order, and no others. A cursor of the other order has nobody
/// behind it.
pub async fn a_cursor_of_the_other_order_is_the_end(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let (newest, by_address) =
        (UserFilter::default(), UserFilter { address_prefix: Some("".into()), ..UserFilter::default() });
    for (filter, cursor) in [
        (&newest, UserCursor::Address(email_key("a@example.com"))),
        (&by_address, UserCursor::Newest { created_at: after(99), id: user.id }),
    ] {
        assert_eq!(stores.directory.page(filter, Some(&cursor), 10).await.unwrap(), []);
    }
}
