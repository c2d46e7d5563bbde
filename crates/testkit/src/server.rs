use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use archon_domain::ports::Clock as _;
use archon_domain::{Instant, Role};
use archon_mail_lettre::{Mailbox, SentMail};
use archon_server::config::Settings;
use serde_json::json;

use crate::host::{Accounts, Host, Plan, Started};
use crate::user::explained;
use crate::{Client, TestClock, TestEntropy, TestServerBuilder, User};

/// How long a mail may take from its cause to the mailbox.
const MAIL_PATIENCE: Duration = Duration::from_secs(10);

/// A whole service in this process, on a free port of 127.0.0.1.
///
/// It lives in threads of its own and is gone when dropped: threads, port, and what it kept on its backend.
pub struct TestServer {
    builder: TestServerBuilder,
    client: Client,
    base_url: String,
    seed: u64,
    clock: TestClock,
    mailbox: Mailbox,
    settings: Box<Settings>,
    hashes: Box<dyn Fn() -> u64 + Send + Sync>,
    accounts: Accounts,
    listener: TcpListener,
    host: Option<Host>,
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
    ///
    /// ```
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// use archon_testkit::{Backend, TestServer};
    ///
    /// let builder = TestServer::builder().set("tokens.issuer", "https://auth.example.com").seed(7);
    /// let server = builder.backend(Backend::Sqlite).start().await?;
    /// assert_eq!(server.issuer(), "https://auth.example.com");
    /// # anyhow::Ok(()) })?;
    /// # anyhow::Ok(())
    /// ```
    #[must_use]
    pub fn builder() -> TestServerBuilder {
        TestServerBuilder::default()
    }

    pub(crate) async fn start_as(
        builder: TestServerBuilder,
        listener: Option<TcpListener>,
    ) -> anyhow::Result<Self> {
        let (seed, start_at) = (builder.seed_to_use(), builder.start_to_use());
        let (clock, mailbox) = (TestClock::at(start_at), Mailbox::new());
        let plan = Plan {
            settings: builder.settings.clone(),
            backend: builder.backend.clone(),
            clock: clock.clone(),
            entropy: TestEntropy::seeded(seed),
            mailbox: mailbox.clone(),
            providers: builder.providers.clone(),
            listener,
        };
        let (host, Started { settings, listener, hashes, accounts }) = Host::start(plan).await?;
        let base_url = format!("http://{}", reachable(listener.local_addr()?));
        // Test runners show this beside the failure of the test that it belongs to.
        eprintln!("archon-testkit: {base_url} with seed {seed} from {}", start_at.to_rfc3339());
        let (client, host) = (Client::new(base_url.clone())?, Some(host));
        Ok(Self {
            builder,
            client,
            base_url,
            seed,
            clock,
            mailbox,
            settings,
            hashes,
            accounts,
            listener,
            host,
        })
    }

    /// Begins anew at the same address: nothing stored, an empty mailbox, new keys, the clock where it
    /// starts.
    ///
    /// # Errors
    /// When the service does not start again; it is then gone.
    pub async fn reset(&mut self) -> anyhow::Result<()> {
        self.reset_to(self.builder.clone()).await
    }

    /// The same with other settings; the address stays.
    ///
    /// # Errors
    /// When the service cannot start with them; it has then begun anew as it was.
    pub async fn reset_to(&mut self, builder: TestServerBuilder) -> anyhow::Result<()> {
        let host = self.host.take();
        tokio::task::spawn_blocking(move || drop(host)).await.context("the service did not stop")?;
        // The port was never given up: who connects meanwhile waits.
        let listener = self.listener.try_clone()?;
        match Self::start_as(builder, Some(listener)).await {
            Ok(begun) => {
                *self = begun;
                Ok(())
            }
            Err(error) => {
                *self = Self::start_as(self.builder.clone(), Some(self.listener.try_clone()?)).await?;
                Err(error)
            }
        }
    }

