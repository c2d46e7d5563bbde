//! Pages while the database is away.

use std::sync::Arc;

use actix_web::dev::ServerHandle;
use archon_contract::faults::{Fault, Faults, Faulty};
use archon_mail_lettre::{Mailbox, Transport};
use archon_server::config::{LoadInputs, load};
use archon_server::http;
use archon_server::wire::{Adapt, Surroundings, wire};

use super::browser::{ADA, Browser, SESSION};
use crate::support::PASSWORD;

const SESSIONS: &str = "/auth/pages/sessions";

/// A service whose stores fail when they are told to.
struct Service {
    base_url: String,
    faults: Arc<Faults>,
    server: ServerHandle,
}

async fn start() -> anyhow::Result<Service> {
    let settings = [
        ("database.url", "memory:"),
        ("server.workers", "1"),
        ("keys.algorithm", "ES256"),
        ("hashing.memory_kib", "16"),
        ("hashing.iterations", "1"),
    ];
    let overrides = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).into();
    let settings = load(&LoadInputs { overrides, ..LoadInputs::default() })?.settings;
    let faults = Faults::none();
    let plan = Arc::clone(&faults);
    let adapt: Adapt = Arc::new(move |mut stored| {
        stored.users = Faulty::wrap(&stored.users, &plan);
        stored.sessions = Faulty::wrap(&stored.sessions, &plan);
        Ok(stored)
    });
    let transport = Some(Transport::Memory(Mailbox::new()));
    let surroundings = Surroundings { transport, adapt: Some(adapt), ..Surroundings::default() };
    let listener = http::bind("127.0.0.1", 0, "nothing")?;
    let address = http::address(&listener)?;
    let service = Box::pin(wire(&settings, address.port(), surroundings)).await?;
    let server = http::serve(service.web.clone(), listener, &settings)?;
    let handle = server.handle();
    tokio::spawn(server);
    Ok(Service { base_url: format!("http://{address}"), faults, server: handle })
}

#[tokio::test]
async fn nobody_is_signed_out_because_a_store_is_away() -> anyhow::Result<()> {
    let service = start().await?;
    let mut browser = Browser::at(&service.base_url)?;
    let form = browser.open("/auth/pages/register").await?;
    let fields = [("name", "Ada Lovelace"), ("email", ADA), ("password", PASSWORD)];
    assert_eq!(browser.submit(&form, "/auth/pages/register", &fields).await?.status, 303);
    let sessions = browser.open(SESSIONS).await?;
    sessions.assert_is(200, "Your sessions");

    service.faults.strike_all(Fault::Refused);
    for path in [SESSIONS, "/auth/pages/change-password"] {
        let page = browser.open(path).await?;
        page.assert_is(503, "The service is busy");
        assert_eq!((page.set_cookie(SESSION), page.header("retry-after")), ("", "1"));
        assert!(page.html.text().contains("Nothing was done. Try again in 1 second."), "{}", page.body);
    }
    let page = browser.submit(&sessions, "/auth/pages/sign-out", &[]).await?;
    page.assert_is(503, "The service is busy");
    assert!(browser.cookies.contains_key(SESSION), "signed out in name only");

    service.faults.heal();
    browser.open(SESSIONS).await?.assert_is(200, "Your sessions");
    service.server.stop(false).await;
    Ok(())
}

#[tokio::test]
async fn what_was_typed_is_not_lost_while_a_store_is_away() -> anyhow::Result<()> {
    let service = start().await?;
    let mut browser = Browser::at(&service.base_url)?;
    let form = browser.open("/auth/pages/register").await?;
    let fields = [("name", "Ada Lovelace"), ("email", ADA), ("password", PASSWORD)];
    service.faults.strike_all(Fault::Refused);
    let page = browser.submit(&form, "/auth/pages/register", &fields).await?;
    page.assert_is(503, "Create an account");
    assert!(page.html.role("alert").contains("nothing was done. Try again in 1 second."), "{}", page.body);
    assert_eq!(page.header("retry-after"), "1");

    service.faults.heal();
    assert_eq!(browser.submit(&page, "/auth/pages/register", &[("password", PASSWORD)]).await?.status, 303);
    service.server.stop(false).await;
    Ok(())
}
