use anyhow::Context as _;
use serde_json::{Value, json};

use crate::support::{Account, CHEAP, Database, Service, change_sqlite, until};

/// What `events verify` says, and with which exit status.
fn verify(service: &Service, options: &[&str]) -> anyhow::Result<(Value, Option<i32>)> {
    let run = service.command(&[&["events", "verify", "--json"], options].concat())?;
    let report = serde_json::from_str(&run.stdout).with_context(|| format!("{run:?}"))?;
    Ok((report, run.status))
}

/// Registers so many users and waits until the log has their events.
async fn registrations(service: &Service, from: usize, count: usize) -> anyhow::Result<()> {
    let before = verify(service, &[])?.0["verified"].as_u64().unwrap_or(0);
    for number in from..from + count {
        Account::register(service.client(), &format!("user-{number}@example.com")).await?;
    }
    tokio::task::block_in_place(|| {
        until("the events are written", || {
            let verified = verify(service, &[])?.0["verified"].as_u64().unwrap_or(0);
            Ok((verified >= before + count as u64).then_some(()))
        })
    })
}

/// Whose rows are changed by hand.
enum Rows<'a> {
    Sqlite(&'a Service),
    Postgres(&'a Database),
}

impl Rows<'_> {
    fn change(&self, statement: &str) -> anyhow::Result<()> {
        match self {
            Self::Sqlite(service) => change_sqlite(&service.folder().data().join("archon.db"), statement),
            Self::Postgres(database) => database.run(statement).map(drop),
        }
    }

    /// Changes rows, looks at what is said of it, and changes them back.
    fn tamper(&self, service: &Service, with: &str, kind: &str, sequence: u64) -> anyhow::Result<()> {
        self.change(
            "CREATE TABLE kept_events AS SELECT * FROM security_events; \
             CREATE TABLE kept_chain AS SELECT * FROM event_chain",
        )?;
        self.change(with)?;
        let (report, status) = verify(service, &[])?;
        let broken = &report["broken"];
        assert_eq!(
            (&broken["kind"], &broken["sequence"], status),
            (&json!(kind), &json!(sequence), Some(1)),
            "{with}: {report}"
        );
        self.change(
            "DELETE FROM security_events; INSERT INTO security_events SELECT * FROM kept_events; \
             DELETE FROM event_chain; INSERT INTO event_chain SELECT * FROM kept_chain; \
             DROP TABLE kept_events; DROP TABLE kept_chain",
        )?;
        assert_eq!(verify(service, &[])?.1, Some(0), "after {with}");
        Ok(())
    }
}

