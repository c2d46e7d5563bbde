//! New passwords: breached ones, and resets as somebody sees them who must not learn who has an account.

use std::sync::Arc;
use std::time::Duration;

use archon_app::{
    AdministerError, ChangePasswordError, CreateUser, LogInError, Mandate, RegisterError, ResetPasswordError,
};
use archon_contract::faults::{Fault, Prelude};
use archon_contract::samples::email;
use archon_domain::archive::Table;
use archon_domain::ports::{Archive as _, Outbox as _};
use archon_domain::{
    EventKind, FieldError, FieldErrorCode, NewPassword, Password, PasswordPolicy, PersonName, Role, Span,
    User, UserId,
};
use tokio::time::Instant as Moment;

use crate::support::log::Log;
use crate::support::world::{NEW_PASSWORD, PASSWORD, World, client};

const BEAT: Duration = Duration::from_millis(250);

/// Lets every call of a store take a while.
fn takes(wait: Duration) -> Prelude {
    Arc::new(move || Box::pin(tokio::time::sleep(wait)))
}

/// How a request for a reset ends, and after how long.
async fn asked(world: &World, name: &str) -> (Result<(), String>, Duration) {
    let came = Moment::now();
    let outcome = world.first.request_reset(name).await.map_err(|failure| format!("{failure:?}"));
    (outcome, came.elapsed())
}

fn accepted(typed: &str) -> NewPassword {
    PasswordPolicy::default().accept("password", Password::new(typed), None, None).unwrap()
}

#[track_caller]
fn assert_public(errors: &[FieldError], field: &str) {
    let [error] = errors else { panic!("{errors:?}") };
    assert_eq!((error.field.as_ref(), error.code), (field, FieldErrorCode::WeakPassword));
    assert_eq!(error.message, "was made public in a data breach; choose another one");
}

