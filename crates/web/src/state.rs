use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use actix_web::http::StatusCode;
use archon_app::{Auth, Limits};
use tokio::sync::watch;
use tracing::Instrument as _;

use crate::TrustedProxies;
use crate::console::{Samples, is_console};
use crate::pages::is_page;
use crate::problem::Problem;
use crate::templates::{PagePolicy, Pages, TemplateError};

/// What every handler has at hand.
#[derive(Clone)]
pub struct WebState {
    pub(crate) auth: Arc<Auth>,
    pub(crate) limits: Limits,
    pub(crate) policy: WebPolicy,
    pub(crate) pages: Option<Pages>,
    /// What the overview of the console shows of this replica.
    pub(crate) samples: Arc<Samples>,
}

/// How the service meets the network.
#[derive(Debug, Clone, Default)]
pub struct WebPolicy {
    /// Proxies whose word on a client's address is believed.
    pub trusted_proxies: TrustedProxies,
    /// Origins whose pages may call the API (CORS); none by default.
    pub allowed_origins: Vec<String>,
    /// Whether clients reach the service by HTTPS and should never use anything else.
    pub https_only: bool,
    /// The service's own pages; `None` where it shows none.
    pub pages: Option<PagePolicy>,
    /// For how many seconds the key set may be kept; no longer than a new key waits before it signs.
    pub jwks_max_age: u64,
}

impl WebState {
    /// The state of a service; its pages are parsed here.
    ///
    /// # Errors
    /// When a page's template cannot be read, which is a fault of the build.
    pub fn new(auth: Arc<Auth>, limits: Limits, policy: WebPolicy) -> Result<Self, TemplateError> {
        let pages = policy.pages.clone().map(Pages::new).transpose()?;
        Ok(Self { auth, limits, policy, pages, samples: Arc::default() })
    }

    /// Whether what lies at a path is there: pages and console only where the deployment shows them.
    pub(crate) fn shows(&self, path: &str) -> bool {
        let pages = self.policy.pages.as_ref();
        let with_console = pages.is_some_and(|pages| pages.console);
        (!is_page(path) || pages.is_some()) && (!is_console(path) || with_console)
    }

    /// Counts the mails that wait, once a minute, for the overview of the console, until told to stop.
    pub async fn watch_mails(self, mut stop: watch::Receiver<bool>) {
        const MINUTE: Duration = Duration::from_secs(60);
        loop {
            match self.auth.mail_counts().await {
                Ok(counts) => self.samples.mails_waiting(counts.pending, self.auth.now()),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::debug!(error, "the mails that wait were not counted");
                }
            }
            tokio::select! {
                _ = stop.wait_for(|stop| *stop) => return,
                () = tokio::time::sleep(MINUTE) => {}
            }
        }
    }

    /// Runs a use case to its end even when the client goes away meanwhile, so that nothing is half done.
    pub(crate) async fn complete<T, E, Work>(
        &self,
        use_case: impl FnOnce(Arc<Auth>) -> Work,
    ) -> Result<T, Problem>
    where
        Work: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Into<Problem> + Send + 'static,
    {
        let work = use_case(Arc::clone(&self.auth)).instrument(tracing::Span::current());
        match tokio::spawn(work).await {
            Ok(outcome) => outcome.map_err(Into::into),
            Err(error) => {
                let message =
                    "The service failed; its operator finds the cause in the log under this request_id";
                let mut problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL_ERROR", message);
                problem.cause = Some(Box::new(error));
                Err(problem)
            }
        }
    }
}
