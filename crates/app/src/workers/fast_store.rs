use std::sync::Arc;
use std::time::Duration;

use archon_domain::ports::{Clock, Entropy, Probe, SessionStore, UserRepo};
use archon_domain::{Instant, Span, StoreError};
use tokio::sync::watch;

use crate::fast_path::{Copies, Lately, MARGIN, in_time};

/// Keeps the fast store up to date, and says when it may be relied on.
///
/// - While it is not: asks again and again whether it answers, then makes it forget every session that ended
///   while a token of it may still live, and all that it was not told, and only then closes the breaker. So
///   a fast store that comes back with an older memory never says yes to a session that ended meanwhile. A
///   copy of a profile lives as long as a token, so that the same holds for profiles that have changed.
/// - While it is: makes it forget, every second, what ended or changed in the last seconds, for changes whose writer died
///   before it told, or cannot reach the fast store while this process can; and every minute, what ended
///   or changed within the life of a token, for a fast store that has lost what it was told without anybody's noticing.
pub struct FastStoreKeeper {
    pub(crate) copies: Arc<Copies>,
    pub(crate) probe: Arc<dyn Probe>,
    pub(crate) users: Arc<dyn UserRepo>,
    pub(crate) sessions: Arc<dyn SessionStore>,
    pub(crate) window: Span,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

impl FastStoreKeeper {
    /// How often it is asked whether the fast store answers again.
    const ASK_AGAIN: Duration = Duration::from_millis(250);

    /// How often what ended lately is forgotten.
    const LOOK: Duration = Duration::from_secs(1);

    /// How often everything that ended within the life of a token is forgotten.
    const LOOK_FAR_BACK: Span = Span::seconds(60);

    /// How often the closing of the breaker is tried while changes keep coming in.
    const TRIES: usize = 5;

    /// Relies on the fast store if it answers and can be brought up to date within `patience`; whether it is
    /// relied on then.
    pub async fn try_close(&self, patience: Duration) -> bool {
        match tokio::time::timeout(patience, self.close()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the fast store does not answer");
            }
            Err(_) => tracing::warn!(?patience, "the fast store has not answered in time"),
        }
        self.copies.breaker().is_closed()
    }

    /// Keeps the fast store until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut looked, mut looked_far_back) = (self.clock.now(), self.clock.now());
        loop {
            let closed = self.copies.breaker().is_closed();
            let wait = if closed { Self::LOOK } else { self.jittered(Self::ASK_AGAIN) };
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(wait) => {}
            }
            let now = self.clock.now();
            let far_back = !closed || now - looked_far_back >= Self::LOOK_FAR_BACK;
            let kept = match (closed, far_back) {
                (false, _) => self.close().await,
                (true, true) => self.look(now - self.window).await,
                (true, false) => self.look(looked - MARGIN).await,
            };
            if kept.is_ok() {
                looked = now;
                looked_far_back = if far_back { now } else { looked_far_back };
            }
        }
    }

    /// Makes the fast store forget what ended or changed at or after `since`, and relies on it no more if it cannot be.
    ///
    /// # Errors
    /// When the fast store or the durable one is away; what was not forgotten is to be forgotten the next time.
    pub async fn look(&self, since: Instant) -> Result<(), StoreError> {
        // Asked also when there is nothing to forget, so that a quiet service learns that it is away.
        let asked = in_time("probe", self.probe.probe()).await;
        let lately = self.lately(since).await;
        if let Err(error) = &lately {
            tracing::warn!(error = error as &dyn std::error::Error, "the fast store waits for the database");
        }
        let kept = match asked {
            Ok(()) => self.copies.bring_up_to_date(lately.as_ref().unwrap_or(&Lately::default())).await,
            away => away,
        };
        if let Err(error) = &kept {
            self.copies.breaker().open("keep", error);
        }
        kept.and(lately.map(drop))
    }

    async fn lately(&self, since: Instant) -> Result<Lately, StoreError> {
        let (ended, profiles) =
            futures::try_join!(self.sessions.ended_since(since), self.users.changed_since(since))?;
        Ok(Lately { ended, profiles })
    }

    /// Brings the fast store up to date and relies on it.
    ///
    /// # Errors
    /// When the fast store or the durable one is away.
    async fn close(&self) -> Result<(), StoreError> {
        in_time("probe", self.probe.probe()).await?;
        let mut since = self.clock.now() - self.window;
        for _ in 0..Self::TRIES {
            let now = self.clock.now();
            let lately = self.lately(since).await?;
            self.copies.bring_up_to_date(&lately).await?;
            // Answers now; but in the time that a request has? Then what has come up meanwhile is settled.
            self.copies.breaker().within_patience("probe", self.probe.probe()).await?;
            if self.copies.close_unless_owing() {
                return Ok(());
            }
            since = now - MARGIN;
        }
        Ok(())
    }

    /// Up to a fifth longer, so that replicas do not ask in step.
    fn jittered(&self, wait: Duration) -> Duration {
        let mut random = [0; 1];
        self.entropy.fill(&mut random);
        wait + wait * u32::from(random[0]) / 1280
    }
}