#[tokio::test(start_paused = true)]
async fn answers_to_a_reset_leave_on_the_beat_whoever_has_an_account() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    // Two calls each: within the beat, up to its end, beyond it, and a database that takes its time.
    for (call, beats) in [(0, 1), (40, 1), (124, 1), (125, 2), (126, 2), (600, 5)] {
        world.first.durable.before_every_call(takes(Duration::from_millis(call)));
        for name in ["ada", "nobody"] {
            assert_eq!(asked(&world, name).await, (Ok(()), BEAT * beats), "{name}, {call} ms a call");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_looks_the_same_whoever_has_an_account() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    // The first call reads, the second writes: a database that is away, and one that takes no writes.
    for place in [0, 1] {
        let mut seen = Vec::new();
        for name in ["ada", "nobody"] {
            world.first.durable.strike_one(place, Fault::Refused);
            seen.push(asked(&world, name).await);
            assert!(!world.first.durable.is_waiting(), "{name}: the call was made");
        }
        assert_eq!(seen[0], seen[1]);
        assert!(seen[0].0.is_err() && seen[0].1 == BEAT, "{seen:?}");
    }
    assert_eq!(world.reset_tokens().await, Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_stored_for_an_unknown_address() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    let held = async || {
        let tables = [Table::Users, Table::OneTimeTokens, Table::Outbox].map(|table| {
            let store = world.shared.store.clone();
            async move { store.count(table).await.unwrap() }
        });
        futures::future::join_all(tables).await
    };
    let before = held().await;
    world.first.request_reset("nobody").await.unwrap();
    assert_eq!(held().await, before);
    world.first.request_reset("ada").await.unwrap();
    assert_eq!(held().await, [before[0], before[1] + 1, before[2] + 1]);
}

#[tokio::test(start_paused = true)]
async fn requests_are_recorded_with_the_user_as_far_as_there_is_one() {
    let world = World::calm().await;
    let user = world.second.register("ada").await.unwrap().user;
    world.first.request_reset("nobody").await.unwrap();
    world.shared.clock.advance(Span::seconds(1));
    world.first.request_reset("ada").await.unwrap();
    let requested = world.events(EventKind::PasswordResetRequested).await;
    let users: Vec<Option<UserId>> = requested.iter().map(|event| event.user).collect();
    assert_eq!(users, [None, Some(user.id)]);
    for event in requested {
        assert_eq!(event.address, Some(client().address));
        assert!(!format!("{event:?}").contains("nobody"), "no address is kept: {event:?}");
    }
}

/// Sets a password for the first replica's users in the administrator's way.
async fn created(world: &World, password: &str) -> Result<User, AdministerError> {
    let create = CreateUser {
        email: email("grace@example.com"),
        password: accepted(password),
        name: PersonName::parse("Grace").unwrap(),
        roles: [Role::user()].into(),
        email_verified: true,
    };
    world.first.auth.create_user(&Mandate::command_line(None), create).await
}

#[tokio::test(start_paused = true)]
async fn a_password_that_was_made_public_is_refused_wherever_one_is_set() {
    let world = World::calm().await;
    world.shared.breaches.learn(NEW_PASSWORD);
    let pair = world.first.registered("ada").await;
    let caller = world.first.authenticate(&pair).await.unwrap();
    let token = world.reset_token("ada").await;

    let Err(ChangePasswordError::Weak(errors)) = world.first.change_password(&caller).await else { panic!() };
    assert_public(&errors, "new_password");
    let Err(ResetPasswordError::Weak(errors)) = world.first.reset_password(&token, NEW_PASSWORD).await else {
        panic!()
    };
    assert_public(&errors, "new_password");
    world.shared.breaches.learn(PASSWORD);
    let Err(RegisterError::Weak(errors)) = world.first.register("bob").await else { panic!() };
    assert_public(&errors, "password");
    let refused = created(&world, PASSWORD).await.unwrap_err();
    assert_eq!(refused.to_string(), "the password was made public in a data breach; choose another one");
    let mandate = Mandate::command_line(None);
    let refused = world.first.auth.set_password(&mandate, caller.user, &accepted(NEW_PASSWORD)).await;
    assert!(matches!(refused, Err(AdministerError::Weak(_))), "{refused:?}");

    // Nothing has changed, and the token is as good as before.
    world.first.log_in("ada", PASSWORD).await.unwrap();
    world.first.reset_password(&token, "Other.Password-9!").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_password_is_looked_up_once_and_only_when_it_might_be_taken() {
    let world = World::calm().await;
    let asked = || world.shared.breaches.times_asked();
    let pair = world.first.registered("ada").await;
    assert_eq!(asked(), 1);
    world.first.register("ada").await.unwrap_err();
    assert_eq!(asked(), 0, "of an address that is taken");
    let caller = world.first.authenticate(&pair).await.unwrap();
    world.first.change_password(&caller).await.unwrap();
    assert_eq!(asked(), 1);
    world.first.change_password(&caller).await.unwrap_err();
    assert_eq!(asked(), 0, "of who does not know the present password");
    let token = world.reset_token("ada").await;
    for (token, new) in [("made up", "Other.Password-9!"), (token.as_str(), "weak")] {
        world.first.reset_password(token, new).await.unwrap_err();
        assert_eq!(asked(), 0, "{new}");
    }
    world.first.reset_password(&token, "Other.Password-9!").await.unwrap();
    assert_eq!(asked(), 1);
    created(&world, PASSWORD).await.unwrap();
    assert_eq!(asked(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_away_refuses_nobody_and_is_missed_in_the_log() {
    let world = World::calm().await;
    world.shared.breaches.learn(PASSWORD);
    world.shared.breaches.go_away();
    let log = Log::listen();
    world.first.registered("ada").await;
    let text = log.text();
    assert_eq!(text.matches("WARN").count(), 1, "{text}");
    assert!(
        text.contains("not looked up among breached ones") && text.contains("the list is away"),
        "{text}"
    );
    assert!(!text.contains(PASSWORD), "{text}");
}

#[tokio::test(start_paused = true)]
async fn an_administrator_sets_no_password_that_the_user_had() {
    let world = World::calm().await;
    let user = world.first.register("ada").await.unwrap().user;
    let mandate = Mandate::command_line(None);
    let refused = world.first.auth.set_password(&mandate, user.id, &accepted(PASSWORD)).await;
    assert!(matches!(refused, Err(AdministerError::Reused)), "{refused:?}");
    world.first.auth.set_password(&mandate, user.id, &accepted(NEW_PASSWORD)).await.unwrap();
    world.first.log_in("ada", NEW_PASSWORD).await.unwrap();
}

/// The kinds of the mails that wait, in the order of the alphabet, but for those of a registration.
async fn unasked(world: &World) -> Vec<&'static str> {
    let mails = world.shared.store.pending(1000).await.unwrap();
    let kinds = mails.iter().map(|queued| queued.mail.message.kind());
    let mut unasked: Vec<_> = kinds.filter(|kind| !["verify_email", "welcome"].contains(kind)).collect();
    unasked.sort_unstable();
    unasked
}

#[tokio::test(start_paused = true)]
async fn no_answer_waits_for_a_mail_that_a_stranger_has_caused() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    let call = Duration::from_secs(60);
    world.first.durable.before_every_call(takes(call));

    let came = Moment::now();
    let refused = world.first.register("ada").await.unwrap_err();
    assert!(matches!(refused, RegisterError::EmailExists), "{refused:?}");
    assert_eq!(came.elapsed(), call, "one look at the address");

    let took = async |name: &str| {
        let came = Moment::now();
        let refused = world.first.log_in(name, "Wrong-Guess-456?").await.unwrap_err();
        assert!(matches!(refused, LogInError::InvalidCredentials), "{refused:?}");
        came.elapsed()
    };
    for attempt in 1..=5 {
        assert_eq!(took("ada").await, took("nobody").await, "attempt {attempt}");
    }
    assert!(matches!(world.first.log_in("ada", PASSWORD).await, Err(LogInError::Locked { .. })));
    tokio::time::sleep(2 * call).await;
    assert_eq!(unasked(&world).await, ["account_locked", "already_registered"]);
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_a_stranger_has_caused_and_that_is_not_queued_is_missed_in_the_log_alone() {
    let world = World::calm().await;
    world.second.registered("ada").await;
    let log = Log::listen();
    // The look at the address succeeds, and the outbox fails.
    world.first.durable.strike_one(1, Fault::Refused);
    let refused = world.first.register("ada").await.unwrap_err();
    assert!(matches!(refused, RegisterError::EmailExists), "{refused:?}");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!world.first.durable.is_waiting());
    assert_eq!(unasked(&world).await, Vec::<&str>::new());
    let text = log.text();
    assert!(text.contains("WARN") && text.contains("a mail was not queued"), "{text}");
}
