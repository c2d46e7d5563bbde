use std::collections::BTreeMap;
use std::sync::Arc;

use archon_domain::ports::{Alerts, Clock, Entropy, EventLog};
use archon_domain::{
    Alert, AlertCause, AlertChannel, AlertFilter, AlertId, AlertKind, AlertNotice, AlertRule, BlockedAddress,
    ClientNetwork, EventCursor, EventFilter, EventKind, Instant, NoticeId, Raising, SecurityEvent,
    StoreError,
};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

use super::evidence::Evidence;
use super::rules::{causes, counts, is_reached, severity};
use super::{AlertPolicy, BlockList};

/// Most events that are read at once.
const PAGE: u32 = 1000;

/// Most events that are looked through for one alert; a louder attack is over its threshold long before.
const LOOKED_THROUGH: usize = 10_000;

/// Most alerts that are looked at whether one goes on.
const OPEN: u32 = 1000;

/// How many addresses an alert names as not blocked.
const NAMED: usize = 10;

/// Judges events, raises alerts, and blocks who has caused them.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) events: Arc<dyn EventLog>,
    pub(super) alerts: Arc<dyn Alerts>,
    pub(super) blocks: Arc<BlockList>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) policy: AlertPolicy,
    /// Told when there is a notice to send.
    pub(super) raised: Arc<Notify>,
}

/// Events that may be an alert, or more of one that goes on.
pub(super) struct Suspicion<'a> {
    rule: &'a AlertRule,
    cause: AlertCause,
    /// The events, which were just stored.
    seen: Vec<&'a SecurityEvent>,
    latest: Instant,
}

/// The alerts that go on.
pub(super) struct Open(Vec<Alert>);

impl Open {
    /// The alert that the events are more of.
    pub(super) fn alert_of(&self, suspicion: &Suspicion<'_>) -> Option<&Alert> {
        self.find(suspicion.rule, suspicion.cause, suspicion.latest)
    }

    /// Adds an alert that was just raised.
    pub(super) fn add(&mut self, alert: Alert) {
        self.0.push(alert);
    }

    /// The alert of this kind and cause that goes on at `at`.
    fn find(&self, rule: &AlertRule, cause: AlertCause, at: Instant) -> Option<&Alert> {
        let is_it = |alert: &&Alert| {
            alert.kind == rule.kind && alert.cause == cause && at - alert.last_at <= rule.window
        };
        self.0.iter().find(is_it)
    }
}

impl Desk {
    /// Whether anything is looked for.
    pub(super) fn has_rules(&self) -> bool {
        !self.policy.rules.is_empty()
    }

    /// What finds the events that can count for any alert.
    pub(super) fn countable(&self) -> EventFilter {
        let mut kinds: Vec<EventKind> = Vec::new();
        for kind in AlertKind::ALL.into_iter().flat_map(|kind| kind.events()) {
            if !kinds.contains(kind) {
                kinds.push(*kind);
            }
        }
        let from = Some(self.clock.now() - self.policy.longest_window());
        EventFilter { kinds, from, ..EventFilter::default() }
    }

    /// What the events may mean: for each rule and cause those that count, spraying first.
    pub(super) fn suspicions<'a>(&'a self, events: &'a [SecurityEvent]) -> Vec<Suspicion<'a>> {
        let mut grouped: BTreeMap<(bool, AlertKind, AlertCause), Vec<&SecurityEvent>> = BTreeMap::new();
        for event in events {
            for (kind, cause) in causes(event) {
                let is_later = kind != AlertKind::PasswordSpraying;
                grouped.entry((is_later, kind, cause)).or_default().push(event);
            }
        }
        let suspicion = |((_, kind, cause), seen): (_, Vec<&'a SecurityEvent>)| {
            let latest = seen.iter().map(|event| event.at).max()?;
            Some(Suspicion { rule: self.policy.rule(kind)?, cause, seen, latest })
        };
        grouped.into_iter().filter_map(suspicion).collect()
    }

    /// The alerts that may go on.
    pub(super) async fn open(&self) -> Result<Open, StoreError> {
        let from = Some(self.clock.now() - self.policy.longest_window());
        let filter = AlertFilter { from, ..AlertFilter::default() };
        Ok(Open(self.alerts.search_alerts(&filter, None, OPEN).await?))
    }

