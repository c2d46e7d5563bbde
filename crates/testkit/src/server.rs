use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use archon_mail_lettre::{Mailbox, SentMail, Transport};
use archon_server::config::{LoadInputs, load};
use archon_server::http;
use archon_server::wire::{Background, Surroundings, wire};

use crate::{Client, TestClock, TestEntropy};

/// How long a mail may take from its cause to the mailbox.
const MAIL_PATIENCE: Duration = Duration::from_secs(10);

/// A whole service in this process, on a free port; stops when dropped.
pub struct TestServer {
    client: Client,
    base_url: String,
    clock: TestClock,
    mailbox: Mailbox,
    hashes: Box<dyn Fn() -> u64 + Send + Sync>,
    handle: ServerHandle,
    _background: Background,
}

/// A [`TestServer`] in the making.
#[derive(Debug, Clone)]
pub struct TestServerBuilder {
    overrides: Vec<(String, String)>,
}

impl TestServer {
    /// A service with everything as by default, but in memory and with cheap hashing.
    ///
    /// # Errors
    /// When it cannot start.
    pub async fn start() -> anyhow::Result<Self> {
        Self::builder().start().await
    }

    /// A service with settings of its own.
    #[must_use]
    pub fn builder() -> TestServerBuilder {
        let overrides = [
            ("database.url", "memory:"),
            ("server.port", "0"),
            ("server.workers", "2"),
            ("server.trusted_proxies", "127.0.0.1"),
            ("keys.algorithm", "ES256"),
            ("hashing.memory_kib", "16"),
            ("hashing.iterations", "1"),
            ("hashing.threads", "2"),
            ("metrics.enabled", "false"),
        ];
        let overrides = overrides.map(|(key, value)| (key.to_owned(), value.to_owned()));
        TestServerBuilder { overrides: overrides.into() }
    }

    /// A client of the service, at 127.0.0.1 and with no user agent.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where the service listens, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The clock that the service goes by.
    #[must_use]
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// The mails that the service has sent.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// How many password hashes were computed.
    #[must_use]
    pub fn hashes_done(&self) -> u64 {
        (self.hashes)()
    }

    /// Waits until `count` mails of a kind, such as `verify_email`, have reached an address.
    ///
    /// # Errors
    /// When they have not after ten seconds.
    pub async fn mails(&self, to: &str, kind: &str, count: usize) -> anyhow::Result<Vec<SentMail>> {
        let arrived = async {
            loop {
                let mails = self.mailbox.messages_to(to).into_iter();
                let mails: Vec<_> = mails.filter(|sent| sent.mail.message.kind() == kind).collect();
                if mails.len() >= count {
                    return mails;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(MAIL_PATIENCE, arrived)
            .await
            .with_context(|| format!("fewer than {count} mails of kind {kind} have reached {to}"))
    }
}

impl TestServerBuilder {
    /// Sets one setting, such as `("lockout.max_failures", "3")`.
    #[must_use]
    pub fn set(mut self, key: &str, value: &str) -> Self {
        self.overrides.retain(|(present, _)| present != key);
        self.overrides.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Starts the service.
    ///
    /// # Errors
    /// When a setting is wrong or the service cannot start.
    pub async fn start(self) -> anyhow::Result<TestServer> {
        let loaded = load(&LoadInputs { overrides: self.overrides, ..LoadInputs::default() })?;
        let settings = &loaded.settings;
        let listener = http::bind(&settings.server.host, settings.server.port, "server.port")?;
        let address = http::address(&listener)?;
        let (clock, mailbox) = (TestClock::default(), Mailbox::new());
        let surroundings = Surroundings {
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(TestEntropy::seeded(u64::from(address.port()))),
            transport: Some(Transport::Memory(mailbox.clone())),
        };
        let service = wire(settings, address.port(), surroundings).await?;
        let hasher = Arc::clone(&service.hasher);
        let server = http::serve(service.web.clone(), listener, settings)?;
        let handle = server.handle();
        tokio::spawn(server);
        let base_url = format!("http://{address}");
        Ok(TestServer {
            client: Client::new(base_url.clone())?,
            base_url,
            clock,
            mailbox,
            hashes: Box::new(move || hasher.hashes_done()),
            handle,
            _background: service.start_background(),
        })
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for its end.
        drop(self.handle.stop(false));
    }
}
