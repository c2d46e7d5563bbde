//! The shop's suite, against the whole of Archon Auth in the same process.

use std::time::Duration;

use archon_example_integration_suite::{AuthSettings, serve};
use archon_testkit::{Backend, Client, TestServer, TestServerBuilder};
use serde_json::json;
use tokio::net::TcpListener;

/// A service of its own for one test, and the shop that trusts it.
async fn start(builder: TestServerBuilder) -> anyhow::Result<(TestServer, Client)> {
    // In memory, or on real servers where the environment names them.
    let auth = builder.backend(Backend::from_env()?).start().await?;
    let settings = AuthSettings {
        jwks_url: auth.jwks_url(),
        issuer: auth.issuer().to_owned(),
        audience: auth.audience().to_owned(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let shop = Client::new(format!("http://{}", listener.local_addr()?))?;
    tokio::spawn(serve(listener, settings));
    Ok((auth, shop))
}

#[tokio::test]
async fn customers_see_their_own_orders_and_strangers_none() -> anyhow::Result<()> {
    let (auth, shop) = start(TestServer::builder()).await?;
    let ada = auth.register("ada@example.com").await?;
    let orders = shop.with_header("authorization", &ada.authorization()).get("/orders").await?;
    assert_eq!((orders.status, orders.text_at("/customer")), (200, ada.id.as_str()));

    let elsewhere = TestServer::start().await?.register("ada@example.com").await?;
    for token in ["", "made up", &ada.refresh_token, &elsewhere.access_token] {
        assert_eq!(shop.with_token(token).get("/orders").await?.status, 401, "{token}");
    }
    Ok(())
}

#[tokio::test]
async fn an_expired_token_opens_nothing() -> anyhow::Result<()> {
    // The shop goes by the real time, so the service's clock starts an hour before it.
    let hour = Duration::from_secs(3600);
    let now = TestServer::start().await?.now();
    let (auth, shop) = start(TestServer::builder().start_at(now - hour)).await?;
    let ada = auth.register("ada@example.com").await?;
    assert_eq!(shop.with_token(&ada.access_token).get("/orders").await?.status, 401);

    auth.clock().advance(hour);
    let ada = auth.log_in(&ada).await?;
    assert_eq!(shop.with_token(&ada.access_token).get("/orders").await?.status, 200);
    Ok(())
}

#[tokio::test]
async fn only_who_has_verified_an_address_may_order() -> anyhow::Result<()> {
    let (auth, shop) = start(TestServer::builder()).await?;
    let ada = auth.register("ada@example.com").await?;
    let basket = json!({"item": "a difference engine"});
    assert_eq!(shop.with_token(&ada.access_token).post("/orders", &basket).await?.status, 403);

    let mail = auth.mail(&ada.email, "verify_email").await?;
    let verified = auth.client().post("/auth/email/verify", &json!({"token": mail.token()})).await?;
    assert_eq!(verified.status, 200, "{}", verified.text);
    let ada = auth.log_in(&ada).await?;
    assert_eq!(shop.with_token(&ada.access_token).post("/orders", &basket).await?.status, 201);
    Ok(())
}

#[tokio::test]
async fn every_algorithm_will_do() -> anyhow::Result<()> {
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let (auth, shop) = start(TestServer::builder().algorithm(algorithm)).await?;
        let ada = auth.register("ada@example.com").await?;
        assert_eq!(shop.with_token(&ada.access_token).get("/orders").await?.status, 200, "{algorithm}");
    }
    Ok(())
}
