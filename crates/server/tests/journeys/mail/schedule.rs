//! The service wired as ever and a real mail server, by a clock that is turned.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use archon_app::{Auth, Register};
use archon_domain::ports::{Clock as _, Outbox};
use archon_domain::{Client, Email, Instant, Metadata, Password, PersonName, QueuedMail, Span, UserAgent};
use archon_server::config::{LoadInputs, load};
use archon_server::wire::{Surroundings, wire};
use archon_testkit::TestClock;
use serde_json::json;

use super::MailServer;
use crate::support::PASSWORD;

/// The defaults of `mail.max_attempts` and `mail.first_retry`.
const TRIES: u32 = 8;
const FIRST_WAIT: Span = Span::seconds(170);

/// Longer than a claimed mail is nobody else's, shorter than the first wait.
const LEASE: Span = Span::seconds(121);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_says_later_is_asked_eight_times_within_about_six_hours() -> anyhow::Result<()> {
    let later = "451 4.3.2 the system is not taking mails";
    let server = MailServer::start(json!({"brief": true, "answers": {"DATA": later}}))?;
    let start = Instant::from_timestamp(1_800_000_000, 0).unwrap_or_default();
    let clock = TestClock::at(start);
    let setting = server.setting();
    let settings = [("database.url", "memory:"), ("hashing.memory_kib", "16"), ("keys.algorithm", "EdDSA")];
    let settings = settings.into_iter().chain(setting.split_once('='));
    let overrides = settings.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    let settings = load(&LoadInputs { overrides, ..LoadInputs::default() })?.settings;
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), ..Surroundings::default() };
    let service = wire(&settings, 0, surroundings).await?;
    let (auth, outbox) = (Arc::clone(&service.auth), Arc::clone(&service.outbox));
    let _background = service.start_background();

    register(&auth).await?;
    for tries in 1..TRIES {
        let waiting = postponed(&*outbox, tries, clock.now()).await?;
        let nominal = FIRST_WAIT * 2_i32.pow(tries - 1);
        let due: Vec<_> = waiting.iter().filter_map(|queued| queued.next_attempt_at).collect();
        for (queued, due) in waiting.iter().zip(&due) {
            let wait = *due - clock.now();
            assert!(nominal <= wait && wait <= nominal + nominal / 5, "try {tries}: {wait} s");
            assert_eq!(queued.last_error, Some(format!("temporary: {later}")));
        }
        let last = due.into_iter().max().unwrap_or_default();
        clock.advance((last - clock.now()).to_std()?);
        auth.mail_queued().notify_one();
    }
    let failed = eventually(async || Ok(outbox.failed(9).await?), |failed| failed.len() == 2).await?;
    assert!(failed.iter().all(|queued| queued.attempts == TRIES), "{failed:?}");
    assert_eq!(server.told("mail").len(), 2 * TRIES as usize);
    let hours = (clock.now() - start).num_minutes() / 60;
    assert!((5..=7).contains(&hours), "{hours} hours");
    Ok(())
}

async fn register(auth: &Auth) -> anyhow::Result<()> {
    let refused = |fault: &dyn std::fmt::Debug| anyhow::anyhow!("{fault:?}");
    let email = Email::parse("ada@example.com").map_err(|error| refused(&error))?;
    let name = PersonName::parse("Ada").map_err(|error| refused(&error))?;
    let rules = &auth.policy().passwords;
    let password = rules.accept("password", Password::new(PASSWORD), Some(&email), Some(&name));
    let password = password.map_err(|faults| refused(&faults))?;
    let client = Client {
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        user_agent: UserAgent::new(""),
        request_id: String::new(),
    };
    auth.register(Register { email, password, name, metadata: Metadata::default(), client }).await?;
    Ok(())
}

/// Both mails once they were tried so often and wait for their next try.
async fn postponed(outbox: &dyn Outbox, tries: u32, now: Instant) -> anyhow::Result<Vec<QueuedMail>> {
    let waits = |queued: &QueuedMail| {
        queued.attempts == tries && queued.next_attempt_at.is_some_and(|at| at > now + LEASE)
    };
    let both = |waiting: &Vec<QueuedMail>| waiting.len() == 2 && waiting.iter().all(waits);
    eventually(async || Ok(outbox.pending(9).await?), both).await
}

/// Looks again and again until it is as wanted.
async fn eventually<T>(
    look: impl AsyncFn() -> anyhow::Result<T>,
    wanted: impl Fn(&T) -> bool,
) -> anyhow::Result<T> {
    for _ in 0..3000 {
        let seen = look().await?;
        if wanted(&seen) {
            return Ok(seen);
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    anyhow::bail!("it never is as it should be")
}
