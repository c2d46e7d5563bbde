//! The mail worker: when it tries, what it stores, and that no mail waits for another.

use std::collections::HashMap;
use std::time::Duration;

use archon_app::workers::MailWorker;
use archon_contract::faults::Fault;
use archon_domain::ports::Outbox as _;
use archon_domain::{Instant, MailId, QueuedMail, RetrySchedule, Span};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant as RealInstant, sleep};

use crate::support::doubles::Reception;
use crate::support::world::{Service, World};

const SCHEDULE: RetrySchedule = RetrySchedule { max_attempts: 8, first_wait: Span::seconds(170) };

/// Mails of a registration.
const EACH: usize = 2;

/// A worker at work, and the order to stop.
struct Working {
    task: JoinHandle<()>,
    stop: watch::Sender<bool>,
}

impl Working {
    fn start(service: &Service) -> Self {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(MailWorker::new(&service.auth, SCHEDULE).run(stopped));
        Self { task, stop }
    }

    /// Tells the worker to stop; returns how long that has taken.
    async fn stop(self) -> Duration {
        let begun = RealInstant::now();
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
        begun.elapsed()
    }
}

/// Lets workers look once, and do what there is to do.
async fn a_look() {
    sleep(Duration::from_millis(1500)).await;
}

/// Registers so many users at the second replica.
async fn registered(world: &World, users: usize) {
    for number in 0..users {
        world.second.registered(&format!("user-{number}")).await;
    }
}

async fn pending(world: &World) -> Vec<QueuedMail> {
    world.shared.store.pending(1000).await.unwrap()
}

