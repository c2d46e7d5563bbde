//! What a provider has told, kept for a while.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use archon_domain::{Instant, ProviderError, ProviderStep, Span};
use tokio::sync::{Mutex, MutexGuard};

use crate::fault::unavailable;
use crate::http::Visit;

/// How long it is taken as it is.
const FRESH: Span = Span::hours(1);

/// How long it serves while the provider does not tell it again: a provider whose metadata is away may well
/// issue tokens.
const USABLE: Span = Span::hours(24);

/// The least time between two requests, unless nothing is known at all.
const PAUSE: Span = Span::seconds(30);

/// How long a caller waits for what is known already but not fresh any more.
const REFRESH_PATIENCE: Duration = Duration::from_secs(2);

/// One document of a provider. Fetched by one caller at a time, however many want it.
#[derive(Debug)]
pub(super) struct Remembered<T> {
    step: ProviderStep,
    document: Mutex<Option<Document<T>>>,
}

#[derive(Debug)]
struct Document<T> {
    content: Arc<T>,
    fetched_at: Instant,
    tried_at: Instant,
}

impl<T> Remembered<T> {
    /// Nothing yet; errors of waiting for it are errors of `step`.
    pub(super) fn nothing(step: ProviderStep) -> Self {
        Self { step, document: Mutex::new(None) }
    }

    /// The document, fetched by `fetch` if need be.
    pub(super) async fn get<F>(
        &self,
        visit: Visit,
        fetch: impl FnOnce(Visit) -> F,
    ) -> Result<Arc<T>, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>>,
    {
        let mut kept = self.lock(visit).await?;
        let now = visit.now();
        let Some(document) = kept.as_mut().filter(|document| now - document.fetched_at < USABLE) else {
            let document = Document::new(fetch(visit).await?, now);
            return Ok(Arc::clone(&kept.insert(document).content));
        };
        if now - document.fetched_at >= FRESH && now - document.tried_at >= PAUSE {
            document.tried_at = now;
            match fetch(visit.at_most(REFRESH_PATIENCE)).await {
                Ok(content) => *document = Document::new(content, now),
                Err(error) => tracing::warn!(%error, "what a provider told before is used again"),
            }
        }
        Ok(Arc::clone(&document.content))
    }

    /// A newer document than `known`; `None` if there is none and it is too early to ask again.
    pub(super) async fn newer<F>(
        &self,
        visit: Visit,
        known: &Arc<T>,
        fetch: impl FnOnce(Visit) -> F,
    ) -> Result<Option<Arc<T>>, ProviderError>
    where
        F: Future<Output = Result<T, ProviderError>>,
    {
        let mut kept = self.lock(visit).await?;
        let now = visit.now();
        if let Some(document) = kept.as_mut() {
            if !Arc::ptr_eq(&document.content, known) {
                return Ok(Some(Arc::clone(&document.content)));
            }
            if now - document.tried_at < PAUSE {
                return Ok(None);
            }
            document.tried_at = now;
        }
        let document = Document::new(fetch(visit).await?, now);
        Ok(Some(Arc::clone(&kept.insert(document).content)))
    }

    async fn lock(&self, visit: Visit) -> Result<MutexGuard<'_, Option<Document<T>>>, ProviderError> {
        let busy = || unavailable(self.step, None, "others have waited for it as long as one may");
        visit.wait(self.document.lock()).await.ok_or_else(busy)
    }
}

impl<T> Document<T> {
    fn new(content: T, now: Instant) -> Self {
        Self { content: Arc::new(content), fetched_at: now, tried_at: now }
    }
}
