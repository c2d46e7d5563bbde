//! The same servers on real backends: each with a place of its own, and nothing left there.
//!
//! `scripts/test.sh` starts the servers; a test that misses one fails and says what to do.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use anyhow::Context as _;
use archon_testkit::{Backend, TestServer, User};
use deadpool_redis::redis;
use tokio_postgres::NoTls;

fn url(name: &str) -> anyhow::Result<String> {
    std::env::var(name).ok().with_context(|| {
        format!(
            "{name} is not set: run the tests with scripts/test.sh, which starts a server for them, or set it \
             to the URL of one"
        )
    })
}

fn postgres() -> anyhow::Result<Backend> {
    Ok(Backend::postgres(&url(Backend::POSTGRES_URL)?))
}

fn postgres_and_redis() -> anyhow::Result<Backend> {
    Ok(Backend::postgres_and_redis(&url(Backend::POSTGRES_URL)?, &url(Backend::REDIS_URL)?))
}

async fn sql(statement: &str) -> anyhow::Result<Vec<String>> {
    let (client, connection) = tokio_postgres::connect(&url(Backend::POSTGRES_URL)?, NoTls).await?;
    let driver = tokio::spawn(connection);
    let rows = client.query(statement, &[]).await?;
    drop(client);
    driver.await??;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// The schemas in which somebody has this address.
async fn schemas_with(email: &str) -> anyhow::Result<Vec<String>> {
    let schemas = sql("SELECT nspname::text FROM pg_namespace WHERE nspname LIKE 'archon_testkit_%'").await?;
    let mut found = Vec::new();
    for schema in schemas {
        let users = sql(&format!("SELECT email::text FROM {schema}.users WHERE email = '{email}'")).await;
        // A schema of another test may be gone, or not have its tables yet.
        if users.is_ok_and(|users| !users.is_empty()) {
            found.push(schema);
        }
    }
    Ok(found)
}

/// An address that no other test has.
fn nobody_else(name: &str) -> String {
    format!("{name}.{}@example.com", std::process::id())
}

/// What a test does with a server of any backend: the clock and the mailbox work there as well.
async fn story(server: &TestServer, email: &str) -> anyhow::Result<User> {
    let ada = server.register(email).await?;
    server.mail(email, "verify_email").await?;
    server.expire_access_tokens();
    assert_eq!(server.client_of(&ada).get("/auth/me").await?.text_at("/message"), "Token has expired");
    let ada = server.log_in(&ada).await?;
    assert_eq!(server.client_of(&ada).get("/auth/me").await?.status, 200);
    server.lock(email).await?;
    server.clock().advance(Duration::from_secs(1801));
    server.log_in(&ada).await
}

#[tokio::test]
async fn sqlite_leaves_no_file() -> anyhow::Result<()> {
    // This test's own folder for temporary files would be the process's; so it looks for names instead.
    let server = TestServer::builder().backend(Backend::Sqlite).start().await?;
    story(&server, "ada@example.com").await?;
    let open = || -> anyhow::Result<Vec<String>> {
        let links = std::fs::read_dir("/proc/self/fd")?
            .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        Ok(links
            .map(|path| path.display().to_string())
            .filter(|path| path.contains("archon-testkit-"))
            .collect())
    };
    let file = open()?.first().cloned().context("no database is open")?;
    drop(server);
    assert_eq!(open()?, [] as [&str; 0]);
    assert!(!std::path::Path::new(&file).exists(), "{file}");
    Ok(())
}

#[tokio::test]
async fn a_schema_is_gone_with_its_server() -> anyhow::Result<()> {
    let email = nobody_else("schema");
    let server = TestServer::builder().backend(postgres()?).start().await?;
    story(&server, &email).await?;
    assert_eq!(schemas_with(&email).await?.len(), 1);
    drop(server);
    assert_eq!(schemas_with(&email).await?, [] as [&str; 0]);
    Ok(())
}

#[test]
fn a_schema_is_gone_when_its_test_panics() -> anyhow::Result<()> {
    let email = nobody_else("panic");
    let run = || tokio::runtime::Builder::new_current_thread().enable_all().build();
    let failing = AssertUnwindSafe(|| {
        run().unwrap().block_on(async {
            let server = TestServer::builder().backend(postgres().unwrap()).start().await.unwrap();
            server.register(&email).await.unwrap();
            assert_eq!(schemas_with(&email).await.unwrap().len(), 1);
            panic!("as a failing test does");
        });
    });
    assert!(std::panic::catch_unwind(failing).is_err());
    assert_eq!(run()?.block_on(schemas_with(&email))?, [] as [&str; 0]);
    Ok(())
}

#[tokio::test]
async fn servers_side_by_side_do_not_see_each_other() -> anyhow::Result<()> {
    let start = || async { TestServer::builder().backend(postgres()?).start().await };
    let (first, second, third) = tokio::try_join!(start(), start(), start())?;
    let email = nobody_else("parallel");
    let ada = first.register(&email).await?;
    for other in [&second, &third] {
        assert_eq!(other.client_of(&ada).get("/auth/me").await?.status, 401);
        other.register(&email).await?;
    }
    assert_eq!(schemas_with(&email).await?.len(), 3);
    drop((first, second));
    third.log_in(&ada).await?;
    Ok(())
}

async fn keys(pattern: &str) -> anyhow::Result<Vec<String>> {
    let server = redis::Client::open(url(Backend::REDIS_URL)?)?;
    let mut connection = server.get_multiplexed_async_connection().await?;
    Ok(redis::cmd("KEYS").arg(pattern).query_async(&mut connection).await?)
}

#[tokio::test]
async fn redis_keeps_no_key_of_a_server_that_is_gone() -> anyhow::Result<()> {
    let server = TestServer::builder().backend(postgres_and_redis()?).start().await?;
    let email = nobody_else("redis");
    let user = story(&server, &email).await?;
    let ours = format!("archon_testkit_*{}*", user.id);
    assert!(!keys(&ours).await?.is_empty(), "the user's sessions are in Redis");
    drop(server);
    assert_eq!(keys(&ours).await?, [] as [&str; 0]);
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_that_says_what_to_do() -> anyhow::Result<()> {
    // Nobody listens there: the port was free a moment ago.
    let free = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let refused = async |backend| {
        let started = TestServer::builder().backend(backend).start().await;
        started.err().map(|error| format!("{error:#}")).context("it has started")
    };
    let error = refused(Backend::postgres(&format!("postgres://ada:hunter2@{free}/test"))).await?;
    assert!(error.contains(&format!("PostgreSQL at {free}")) && error.contains("start it"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let redis = format!("redis://:hunter2@{free}");
    let error = refused(Backend::postgres_and_redis(&url(Backend::POSTGRES_URL)?, &redis)).await?;
    assert!(error.contains(&format!("Redis at {free}")) && error.contains("start it"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    for (url, says) in [("mysql://localhost", "postgres://"), ("postgres://u@h/d?sslmode=require", "TLS")] {
        let error = refused(Backend::postgres(url)).await?;
        assert!(error.contains(says), "{error}");
    }
    Ok(())
}

#[tokio::test]
async fn a_user_who_may_not_create_schemas_is_told_how_he_may() -> anyhow::Result<()> {
    let admin = url(Backend::POSTGRES_URL)?;
    let role = format!("testkit_{}", std::process::id());
    sql(&format!("CREATE ROLE {role} LOGIN PASSWORD 'SecurePass123'")).await?;
    let (_, server) = admin.rsplit_once('@').context("no user in the URL")?;
    let backend = Backend::postgres(&format!("postgres://{role}:SecurePass123@{server}"));
    let started = TestServer::builder().backend(backend).start().await;
    sql(&format!("DROP ROLE {role}")).await?;
    let error = started.err().map(|error| format!("{error:#}")).context("it has started")?;
    assert!(error.contains("GRANT CREATE ON DATABASE") && error.contains(&format!("TO {role}")), "{error}");
    Ok(())
}