/// How often each mail was brought to the mail server.
fn brought(world: &World) -> HashMap<MailId, usize> {
    let mut times = HashMap::new();
    for id in world.shared.mailer.brought() {
        *times.entry(id).or_default() += 1;
    }
    times
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_is_always_put_off_is_tried_eight_times_within_about_six_hours() {
    let world = World::calm().await;
    let clock = &world.shared.clock;
    world.shared.mailer.meets(|_| Reception::Later);
    let _working = Working::start(&world.first);
    registered(&world, 1).await;
    let begun = world.first.auth.now();
    let mut jitters = Vec::new();
    for attempt in 1..SCHEDULE.max_attempts {
        a_look().await;
        let (now, waiting) = (world.first.auth.now(), pending(&world).await);
        let nominal = SCHEDULE.first_wait * 2_i32.pow(attempt - 1);
        let due: Vec<Instant> = waiting.iter().filter_map(|queued| queued.next_attempt_at).collect();
        let [first, last] = due[..] else { panic!("{waiting:?}") };
        for (queued, due) in waiting.iter().zip(&due) {
            assert_eq!(queued.attempts, attempt);
            assert_eq!(queued.last_error.as_deref(), Some("temporary: 451 4.7.1 greylisted"));
            jitters.push((*due - now - nominal).as_seconds_f64() / nominal.as_seconds_f64());
        }
        // Both at the same instant, so that the next wait of both begins there.
        clock.advance(first - now - Span::microseconds(1));
        a_look().await;
        assert_eq!(world.shared.mailer.brought().len(), EACH * attempt as usize, "nothing is tried early");
        clock.advance(last - world.first.auth.now());
    }
    a_look().await;
    assert!(jitters.iter().all(|jitter| (-0.001..=0.2).contains(jitter)), "{jitters:?}");
    assert!(jitters.iter().any(|jitter| *jitter > 0.1) && jitters.iter().any(|jitter| *jitter < 0.1));
    let hours = (world.first.auth.now() - begun).as_seconds_f64() / 3600.0;
    assert!((5.9..7.3).contains(&hours), "{hours} hours");
    assert_eq!((pending(&world).await, world.shared.store.failed(9).await.unwrap().len()), (vec![], EACH));
    clock.advance(Span::days(30));
    a_look().await;
    assert_eq!(brought(&world).into_values().collect::<Vec<_>>(), [8, 8], "what was given up is left alone");
}

#[tokio::test(start_paused = true)]
async fn a_mail_that_is_refused_for_good_is_given_up_at_once_and_sent_when_it_is_queued_again() {
    let world = World::calm().await;
    world.shared.mailer.meets(|_| Reception::Never);
    let _working = Working::start(&world.first);
    registered(&world, 1).await;
    a_look().await;
    let failed = world.shared.store.failed(9).await.unwrap();
    assert_eq!((failed.len(), pending(&world).await), (EACH, vec![]));
    for queued in &failed {
        assert_eq!((queued.attempts, queued.next_attempt_at), (1, None));
        assert_eq!(queued.last_error.as_deref(), Some("permanent: 550 5.1.1 no such user"));
    }
    world.shared.mailer.meets(|_| Reception::Taken);
    // By the database alone, as another process does it.
    let (id, now) = (failed[0].mail.id, world.first.auth.now());
    assert_eq!(world.shared.store.retry(Some(id), now).await.unwrap(), 1);
    a_look().await;
    assert_eq!(brought(&world)[&id], 2);
    assert_eq!(world.shared.store.failed(9).await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn one_silent_mail_holds_up_no_other() {
    let world = World::calm().await;
    registered(&world, 20).await;
    let silent = pending(&world).await[0].mail.id;
    world.shared.mailer.meets(move |mail| match mail.id == silent {
        true => Reception::Silence,
        false => Reception::Taken,
    });
    let begun = RealInstant::now();
    let _working = Working::start(&world.first);
    while pending(&world).await.len() > 1 {
        sleep(Duration::from_millis(10)).await;
    }
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    assert_eq!(pending(&world).await[0].mail.id, silent);
    sleep(Duration::from_secs(71)).await;
    let waiting = pending(&world).await;
    assert_eq!(waiting[0].last_error.as_deref(), Some("temporary: no answer within 70s"));
    assert_eq!(brought(&world).values().sum::<usize>(), 20 * EACH, "before its lease is over");
}

#[tokio::test(start_paused = true)]
async fn what_arrives_while_all_places_are_silent_is_sent_once_they_are_free() {
    let world = World::calm().await;
    world.shared.mailer.meets(|_| Reception::Silence);
    let working = Working::start(&world.first);
    registered(&world, 10).await;
    a_look().await;
    assert_eq!(world.shared.mailer.brought().len(), 8, "no more than eight at a time");
    world.shared.mailer.meets(|_| Reception::Taken);
    sleep(Duration::from_secs(71)).await;
    assert_eq!(pending(&world).await.len(), 8, "those that were silent wait for their next try");
    assert!(working.stop().await < Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn workers_share_the_mails_of_one_outbox_and_send_each_once() {
    let world = World::calm().await;
    registered(&world, 50).await;
    let _both = [Working::start(&world.first), Working::start(&world.second)];
    a_look().await;
    let brought = brought(&world);
    assert_eq!((brought.len(), pending(&world).await), (50 * EACH, vec![]));
    assert!(brought.values().all(|times| *times == 1));
}

#[tokio::test(start_paused = true)]
async fn the_mails_of_a_worker_that_died_are_sent_by_another_after_two_minutes() {
    let world = World::calm().await;
    registered(&world, 1).await;
    world.shared.mailer.meets(|_| Reception::Silence);
    let dying = Working::start(&world.first);
    a_look().await;
    dying.task.abort();
    assert!(dying.task.await.is_err());
    world.shared.mailer.meets(|_| Reception::Taken);
    let _working = Working::start(&world.second);
    world.shared.clock.advance(Span::seconds(120) - Span::microseconds(1));
    a_look().await;
    assert_eq!(pending(&world).await.len(), EACH, "until then they may be under way");
    world.shared.clock.advance(Span::microseconds(1));
    a_look().await;
    assert_eq!(pending(&world).await, []);
    assert!(brought(&world).values().all(|times| *times == 2), "a dead worker may have sent them");
}

#[tokio::test(start_paused = true)]
async fn a_sent_mail_is_not_sent_again_because_the_outbox_was_away_when_it_was_sent() {
    for fault in [Fault::Refused, Fault::Unanswered] {
        let world = World::calm().await;
        registered(&world, 1).await;
        let durable = world.first.durable.clone();
        // The mails were claimed by now; the outbox is away when they are sent.
        world.shared.mailer.meets(move |_| {
            durable.strike_all(fault.clone());
            Reception::Taken
        });
        let _working = Working::start(&world.first);
        sleep(Duration::from_secs(15)).await;
        world.first.durable.heal();
        sleep(Duration::from_secs(2)).await;
        world.shared.clock.advance(Span::minutes(3));
        a_look().await;
        assert_eq!(pending(&world).await, []);
        assert!(brought(&world).values().all(|times| *times == 1));
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_cannot_be_stored_before_the_lease_is_over_costs_one_further_try() {
    for fault in [Fault::Refused, Fault::Hanging] {
        let world = World::calm().await;
        registered(&world, 1).await;
        let durable = world.first.durable.clone();
        world.shared.mailer.meets(move |_| {
            durable.strike_all(fault.clone());
            Reception::Taken
        });
        let working = Working::start(&world.first);
        sleep(Duration::from_secs(25)).await;
        working.task.abort();
        world.shared.mailer.meets(|_| Reception::Taken);
        world.shared.clock.advance(Span::minutes(2));
        let _other = Working::start(&world.second);
        a_look().await;
        assert_eq!(pending(&world).await, []);
        assert!(brought(&world).values().all(|times| *times == 2), "the same mail, under the same id");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_sends_what_is_due_and_waits_ten_seconds_for_a_silent_server() {
    let world = World::calm().await;
    let working = Working::start(&world.first);
    a_look().await;
    // At the other replica, so that nobody has told this one.
    registered(&world, 20).await;
    assert!(working.stop().await < Duration::from_millis(100));
    assert_eq!(pending(&world).await, []);

    world.second.registered("late").await;
    world.shared.mailer.meets(|_| Reception::Silence);
    let working = Working::start(&world.first);
    a_look().await;
    assert_eq!(working.stop().await, Duration::from_secs(10));
    assert_eq!(pending(&world).await.len(), EACH, "they wait for the next start");
}