async fn whatever_is_done_to_the_log_is_named(service: &Service, rows: &Rows<'_>) -> anyhow::Result<()> {
    registrations(service, 0, 5).await?;
    let (whole, status) = verify(service, &[])?;
    assert_eq!((&whole["whole"], &whole["outside"], status), (&json!(true), &json!(0), Some(0)), "{whole}");
    let head = whole["head"].as_str().context("no head")?.to_owned();
    let last = whole["verified"].as_u64().context("no count")?;

    let at = |place: u64| format!("WHERE sequence = {place}");
    for (with, kind, sequence) in [
        (format!("UPDATE security_events SET ip_address = '192.0.2.66' {}", at(2)), "changed", 2),
        (format!("UPDATE security_events SET kind = 'nothing' {}", at(3)), "changed", 3),
        (format!("UPDATE security_events SET details = '{{ }}' {}", at(4)), "changed", 4),
        (format!("UPDATE security_events SET user_id = NULL {}", at(last)), "changed", last),
        (format!("UPDATE security_events SET digest = NULL {}", at(2)), "changed", 2),
        (format!("UPDATE security_events SET sequence = NULL {}", at(3)), "missing", 3),
        (format!("DELETE FROM security_events {}", at(3)), "missing", 3),
        ("DELETE FROM security_events WHERE sequence <= 2".to_owned(), "missing", 1),
        ("DELETE FROM security_events WHERE sequence >= 4".to_owned(), "missing", 4),
        (format!("UPDATE security_events SET sequence = {} {}", last + 9, at(last)), "missing", last),
        (
            format!("UPDATE event_chain SET sequence = {} WHERE name = 'head'", last - 1),
            "head_moved",
            last - 1,
        ),
        (
            format!(
                "UPDATE event_chain SET sequence = {0}, digest = \
                 (SELECT digest FROM security_events WHERE sequence = {0}) WHERE name = 'head'",
                last - 1
            ),
            "extra",
            last,
        ),
        (
            "UPDATE event_chain SET digest = (SELECT digest FROM security_events WHERE sequence = 2) \
          WHERE name = 'head'"
                .to_owned(),
            "head_moved",
            last,
        ),
        ("UPDATE event_chain SET sequence = 2 WHERE name = 'anchor'".to_owned(), "changed", 3),
    ] {
        rows.tamper(service, &with, kind, sequence)?;
    }
    assert_eq!(verify(service, &["--expect", &head])?.1, Some(0));
    let other = format!("{last}:{}", "0".repeat(64));
    let (report, status) = verify(service, &["--expect", &other])?;
    assert_eq!((&report["broken"]["kind"], status), (&json!("rewritten"), Some(1)));
    // Cut off so that nothing in the database shows it.
    rows.change(
        "UPDATE event_chain SET sequence = 3, digest = (SELECT digest FROM security_events WHERE sequence = 3) \
         WHERE name = 'head'; DELETE FROM security_events WHERE sequence > 3",
    )?;
    assert_eq!(verify(service, &[])?.1, Some(0));
    let (report, status) = verify(service, &["--expect", &head])?;
    assert_eq!((&report["broken"]["kind"], status), (&json!("rewritten"), Some(1)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_the_log_is_named_on_sqlite() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    whatever_is_done_to_the_log_is_named(&service, &Rows::Sqlite(&service)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_is_done_to_the_log_is_named_on_postgres() -> anyhow::Result<()> {
    let database = Database::create()?;
    let url = format!("database.url={}", database.url());
    let service = Service::start(&[&CHEAP[..], &["--set", &url]].concat())?;
    whatever_is_done_to_the_log_is_named(&service, &Rows::Postgres(&database)).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_chain_is_whole_after_ten_kills() -> anyhow::Result<()> {
    let mut service = Service::start(&CHEAP)?;
    for round in 0..10 {
        registrations(&service, round * 10, 1).await?;
        let client = service.client().clone();
        let more = tokio::spawn(async move {
            for number in 1..10 {
                let email = format!("user-{}@example.com", round * 10 + number);
                if Account::register(&client, &email).await.is_err() {
                    break;
                }
            }
        });
        tokio::task::yield_now().await;
        service.kill_hard()?;
        more.await?;
        service.restart()?;
        let (report, status) = verify(&service, &[])?;
        assert_eq!(status, Some(0), "round {round}: {report}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_latest_events_are_shown_as_they_are_chosen() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    registrations(&service, 0, 3).await?;
    let lines = |options: &[&str]| -> anyhow::Result<Vec<Value>> {
        let shown = service.command(&[&["events", "tail", "--json"], options].concat())?.success()?;
        Ok(shown.lines().map(serde_json::from_str).collect::<Result<_, _>>()?)
    };
    let all = lines(&["--type", "registered"])?;
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.is_sorted_by_key(|event| event["time"].as_str().map(str::to_owned)), "the oldest first");
    let user = all[1]["user_id"].as_str().context("no user")?.to_owned();
    assert_eq!(lines(&["--type", "registered", "--user", &user])?, all[1..2]);
    assert_eq!(lines(&["--type", "registered", "--limit", "2"])?, all[1..]);
    assert_eq!(lines(&["--type", "registered", "--address", "127.0.0.1"])?, all);
    assert_eq!(lines(&["--address", "192.0.2.1"])?, Vec::<Value>::new());
    assert_eq!(lines(&["--type", "logout", "--type", "registered"])?, all);
    let shown = service.command(&["events", "tail"])?.success()?;
    assert!(shown.contains("registered") && shown.contains(&user), "{shown}");
    let wrong = service.command(&["events", "tail", "--type", "nothing"])?;
    assert_eq!(wrong.status, Some(2), "{wrong:?}");
    Ok(())
}

/// Of which type events are, and whose.
fn kinds_and_users(lines: &[String]) -> anyhow::Result<Vec<(String, String)>> {
    let about = |line: &String| {
        let event: Value = serde_json::from_str(line).with_context(|| format!("no JSON: {line}"))?;
        let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        Ok((text("type"), text("user_id")))
    };
    lines.iter().map(about).collect()
}

async fn events_are_followed_as_they_come(service: &Service) -> anyhow::Result<()> {
    registrations(service, 0, 2).await?;
    let arguments = ["events", "tail", "--follow", "--json", "--limit", "1"];
    let chosen = ["--type", "registered", "--type", "logout"];
    let mut tail = service.follow(&[&arguments[..], &chosen].concat())?;
    tail.line("the latest event", |_| Some(()))?;

    let mut expected = Vec::new();
    for number in 2..5 {
        let account = Account::register(service.client(), &format!("user-{number}@example.com")).await?;
        assert_eq!(account.log_in(service.client(), "wrong-Password-1").await?.status, 401);
        let out = service.client().with_token(&account.access).post("/auth/logout", &json!({})).await?;
        assert!(out.status < 300, "{} {}", out.status, out.text);
        expected.extend(["registered", "logout"].map(|kind| (kind.to_owned(), account.id.clone())));
        let (_, last) = expected.last().context("there is one")?;
        let gone = |line: &str| (line.contains("\"logout\"") && line.contains(last)).then_some(());
        tail.line("that the user has logged out", gone)?;
    }
    let shown = kinds_and_users(&tail.lines())?;
    let (latest, followed) = shown.split_first().context("nothing was shown")?;
    assert_eq!(latest.0, "registered");
    assert!(!followed.contains(latest), "nothing twice: {shown:?}");
    assert_eq!(followed, expected, "each once, in its order, and no others");
    tail.signal("INT")?;
    assert!(!tail.wait()?.success(), "it goes on until it is interrupted");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_followed_as_they_come_on_sqlite() -> anyhow::Result<()> {
    events_are_followed_as_they_come(&Service::start(&CHEAP)?).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_followed_as_they_come_on_postgres() -> anyhow::Result<()> {
    let database = Database::create()?;
    let url = format!("database.url={}", database.url());
    events_are_followed_as_they_come(&Service::start(&[&CHEAP[..], &["--set", &url]].concat())?).await
}