    /// A client of the service, at 127.0.0.1 and with no user agent.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.with_own_connections()
    }

    /// A client with a user's access token.
    #[must_use]
    pub fn client_of(&self, user: &User) -> Client {
        self.client().with_token(&user.access_token)
    }

    /// Where the service listens, such as `http://127.0.0.1:41234`.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where the application under test finds the keys that tokens are verified with.
    #[must_use]
    pub fn jwks_url(&self) -> String {
        format!("{}/.well-known/jwks.json", self.base_url)
    }

    /// The `iss` claim of tokens.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.settings.tokens.issuer
    }

    /// The `aud` claim of tokens.
    #[must_use]
    pub fn audience(&self) -> &str {
        &self.settings.tokens.audience
    }

    /// What everything random follows from; see [`TestServerBuilder::seed`].
    #[must_use]
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The clock that the service goes by.
    #[must_use]
    pub fn clock(&self) -> &TestClock {
        &self.clock
    }

    /// The present by that clock.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The mails that the service has sent, and how further ones are met.
    #[must_use]
    pub fn mailbox(&self) -> &Mailbox {
        &self.mailbox
    }

    /// How many password hashes were computed.
    #[must_use]
    pub fn hashes_done(&self) -> u64 {
        (self.hashes)()
    }

    /// Registers a user, called Ada Lovelace, with the password [`User::PASSWORD`].
    ///
    /// # Errors
    /// When the service refuses, such as a second user of one address.
    pub async fn register(&self, email: &str) -> anyhow::Result<User> {
        let body = json!({"email": email, "password": User::PASSWORD, "name": "Ada Lovelace"});
        User::registered(email, &self.client.post("/auth/register", &body).await?)
    }

    /// Registers a user as [`register`](Self::register) does, who administers the service: with the role `admin`
    /// in the account and in the tokens.
    ///
    /// # Errors
    /// When the service refuses.
    pub async fn register_administrator(&self, email: &str) -> anyhow::Result<User> {
        let user = self.register(email).await?;
        self.set_roles(&user, &["admin", "user"]).await?;
        self.log_in(&user).await
    }

    /// Sets what a user may do, in place of all they could before, as `archon-auth user set-role` does. Tokens
    /// from before keep theirs.
    ///
    /// # Errors
    /// When there is no such user or role, or nobody could administer the service any more.
    pub async fn set_roles(&self, user: &User, roles: &[&str]) -> anyhow::Result<()> {
        let roles = roles.iter().map(|role| Role::parse(role)).collect::<Result<BTreeSet<_>, _>>();
        let roles = roles.map_err(|error| anyhow::anyhow!(error))?;
        self.accounts.set_roles(user.id.parse()?, roles).await
    }

    /// Logs a user in once more: another session, with tokens of its own.
    ///
    /// # Errors
    /// When the service refuses, such as a locked account.
    pub async fn log_in(&self, user: &User) -> anyhow::Result<User> {
        let body = json!({"email": user.email, "password": user.password});
        user.logged_in(&self.client.post("/auth/login", &body).await?)
    }

    /// Fails to log in until the account is locked, for 127.0.0.1 as for every other address.
    ///
    /// # Errors
    /// When it does not come to that, such as by a rate limit.
    pub async fn lock(&self, email: &str) -> anyhow::Result<()> {
        let body = json!({"email": email, "password": "not the password"});
        for _ in 0..=self.settings.lockout.max_failures {
            let answer = self.client.post("/auth/login", &body).await?;
            if answer.code() == "ACCOUNT_LOCKED" {
                return Ok(());
            }
            ensure!(answer.status == 401, "{email} was not locked: {}", explained(&answer));
        }
        anyhow::bail!("{email} was not locked by {} failures", self.settings.lockout.max_failures)
    }

    /// Turns the clock until every access token so far has expired.
    pub fn expire_access_tokens(&self) {
        self.clock.advance(self.settings.tokens.access_ttl.as_std() + Duration::from_secs(1));
    }

    /// Turns the clock until every session so far has expired for want of use, unless `remember_me` was asked
    /// for, and with it its tokens.
    pub fn expire_sessions(&self) {
        self.clock.advance(self.settings.sessions.session_timeout.as_std() + Duration::from_secs(1));
    }

    /// Waits until `count` mails of a kind, such as `verify_email`, have reached an address.
    ///
    /// # Errors
    /// When they have not after ten seconds.
    pub async fn mails(&self, to: &str, kind: &str, count: usize) -> anyhow::Result<Vec<SentMail>> {
        let arrived = async {
            let mut tries = self.mailbox.tries();
            loop {
                let mails = self.mailbox.messages_to(to).into_iter();
                let mails: Vec<_> = mails.filter(|sent| sent.kind() == kind).collect();
                if mails.len() >= count {
                    return Ok(mails);
                }
                tries.changed().await?;
            }
        };
        tokio::time::timeout(MAIL_PATIENCE, arrived)
            .await
            .with_context(|| format!("fewer than {count} mails of kind {kind} have reached {to}"))?
    }

    /// Waits for the first mail of a kind to an address.
    ///
    /// # Errors
    /// When none has come after ten seconds.
    pub async fn mail(&self, to: &str, kind: &str) -> anyhow::Result<SentMail> {
        self.mails(to, kind, 1).await?.into_iter().next().context("no mail")
    }
}

/// An address by which who listens everywhere is reached from here.
fn reachable(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => (Ipv4Addr::LOCALHOST, address.port()).into(),
        _ => address,
    }
}
