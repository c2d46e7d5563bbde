//! How alerts are told: tried again while a receiver is away, given up at last, and queued again by an operator.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use archon_app::workers::{AlertNoticeWorker, AlertSenders};
use archon_domain::ports::{AlertSender, Alerts as _};
use archon_domain::{Alert, AlertNotice, DeliveryError, Instant, NoticeId, RetrySchedule, Span};
use async_trait::async_trait;
use tokio::sync::watch;
use tokio::time::sleep;

use super::{STRANGER, fail, world};
use crate::support::world::World;

const SCHEDULE: RetrySchedule = RetrySchedule { max_attempts: 8, first_wait: Span::seconds(170) };

/// A receiver that answers as it is told, and remembers what it was brought.
#[derive(Default)]
struct Receiver {
    answer: Mutex<Option<DeliveryError>>,
    brought: Mutex<Vec<(NoticeId, u64)>>,
}

impl Receiver {
    fn answers(&self, answer: Option<DeliveryError>) {
        *self.answer.lock().unwrap() = answer;
    }

    /// How often each notice was brought.
    fn times(&self) -> HashMap<NoticeId, usize> {
        let mut times = HashMap::new();
        for (id, _) in self.brought.lock().unwrap().iter() {
            *times.entry(*id).or_default() += 1;
        }
        times
    }
}

#[async_trait]
impl AlertSender for Receiver {
    async fn send(&self, notice: &AlertNotice, alert: &Alert, _: Instant) -> Result<(), DeliveryError> {
        self.brought.lock().unwrap().push((notice.id, alert.count));
        self.answer.lock().unwrap().clone().map_or(Ok(()), Err)
    }
}

fn away() -> Option<DeliveryError> {
    Some(DeliveryError::Temporary("503 Service Unavailable".to_owned()))
}

/// A world with a worker that tells of alerts, and what it tells.
struct Telling {
    world: World,
    webhook: Arc<Receiver>,
    mail: Arc<Receiver>,
    _stop: watch::Sender<bool>,
}

impl Telling {
    async fn start(answer: Option<DeliveryError>) -> Self {
        let (webhook, mail) = (Arc::new(Receiver::default()), Arc::new(Receiver::default()));
        webhook.answers(answer);
        let world = world().await;
        let (stop, stopped) = watch::channel(false);
        let senders = AlertSenders { webhooks: webhook.clone(), mail: mail.clone() };
        tokio::spawn(AlertNoticeWorker::new(&world.first.auth, senders, SCHEDULE).run(stopped));
        Self { world, webhook, mail, _stop: stop }
    }

    async fn raise(&self) {
        fail(&self.world, "nobody", STRANGER, 10).await;
        a_look().await;
    }
}

/// Lets the worker look once.
async fn a_look() {
    sleep(std::time::Duration::from_millis(1500)).await;
}

#[tokio::test(start_paused = true)]
async fn each_channel_is_told_once() {
    let telling = Telling::start(None).await;
    telling.raise().await;
    for receiver in [&telling.webhook, &telling.mail] {
        assert_eq!(
            receiver.brought.lock().unwrap().iter().map(|(_, count)| *count).collect::<Vec<_>>(),
            [10]
        );
    }
    telling.world.shared.clock.advance(Span::days(1));
    a_look().await;
    assert_eq!(telling.webhook.times().into_values().collect::<Vec<_>>(), [1]);
    let counts = telling.world.shared.store.notice_counts().await.unwrap();
    assert_eq!((counts.pending, counts.failed), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_receiver_that_is_away_is_tried_eight_times_in_six_hours_and_holds_up_no_other() {
    let telling = Telling::start(away()).await;
    telling.raise().await;
    assert_eq!(telling.mail.times().len(), 1);
    let (store, clock) = (&telling.world.shared.store, &telling.world.shared.clock);
    let begun = telling.world.first.auth.now();
    for attempt in 2..=8_u32 {
        // A fifth longer at the most.
        let wait = SCHEDULE.first_wait * 2_i32.pow(attempt - 2);
        clock.advance(wait - Span::seconds(1));
        a_look().await;
        assert_eq!(telling.webhook.brought.lock().unwrap().len(), attempt as usize - 1, "not early");
        clock.advance(wait / 5 + Span::seconds(2));
        a_look().await;
        assert_eq!(telling.webhook.brought.lock().unwrap().len(), attempt as usize);
    }
    let hours = (telling.world.first.auth.now() - begun).as_seconds_f64() / 3600.0;
    assert!((6.0..7.5).contains(&hours), "{hours}");
    let failed = store.failed_notices(10).await.unwrap();
    let [given_up] = &failed[..] else { panic!("{failed:?}") };
    assert_eq!(given_up.last_error.as_deref(), Some("temporary: 503 Service Unavailable"));
    assert_eq!((given_up.attempts, given_up.next_attempt_at), (8, None));
    clock.advance(Span::days(7));
    a_look().await;
    assert_eq!(telling.webhook.brought.lock().unwrap().len(), 8, "left alone");
}

#[tokio::test(start_paused = true)]
async fn a_refusal_for_good_is_not_tried_again_until_an_operator_says_so() {
    let telling = Telling::start(Some(DeliveryError::Permanent("410 Gone".to_owned()))).await;
    telling.raise().await;
    telling.world.shared.clock.advance(Span::days(1));
    a_look().await;
    assert_eq!(telling.webhook.brought.lock().unwrap().len(), 1);
    telling.webhook.answers(None);
    let (store, now) = (&telling.world.shared.store, telling.world.first.auth.now());
    assert_eq!(store.retry_notices(None, now).await.unwrap(), 1);
    a_look().await;
    assert_eq!(telling.webhook.times().into_values().collect::<Vec<_>>(), [2], "under the same id");
    assert!(store.failed_notices(10).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_retry_tells_the_alert_as_it_is_then() {
    let telling = Telling::start(away()).await;
    telling.raise().await;
    fail(&telling.world, "nobody", STRANGER, 5).await;
    telling.webhook.answers(None);
    telling.world.shared.clock.advance(Span::seconds(204));
    a_look().await;
    let counts: Vec<u64> = telling.webhook.brought.lock().unwrap().iter().map(|(_, count)| *count).collect();
    assert_eq!(counts, [10, 15]);
}
