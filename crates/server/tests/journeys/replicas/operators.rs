//! What an operator does with redis-cli has the effect that the documents promise.

use serde_json::{Value, json};

use super::Installation;
use crate::support::{Account, PASSWORD, token_claims};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_are_where_the_documents_say_and_do_what_they_say() -> anyhow::Result<()> {
    let installation = Installation::start(&["--set", "rate_limits.login.limit=1000"]).await?;
    let (redis, client) = (&installation.redis, installation.replica(0));
    let account = Account::register(client, "Ada@example.com").await?;
    assert_eq!(account.me(client).await?.status, 200);
    let claims = token_claims(&account.access)?;
    let text = |pointer: &str| claims.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
    let (session, token) = (text("/session_id"), text("/jti"));

    assert_eq!(redis.command(&["EXISTS", &format!("session:{session}")])?, "1");
    assert_eq!(redis.command(&["SMEMBERS", &format!("user_sessions:{}", account.id)])?, session);

    // A blacklisted token is refused everywhere, and stays so when the key is lost.
    let key = format!("blacklist:{token}");
    redis.command(&["SET", &key, "stolen laptop", "EX", "900"])?;
    for replica in &installation.replicas {
        assert_eq!(account.me(replica.client()).await?.status, 401);
    }
    redis.command(&["FLUSHALL"])?;
    for replica in &installation.replicas {
        assert_eq!(account.me(replica.client()).await?.status, 401, "it was written down when it was met");
    }
    assert_eq!(account.refresh(client).await?.status, 200, "only the one token was revoked");

    // A locked address is unlocked by deleting its counter. It is nobody's, so that every client is a stranger.
    let stranger = Account { email: "Nobody@Example.com".to_owned(), ..account.clone() };
    for _ in 0..5 {
        assert_eq!(stranger.log_in(client, "Wrong-pass1!").await?.status, 401);
    }
    assert_eq!(stranger.log_in(installation.replica(1), "Wrong-pass1!").await?.status, 429);
    let counter = "failed_login:nobody@example.com";
    assert_eq!(redis.command(&["GET", counter])?, "5");
    redis.command(&["DEL", counter])?;
    assert_eq!(stranger.log_in(installation.replica(1), "Wrong-pass1!").await?.status, 401);

    // What was ended is listed, the newest first.
    let again = account.log_in(client, PASSWORD).await?;
    let fresh = client.with_token(again.text_at("/access_token"));
    assert_eq!(fresh.post("/auth/logout", &json!({})).await?.status, 204);
    let listed = async {
        loop {
            let newest = redis.command(&["LINDEX", "session_terminations", "0"])?;
            if let Ok(Value::Object(newest)) = serde_json::from_str(&newest) {
                return anyhow::Ok(newest);
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let newest = tokio::time::timeout(std::time::Duration::from_secs(30), listed).await??;
    assert_eq!(newest["reason"], "logout");
    assert_eq!(newest["user_id"], account.id.as_str());
    for field in ["session_id", "original_ip", "new_ip", "timestamp"] {
        assert!(newest.contains_key(field), "{newest:?}");
    }
    Ok(())
}
