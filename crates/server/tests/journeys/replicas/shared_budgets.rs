//! Replicas share one budget and one truth.

use futures::future::join_all;

use super::{Installation, REPLICAS};
use crate::support::{Account, PASSWORD};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rate_limit_and_a_lockout_hold_across_replicas() -> anyhow::Result<()> {
    let settings = ["--set", "rate_limits.register.limit=100", "--set", "rate_limits.login.limit=1000"];
    let installation = Installation::start(&settings).await?;
    let account = Account::register(installation.replica(0), "ada@example.com").await?;

    // The default budget of a user: 300 requests a minute.
    let asked = (0..450).map(|number| account.me(installation.replica(number % REPLICAS)));
    let statuses = join_all(asked).await.into_iter().map(|answer| answer.map(|answer| answer.status));
    let statuses = statuses.collect::<anyhow::Result<Vec<_>>>()?;
    let count = |status| statuses.iter().filter(|each| **each == status).count();
    assert_eq!((count(200), count(429)), (300, 150), "what three replicas admit is one budget");

    // An address that nobody has logged in from but the user: everybody here is on one network, so the
    // address of a stranger's account is guessed at.
    let stranger = Account { email: "nobody@example.com".to_owned(), ..account };
    let guessed =
        (0..90).map(|number| stranger.log_in(installation.replica(number % REPLICAS), "Wrong-pass1!"));
    let statuses = join_all(guessed).await.into_iter().map(|answer| answer.map(|answer| answer.status));
    let statuses = statuses.collect::<anyhow::Result<Vec<_>>>()?;
    let count = |status| statuses.iter().filter(|each| **each == status).count();
    assert_eq!((count(401), count(429)), (5, 85), "five guesses, whichever replicas they are put to");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_out_on_one_replica_is_refused_on_the_others_at_the_next_request() -> anyhow::Result<()> {
    let unlimited = [
        "rate_limits.login.limit=1000",
        "rate_limits.refresh.limit=1000",
        "rate_limits.default.limit=100000",
    ];
    let settings = unlimited.map(|limit| ["--set", limit]).concat();
    let installation = Installation::start(&settings).await?;
    let mut account = Account::register(installation.replica(0), "ada@example.com").await?;
    for round in 0..100 {
        let [here, there, elsewhere] = [0, 1, 2].map(|step| installation.replica((round + step) % REPLICAS));
        for replica in [there, elsewhere, here] {
            assert_eq!(account.me(replica).await?.status, 200, "round {round}");
        }
        let out = here.with_token(&account.access).post("/auth/logout", &serde_json::json!({})).await?;
        assert_eq!(out.status, 204, "{}", out.text);
        for replica in [there, elsewhere, here] {
            assert_eq!(account.me(replica).await?.status, 401, "round {round}");
            assert_eq!(account.refresh(replica).await?.status, 401, "round {round}");
        }
        let again = account.log_in(there, PASSWORD).await?;
        account.access = again.text_at("/access_token").to_owned();
        account.refresh = again.text_at("/refresh_token").to_owned();
    }
    Ok(())
}