    /// Adds the events to the alert that goes on; or raises one if there are enough, and says which.
    pub(super) async fn judge(
        &self,
        suspicion: &Suspicion<'_>,
        open: &Open,
    ) -> Result<Option<Alert>, StoreError> {
        if let Some(alert) = open.alert_of(suspicion) {
            // First what can be done again when the second fails.
            self.block_again(alert, suspicion).await?;
            self.add_to(alert, suspicion).await?;
            return Ok(None);
        }
        let (rule, cause) = (suspicion.rule, suspicion.cause);
        let evidence = self.gather(suspicion, suspicion.latest - rule.window).await?;
        if !is_reached(rule, &evidence, self.policy.critical_at_once) {
            return Ok(None);
        }
        self.raise(rule, cause, &evidence, self.greater(suspicion, open)).await
    }

    /// The attack that an alert is a part of: spraying that goes on, for failed log-ins.
    fn greater(&self, suspicion: &Suspicion<'_>, open: &Open) -> Option<AlertId> {
        if suspicion.rule.kind != AlertKind::FailedLogins {
            return None;
        }
        let spraying = self.policy.rule(AlertKind::PasswordSpraying)?;
        open.find(spraying, AlertCause::Service, suspicion.latest).map(|alert| alert.id)
    }

    /// Reads what the log holds of the kind and cause from `since` on, all that was seen and more until that is
    /// enough.
    async fn gather(&self, suspicion: &Suspicion<'_>, since: Instant) -> Result<Evidence, StoreError> {
        let Suspicion { rule, cause, seen, .. } = suspicion;
        let filter = filter_for(rule.kind, *cause, since);
        let mut evidence = Evidence::of([]);
        let (mut after, mut read) = (None, 0);
        let mut page = u32::try_from(seen.len()).unwrap_or(PAGE).max(rule.threshold).min(PAGE);
        loop {
            let found = self.events.search(&filter, after, page).await?;
            for event in found.iter().filter(|event| counts(event, rule.kind, *cause)) {
                evidence.add(event);
            }
            read += found.len();
            let is_last = found.len() < page as usize || read >= LOOKED_THROUGH;
            if is_last || is_reached(rule, &evidence, self.policy.critical_at_once) {
                return Ok(evidence);
            }
            after = found.last().map(EventCursor::from);
            page = PAGE;
        }
    }

    /// Raises an alert; `None` when another replica was faster.
    async fn raise(
        &self,
        rule: &AlertRule,
        cause: AlertCause,
        evidence: &Evidence,
        part_of: Option<AlertId>,
    ) -> Result<Option<Alert>, StoreError> {
        let now = self.clock.now();
        let last_at = evidence.last_at().unwrap_or(now);
        let networks = participants(cause, evidence);
        let alert = Alert {
            id: AlertId::generate(now, &*self.entropy),
            kind: rule.kind,
            cause,
            severity: severity(rule.kind, evidence),
            raised_at: last_at,
            last_at,
            count: evidence.count(),
            part_of,
            details: [evidence.details(), self.about_blocks(rule, &networks)].into_iter().flatten().collect(),
        };
        let notices = if part_of.is_none() { self.notices_of(&alert, now) } else { Vec::new() };
        match self.alerts.raise(alert.clone(), notices, rule.window).await? {
            Raising::Raised => {
                announce(&alert);
                if let Err(error) = self.block(rule, networks, &alert, now).await {
                    // Not to be raised again for that: the next event blocks.
                    tracing::warn!(error = &error as &dyn std::error::Error, "an address is not blocked yet");
                }
                self.raised.notify_one();
                Ok(Some(alert))
            }
            Raising::Counted(_) => Ok(None),
        }
    }

    fn notices_of(&self, alert: &Alert, now: Instant) -> Vec<AlertNotice> {
        let notice = |channel: &AlertChannel| AlertNotice {
            id: NoticeId::generate(now, &*self.entropy),
            alert: alert.id,
            channel: channel.clone(),
            attempts: 0,
            next_attempt_at: Some(now),
            last_error: None,
        };
        self.policy.channels.iter().map(notice).collect()
    }

