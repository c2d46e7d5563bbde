use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use archon_domain::{Bucket, Client, EventKind, Instant, RateDecision, RateKey};

use crate::Auth;
use crate::recorder::Happening;

/// Most spent budgets that are remembered; those beyond are recorded once there is room.
const MOST: usize = 10_000;

/// The budgets whose spending was recorded, each until its window is over: a client that goes on asking is one
/// event, and not one for each refused request.
#[derive(Default)]
pub(crate) struct SpentBudgets(Mutex<HashMap<(Bucket, RateKey), Instant>>);

impl SpentBudgets {
    /// Whether this refusal is the first of its budget's window; remembers it.
    fn is_news(&self, bucket: Bucket, key: &RateKey, decision: &RateDecision, now: Instant) -> bool {
        let mut recorded = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = (bucket, key.clone());
        if recorded.get(&entry).is_some_and(|until| now < *until) {
            return false;
        }
        if recorded.len() >= MOST {
            recorded.retain(|_, until| now < *until);
        }
        let has_room = recorded.len() < MOST || recorded.contains_key(&entry);
        if has_room {
            recorded.insert(entry, now + decision.quota.window);
        }
        has_room
    }
}

impl Auth {
    /// Records that a client has used up a budget: once for each budget and window, however often it is refused.
    pub async fn record_refusal_by_limit(
        &self,
        bucket: Bucket,
        key: &RateKey,
        decision: &RateDecision,
        client: &Client,
    ) {
        if !self.spent_budgets.is_news(bucket, key, decision, self.now()) {
            return;
        }
        let limited = Happening::new(EventKind::RateLimited)
            .client(client)
            .detail("bucket", bucket.as_str())
            .detail("limit", decision.quota.limit)
            .detail("window_seconds", decision.quota.window.num_seconds());
        let limited = match key {
            RateKey::Network(network) => limited.detail("budget_of", network.to_string()),
            RateKey::User(user) => limited.user(*user).detail("budget_of", "user"),
            RateKey::Email(_) => limited.detail("budget_of", "mail address"),
        };
        self.recorder.record(limited).await;
    }
}

#[cfg(test)]
mod tests {
    use archon_contract::samples::after;
    use archon_domain::{ClientNetwork, Quota, Span};

    use super::*;

    fn refusal() -> RateDecision {
        let quota = Quota { limit: 1, window: Span::seconds(60) };
        RateDecision { allowed: false, quota, remaining: 0, resets_at: after(60), retry_at: None }
    }

    fn key(number: u32) -> RateKey {
        RateKey::Network(ClientNetwork::of(std::net::Ipv4Addr::from(number).into()))
    }

    #[test]
    fn a_budget_is_news_once_in_its_window() {
        let spent = SpentBudgets::default();
        let is_news = |bucket, number, at| spent.is_news(bucket, &key(number), &refusal(), after(at));
        assert!(is_news(Bucket::Login, 1, 0));
        assert!(!is_news(Bucket::Login, 1, 59));
        assert!(is_news(Bucket::Login, 2, 59), "another client");
        assert!(is_news(Bucket::Default, 1, 59), "another budget");
        assert!(is_news(Bucket::Login, 1, 60));
        assert!(!is_news(Bucket::Login, 1, 119));
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let spent = SpentBudgets::default();
        let news =
            (0..20_000).filter(|number| spent.is_news(Bucket::Login, &key(*number), &refusal(), after(0)));
        assert_eq!(news.count(), MOST);
        assert!(spent.is_news(Bucket::Login, &key(30_000), &refusal(), after(60)), "there is room again");
        assert_eq!(spent.0.lock().unwrap().len(), 1);
    }
}
