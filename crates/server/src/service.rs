//! A service that is wired, and what goes on behind it once it runs.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use archon_app::workers::{AlertNoticeWorker, BlockFollower, CleanUp, MailWorker, TouchWriter};
use archon_app::{AlertWatcher, Auth, EventWriter};
use archon_domain::ports::Outbox;
use archon_geoip_maxmind::MaxMindLocator;
use archon_mail_lettre::Postman;
use archon_password_argon2::Argon2Hasher;
use archon_store_sql::SqlStore;
use archon_token_jose::JoseTokens;
use archon_web::WebState;
use metrics_exporter_prometheus::PrometheusHandle;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use crate::config::Settings;
use crate::fast_path::Upkeep;
use crate::keys::KeyKeeper;
use crate::telemetry::MetricsPage;
use crate::{alerts, geoip, parts};

/// A service that is wired but does not run yet.
pub struct Service {
    /// The use cases.
    pub auth: Arc<Auth>,
    /// What handlers have at hand.
    pub web: WebState,
    /// The signing keys.
    pub keys: KeyKeeper,
    /// The mails to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// How many hashes were computed.
    pub hasher: Arc<Argon2Hasher>,
    pub(crate) tokens: Arc<JoseTokens>,
    pub(crate) postman: Arc<Postman>,
    pub(crate) locator: Option<Arc<MaxMindLocator>>,
    pub(crate) sql: Option<SqlStore>,
    pub(crate) behind: Behind,
}

/// What is to go on behind the requests.
pub(crate) struct Behind {
    mail: MailWorker,
    alert_watcher: AlertWatcher,
    alert_notices: AlertNoticeWorker,
    block_follower: BlockFollower,
    touches: TouchWriter,
    clean_up: CleanUp,
    fast_store: Option<Upkeep>,
    event_writer: JoinHandle<()>,
}

/// What goes on behind a running service.
pub struct Background {
    stop: watch::Sender<bool>,
    workers: Vec<JoinHandle<()>>,
    event_writer: JoinHandle<()>,
    alert_watcher: JoinHandle<()>,
    reload_keys: Arc<Notify>,
    postman: Arc<Postman>,
    locator: Option<Arc<MaxMindLocator>>,
}

impl Behind {
    /// The workers of `auth`; `writer` takes its events from now on.
    pub(crate) async fn new(
        settings: &Settings,
        auth: &Arc<Auth>,
        postman: &Arc<Postman>,
        writer: EventWriter,
        fast_store: Option<Upkeep>,
    ) -> anyhow::Result<Self> {
        auth.blocks().load().await.context("the blocked addresses cannot be read")?;
        let (feed, alert_watcher) = AlertWatcher::new(auth);
        let senders = alerts::senders(settings, postman)?;
        Ok(Self {
            mail: MailWorker::new(auth, settings.retry_schedule()),
            alert_watcher,
            alert_notices: AlertNoticeWorker::new(auth, senders, settings.retry_schedule()),
            block_follower: BlockFollower::new(auth),
            touches: TouchWriter::new(Arc::clone(auth)),
            clean_up: CleanUp::new(auth, parts::retention(settings)),
            fast_store,
            event_writer: tokio::spawn(writer.shown_to(feed).run()),
        })
    }
}

impl Service {
    /// What its metrics listener shows.
    #[must_use]
    pub fn metrics_page(&self, recorded: PrometheusHandle) -> MetricsPage {
        let (auth, outbox) = (Arc::clone(&self.auth), Arc::clone(&self.outbox));
        MetricsPage::new(recorded, auth, outbox, self.sql.clone())
    }

    /// Starts what goes on behind the requests.
    #[must_use]
    pub fn start_background(self) -> Background {
        let (stop, stopped) = watch::channel(false);
        let reload_keys = Arc::new(Notify::new());
        let keys = self.keys.run(self.tokens, Arc::clone(&reload_keys), stopped.clone());
        let behind = self.behind;
        let mut workers = vec![
            tokio::spawn(behind.mail.run(stopped.clone())),
            tokio::spawn(behind.alert_notices.run(stopped.clone())),
            tokio::spawn(behind.block_follower.run(stopped.clone())),
            tokio::spawn(behind.touches.run(stopped.clone())),
            tokio::spawn(behind.clean_up.run(stopped.clone())),
            tokio::spawn(keys),
            tokio::spawn(self.web.watch_mails(stopped.clone())),
        ];
        workers.extend(behind.fast_store.into_iter().flat_map(|upkeep| upkeep.start(&stopped)));
        Background {
            stop,
            workers,
            event_writer: behind.event_writer,
            alert_watcher: tokio::spawn(behind.alert_watcher.run()),
            reload_keys,
            postman: self.postman,
            locator: self.locator,
        }
    }

    /// Writes what is still to be written, for commands that serve nothing.
    pub async fn finish(self) {
        self.auth.recorder().flush().await;
        drop(self);
    }
}

impl Background {
    /// Reads the signing keys, the mail templates and the GeoIP databases again; what cannot be used leaves what
    /// is in use.
    pub fn reload(&self) {
        self.reload_keys.notify_one();
        if let Err(error) = self.postman.reload() {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the mail templates in use stay as they are");
        }
        self.locator.iter().for_each(geoip::reload);
    }

    /// Sends the mails that are due, writes the events that wait, and ends. Every other holder of the
    /// service must be gone by then.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        for worker in self.workers {
            let _ = worker.await;
        }
        let patience = EventWriter::LAST_WORDS + Duration::from_secs(1);
        let written = async {
            let _ = self.event_writer.await;
            // Ends with the writer, which shows it the last events. What it does not come to, the next start does.
            let _ = self.alert_watcher.await;
        };
        if tokio::time::timeout(patience, written).await.is_err() {
            tracing::warn!("stopped before every security event was written and judged");
        }
    }
}
