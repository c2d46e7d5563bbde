//! What strangers and users put into names, addresses, programs and requests is shown to operators as text.

use serde_json::json;

use super::Console;
use crate::pages::browser::encoded;
use crate::support::{PASSWORD, WRONG};

/// Breaks out of text, of an attribute, and of a template.
const HOSTILE: [&str; 4] = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onfocus='alert(1)",
    "{{ 7*7 }}{% raw %}",
];

// Every page is read by a parser that refuses scripts, pictures from elsewhere and inline handlers.

#[tokio::test]
async fn names_programs_and_requests_are_shown_as_text() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    for (place, hostile) in HOSTILE.into_iter().enumerate() {
        let email = format!("eve{place}@example.com");
        let client = console.server.client().with_user_agent(hostile).from_address("<b>");
        let body = json!({"email": email, "password": PASSWORD, "name": hostile});
        let answer = client.post("/auth/register", &body).await?;
        assert_eq!(answer.status, 201, "{}", answer.text);
        client.post("/auth/login", &json!({"email": email, "password": WRONG})).await?;
        let user = format!("/auth/console/users/{}", answer.text_at("/user/id"));
        for path in ["/auth/console/users", "/auth/console/events", "/auth/console", &*user] {
            let page = console.browser.open(path).await?;
            assert_eq!(page.status, 200, "{}", page.body);
            if path != "/auth/console" {
                assert!(page.html.text().contains(hostile), "{hostile} in {path}: {}", page.body);
            }
        }
    }
    Ok(())
}

#[tokio::test]
async fn reasons_and_what_was_looked_for_are_shown_as_text() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    let ada = Console::page_of(&console.ada);
    for hostile in HOSTILE {
        let done = console.confirm(&format!("{ada}/unlock"), &[("reason", hostile)]).await?;
        assert_eq!(done.status, 303, "{}", done.body);
        let shown = console.browser.open(&ada).await?;
        assert!(shown.html.text().contains(hostile), "{}", shown.body);
        let refused =
            console.confirm(&format!("{ada}/roles"), &[("roles", hostile), ("reason", "x")]).await?;
        assert_eq!(refused.html.by_id("roles").map(|field| field.get("value")), Some(hostile));
        for (path, field) in [("users", "query"), ("events", "user"), ("alerts", "address")] {
            let path = format!("/auth/console/{path}?{}", encoded(&[(field, hostile), ("trail", hostile)]));
            let page = console.browser.open(&path).await?;
            assert_eq!(
                page.html.by_id(field).map(|field| field.get("value")),
                Some(hostile),
                "{}",
                page.body
            );
        }
        let block = format!("/auth/console/blocked-addresses/block?{}", encoded(&[("address", hostile)]));
        let page = console.browser.open(&block).await?;
        assert_eq!(page.html.by_id("address").map(|field| field.get("value")), Some(hostile));
    }
    Ok(())
}

#[tokio::test]
async fn addresses_put_no_words_into_our_mouth() -> anyhow::Result<()> {
    let mut console = Console::open().await?;
    for path in ["/auth/console/keys", "/auth/console/mail", "/auth/console/users"] {
        for done in ["Call+0800-EVIL", "%3Cscript%3E", "signed-out", "key-rotated&done=key-rotated"] {
            let page = console.browser.open(&format!("{path}?done={done}")).await?;
            assert_eq!(page.html.role("status"), "", "{}", page.body);
        }
    }
    Ok(())
}