    /// Adds events to an alert: those after it was raised, since those before were added up then.
    async fn add_to(&self, alert: &Alert, suspicion: &Suspicion<'_>) -> Result<(), StoreError> {
        let further = suspicion.seen.iter().filter(|event| event.at > alert.raised_at);
        let count = further.count() as u64;
        if count > 0 {
            let more = Alert {
                id: AlertId::generate(self.clock.now(), &*self.entropy),
                last_at: suspicion.latest,
                count,
                ..alert.clone()
            };
            self.alerts.raise(more, Vec::new(), suspicion.rule.window).await?;
        }
        Ok(())
    }

    /// Blocks who goes on when a block is over. What came before its end has had its answer: only what came after
    /// counts, all the threshold anew where the cause is one address.
    async fn block_again(&self, alert: &Alert, suspicion: &Suspicion<'_>) -> Result<(), StoreError> {
        let (rule, now) = (suspicion.rule, self.clock.now());
        if rule.blocks_for.is_none() {
            return Ok(());
        }
        let mut blocked = Vec::new();
        for network in participants(alert.cause, &Evidence::of(suspicion.seen.iter().copied())) {
            let before = self.blocks.find(network);
            let is_blocked = before.as_ref().is_some_and(|before| before.holds(now));
            if is_blocked || self.policy.spares(network).is_some() {
                continue;
            }
            let since = suspicion.latest - rule.window;
            let since = before.map_or(since, |before| since.max(before.until));
            let goes_on = match alert.cause {
                AlertCause::Address(_) => is_reached(rule, &self.gather(suspicion, since).await?, false),
                AlertCause::User(_) | AlertCause::Service => suspicion.latest >= since,
            };
            if goes_on {
                blocked.push(network);
            }
        }
        self.block(rule, blocked, alert, now).await
    }

    /// Blocks those of the networks that may be blocked, if the rule says so.
    async fn block(
        &self,
        rule: &AlertRule,
        networks: Vec<ClientNetwork>,
        alert: &Alert,
        now: Instant,
    ) -> Result<(), StoreError> {
        let Some(span) = rule.blocks_for else { return Ok(()) };
        for network in networks {
            if self.policy.spares(network).is_some() {
                continue;
            }
            let reason = format!("alert {}", alert.kind);
            let block =
                BlockedAddress { network, since: now, until: now + span, alert: Some(alert.id), reason };
            self.blocks.block(block).await?;
            tracing::warn!(address = %network, until = %(now + span), alert_id = %alert.id, "an address is blocked");
        }
        Ok(())
    }

    /// What an alert says of blocks: for how long its addresses are blocked, and which are not, and why.
    fn about_blocks(&self, rule: &AlertRule, networks: &[ClientNetwork]) -> Map<String, Value> {
        let Some(span) = rule.blocks_for else { return Map::new() };
        let spared = networks.iter().filter_map(|network| Some((network, self.policy.spares(*network)?)));
        let spared: Vec<_> = spared.take(NAMED).collect();
        let mut about = Map::new();
        if spared.len() < networks.len() {
            about.insert("blocked_for_seconds".to_owned(), json!(span.num_seconds()));
        }
        if !spared.is_empty() {
            let spared = spared.into_iter().map(|(network, why)| (network.to_string(), why.into()));
            about.insert("not_blocked".to_owned(), Value::Object(spared.collect()));
        }
        about
    }
}

/// The clients that an alert's block is about.
fn participants(cause: AlertCause, evidence: &Evidence) -> Vec<ClientNetwork> {
    match cause {
        AlertCause::Address(network) => vec![network],
        AlertCause::User(_) | AlertCause::Service => evidence.networks().collect(),
    }
}

/// What finds the events of a kind and cause, and with an IPv6 network those of its neighbours: the log knows
/// addresses only.
fn filter_for(kind: AlertKind, cause: AlertCause, since: Instant) -> EventFilter {
    let address = cause.address().map(ClientNetwork::address).filter(|address| address.is_ipv4());
    EventFilter {
        kinds: kind.events().to_vec(),
        user: cause.user(),
        address,
        from: Some(since),
        ..EventFilter::default()
    }
}

/// Says an alert in the log, and counts it.
fn announce(alert: &Alert) {
    metrics::counter!("archon_alerts_total", "type" => alert.kind.as_str()).increment(1);
    tracing::warn!(
        alert_id = %alert.id,
        kind = %alert.kind,
        cause = %alert.cause,
        severity = alert.severity.as_str(),
        count = alert.count,
        part_of = alert.part_of.map(tracing::field::display),
        "an alert was raised"
    );
}
