//! Page by page: everything once, in order, however small the pages and however many share an instant.

use std::collections::BTreeSet;

use archon_testkit::TestServer;
use serde_json::Value;

use super::{Stage, each, list};
use crate::support::{assert_refused, fail, seconds};

/// How many accounts there are: 20 of one instant, and some of others, besides the administrator's and Ada's.
const USERS: usize = 27;

/// A service with a directory in which most accounts were opened at the same instant.
async fn directory() -> anyhow::Result<Stage> {
    let stage = Stage::set().await?;
    for number in 2..USERS {
        if number > 21 {
            stage.server.clock().advance(seconds(1));
        }
        stage.server.register(&format!("user-{number:02}@example.com")).await?;
    }
    Ok(stage)
}

/// Everything in a list of `/auth/admin`, page by page.
async fn leafed(stage: &Stage, path: &str, name: &str, limit: usize) -> anyhow::Result<Vec<Value>> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = stage.shown(&format!("{path}limit={limit}{cursor}")).await?;
        let items = list(&page, name)?;
        assert!(items.len() <= limit, "{} on a page of {limit}", items.len());
        all.extend(items.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => {
                assert_eq!(items.len(), limit, "a page that is not the last one is full");
                cursor = format!("&cursor={next}");
            }
            None => return Ok(all),
        }
    }
}

#[tokio::test]
async fn any_size_of_pages_gives_every_account_once() -> anyhow::Result<()> {
    let stage = directory().await?;
    for (path, sizes) in [("/users?", 1..=USERS + 1), ("/users?query=USER-&", 1..=USERS)] {
        let whole = leafed(&stage, path, "users", 200).await?;
        let ids: BTreeSet<_> = each(&whole, "id").into_iter().collect();
        let expected = if path.contains("query") { USERS - 2 } else { USERS };
        assert_eq!((ids.len(), whole.len()), (expected, expected));
        for size in sizes {
            let paged = leafed(&stage, path, "users", size).await?;
            assert_eq!(each(&paged, "id"), each(&whole, "id"), "{path} by {size}");
        }
    }
    let newest = leafed(&stage, "/users?", "users", 200).await?;
    let order: Vec<_> = each(&newest, "created_at").into_iter().zip(each(&newest, "id")).collect();
    assert!(order.is_sorted_by(|one, next| one > next), "{order:?}");
    assert!(each(&leafed(&stage, "/users?query=u&", "users", 3).await?, "email").is_sorted());
    Ok(())
}

#[tokio::test]
async fn any_size_of_pages_gives_every_event_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for number in 0..12 {
        fail(&stage.server.client(), &format!("nobody-{number}@example.com"), 1).await?;
    }
    let whole = leafed(&stage, "/events?", "events", 200).await?;
    let order: Vec<_> = each(&whole, "time").into_iter().zip(each(&whole, "id")).collect();
    assert!(order.len() > 14 && order.is_sorted_by(|one, next| one > next), "{order:?}");
    for size in 1..=whole.len() {
        assert_eq!(leafed(&stage, "/events?", "events", size).await?, whole, "by {size}");
    }
    let failed = leafed(&stage, "/events?type=login_failed&", "events", 5).await?;
    assert_eq!(failed.len(), 12);
    Ok(())
}

#[tokio::test]
async fn accounts_that_come_or_go_meanwhile_disturb_nobody_elses_place() -> anyhow::Result<()> {
    let stage = directory().await?;
    let before = each(&leafed(&stage, "/users?", "users", 200).await?, "email");
    let first = stage.shown("/users?limit=10").await?;
    // One is opened in front, and the one that the page ended with is deleted.
    stage.server.clock().advance(seconds(1));
    stage.server.register("new@example.com").await?;
    let last = list(&first, "users")?.last().cloned().unwrap_or_default();
    let path = format!("/auth/admin/users/{}", last["id"].as_str().unwrap_or_default());
    let deleted = stage.admin().send(reqwest::Method::DELETE, &path, Some(&super::because())).await?;
    assert_eq!(deleted.status, 204, "{}", deleted.text);
    let cursor = first["next_cursor"].as_str().unwrap_or_default();
    let rest = stage.shown(&format!("/users?limit=200&cursor={cursor}")).await?;
    let seen = [each(list(&first, "users")?, "email"), each(list(&rest, "users")?, "email")].concat();
    assert_eq!(seen, before);
    Ok(())
}

#[tokio::test]
async fn a_cursor_fits_the_list_and_the_conditions_that_it_came_from() -> anyhow::Result<()> {
    let stage = directory().await?;
    let page = stage.shown("/users?limit=2&status=active").await?;
    let cursor = page["next_cursor"].as_str().unwrap_or_default().to_owned();
    let answer = stage.get(&format!("/auth/admin/users?limit=7&status=active&cursor={cursor}")).await?;
    assert_eq!(answer.status, 200, "another size of pages is fine: {}", answer.text);
    let events = stage.shown("/events?limit=1").await?;
    let of_events = events["next_cursor"].as_str().unwrap_or_default().to_owned();
    let by_address = stage.shown("/users?limit=2&query=user").await?;
    let by_address = by_address["next_cursor"].as_str().unwrap_or_default().to_owned();
    let (cut, longer) = (cursor[..cursor.len() - 4].to_owned(), format!("{cursor}AAAA"));
    let mut changed = cursor.clone().into_bytes();
    changed[9] = if changed[9] == b'A' { b'B' } else { b'A' };
    let changed = String::from_utf8(changed)?;
    let paths = [
        format!("/auth/admin/users?cursor={cursor}"),
        format!("/auth/admin/users?status=disabled&cursor={cursor}"),
        format!("/auth/admin/users?status=active&role=admin&cursor={cursor}"),
        format!("/auth/admin/users?status=active&cursor={cut}"),
        format!("/auth/admin/users?status=active&cursor={longer}"),
        format!("/auth/admin/users?status=active&cursor={changed}"),
        format!("/auth/admin/users?status=active&cursor={of_events}"),
        format!("/auth/admin/users?query=use&cursor={by_address}"),
        format!("/auth/admin/events?cursor={cursor}"),
        format!("/auth/admin/events?type=logout&cursor={of_events}"),
        "/auth/admin/users?cursor=".to_owned(),
        "/auth/admin/users?cursor=nonsense".to_owned(),
        format!("/auth/admin/users?cursor={}", "A".repeat(2000)),
    ];
    for path in paths {
        let answer = stage.get(&path).await?;
        assert_refused(&answer, 400, "INVALID_CURSOR");
        assert_eq!(answer.text_at("/details/0/field"), "cursor", "{path}");
    }
    Ok(())
}

#[tokio::test]
async fn the_directory_is_the_same_on_sqlite() -> anyhow::Result<()> {
    let builder = TestServer::builder().seed(1).backend(archon_testkit::Backend::Sqlite);
    let stage = Stage::set_with(builder).await?;
    for number in 0..9 {
        stage.server.register(&format!("user-{number}@example.com")).await?;
    }
    for path in ["/users?", "/users?query=USER&", "/events?"] {
        let name = if path.starts_with("/users") { "users" } else { "events" };
        let whole = leafed(&stage, path, name, 200).await?;
        assert!(whole.len() >= 9, "{path}");
        for size in [1, 2, 3, 7, 11] {
            assert_eq!(
                each(&leafed(&stage, path, name, size).await?, "id"),
                each(&whole, "id"),
                "{path} by {size}"
            );
        }
    }
    Ok(())
}
