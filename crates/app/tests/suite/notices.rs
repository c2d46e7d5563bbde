//! What operators see in the fast store, and that nothing waits for it.

use std::time::Duration;

use archon_app::{DependencyHealth, HealthStatus};
use archon_contract::faults::Fault;
use archon_domain::ports::Outbox as _;
use archon_domain::{MailId, Notice, TerminationReason, TokenPurpose};
use tokio::sync::watch;

use crate::support::PATIENCE;
use crate::support::world::{PASSWORD, World, client};

/// Lets the writer put everything up that waits, and look at the outbox.
async fn all_put_up() {
    tokio::time::sleep(Duration::from_millis(1100)).await;
}

fn mails(notices: &[Notice]) -> Vec<(&[MailId], &[MailId])> {
    let mails = notices.iter().filter_map(|notice| match notice {
        Notice::Mails { pending, failed } => Some((pending.as_slice(), failed.as_slice())),
        _ => None,
    });
    mails.collect()
}

#[tokio::test(start_paused = true)]
async fn operators_see_tokens_terminations_and_mails() {
    let mut world = World::calm().await;
    let (stop, stopped) = watch::channel(false);
    let writing = tokio::spawn(world.first.notice_writer.take().unwrap().run(stopped));
    let pair = world.first.registered("ada").await;
    let other = world.first.log_in("ada", PASSWORD).await.unwrap();
    let caller = world.first.authenticate(&pair).await.unwrap();
    world.first.auth.end_session(&caller, &world.session_of(&other)).await.unwrap();
    world.first.auth.log_out(&caller).await.unwrap();
    all_put_up().await;

    let notices = world.shared.board.notices();
    let terminated = |pair, reason| Notice::SessionTerminated {
        session: world.session_of(pair),
        user: caller.user,
        reason,
        original_address: Some(client().address),
        new_address: Some(client().address),
        at: world.first.auth.now(),
    };
    assert!(notices.contains(&terminated(&other, TerminationReason::EndedByUser)), "{notices:?}");
    assert!(notices.contains(&terminated(&pair, TerminationReason::Logout)), "{notices:?}");
    let issued = notices.iter().find_map(|notice| match notice {
        Notice::TokenIssued { token, issued } => Some((token.clone(), issued.clone())),
        _ => None,
    });
    let (token, issued) = issued.expect("the token of the verification mail");
    assert_eq!((issued.user, issued.digest), (caller.user, token.digest()));
    let pending = world.shared.store.pending(9).await.unwrap();
    let pending: Vec<_> = pending.iter().map(|queued| queued.mail.id).collect();
    assert_eq!(mails(&notices).last(), Some(&(pending.as_slice(), [].as_slice())));

    world.first.auth.verify_email(token.expose(), &client()).await.unwrap();
    world.shared.store.postpone(pending[0], None, "given up").await.unwrap();
    all_put_up().await;
    let notices = world.shared.board.notices();
    let purpose = TokenPurpose::VerifyEmail;
    assert!(notices.contains(&Notice::TokenSpent { token, purpose }), "{notices:?}");
    assert_eq!(mails(&notices).last(), Some(&(&pending[1..], &pending[..1])));
    let shown = mails(&notices).len();
    all_put_up().await;
    assert_eq!(mails(&world.shared.board.notices()).len(), shown, "nothing has changed");
    tokio::time::sleep(Duration::from_secs(31)).await;
    assert_eq!(mails(&world.shared.board.notices()).len(), shown + 1, "the fast store may have lost them");
    stop.send(true).unwrap();
    writing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_noticeboard_that_fails_fails_nothing_else() {
    let mut world = World::calm().await;
    let (stop, stopped) = watch::channel(false);
    world.first.fast.strike_all(Fault::Hanging);
    let writing = tokio::spawn(world.first.notice_writer.take().unwrap().run(stopped));
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(world.first.breaker.is_closed(), "nobody but the writer has asked");
    world.first.fast.heal();

    world.first.fast.strike_one(0, Fault::Refused);
    world.first.registered("ada").await;
    assert!(!world.first.breaker.is_closed());
    // What is owed to the fast store is tried once, in the background.
    tokio::task::yield_now().await;
    let before = world.first.fast.calls();
    all_put_up().await;
    assert_eq!(world.first.fast.calls(), before, "nothing is put up while the fast store is away");
    world.first.fast.heal();
    assert!(world.first.keeper.try_close(PATIENCE).await);
    all_put_up().await;
    assert!(!mails(&world.shared.board.notices()).is_empty(), "what is still so is shown again");
    stop.send(true).unwrap();
    writing.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn nothing_waits_for_a_full_queue() {
    let world = World::calm().await;
    // The writer does not run, so the queue fills up.
    let pair = world.first.registered("ada").await;
    let caller = world.first.authenticate(&pair).await.unwrap();
    for _ in 0..1100 {
        world.first.auth.resend_verification(&caller).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_fast_store_that_is_away_degrades_the_service_and_no_more() {
    let world = World::calm().await;
    let health = world.first.auth.health().await;
    assert_eq!((health.status, health.redis), (HealthStatus::Healthy, DependencyHealth::Healthy));
    world.first.fast.strike_all(Fault::Hanging);
    world.first.registered("ada").await;
    let health = world.first.auth.health().await;
    let reason = "unreachable; serving from the database";
    assert_eq!((health.status, health.redis), (HealthStatus::Degraded, DependencyHealth::Unhealthy(reason)));
    assert!(world.first.auth.is_ready().await);
}
