//! The thread that a service lives in.

use std::collections::BTreeSet;
use std::net::TcpListener;
use std::sync::{Arc, OnceLock, Weak};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context as _;
use archon_domain::ports::{Clock as _, IdentityProvider, UserRepo};
use archon_domain::{Amended, Amendment, Role, UserId};
use archon_mail_lettre::{Mailbox, Transport};
use archon_server::config::{LoadInputs, Settings, load};
use archon_server::http;
use archon_server::service::Background;
use archon_server::wire::{Adapt, Surroundings, wire};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::place::Place;
use crate::{Backend, TestClock, TestEntropy};

/// How long a service may take to let go of everything.
const PATIENCE: Duration = Duration::from_secs(10);

/// A service in a thread and a runtime of its own: it lives as long as this value, and not as long as the
/// runtime of the test that has started it, and it is gone with everything it held once this is dropped.
pub(crate) struct Host {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// What a service is started from.
pub(crate) struct Plan {
    pub(crate) settings: Vec<(String, String)>,
    pub(crate) backend: Backend,
    pub(crate) clock: TestClock,
    pub(crate) entropy: TestEntropy,
    pub(crate) mailbox: Mailbox,
    pub(crate) providers: Vec<Arc<dyn IdentityProvider>>,
    /// Where to listen; as the settings say where there is none.
    pub(crate) listener: Option<TcpListener>,
}

/// What is known of a service that has started.
pub(crate) struct Started {
    pub(crate) settings: Box<Settings>,
    /// Holds the port also while no service listens there.
    pub(crate) listener: TcpListener,
    pub(crate) hashes: Box<dyn Fn() -> u64 + Send + Sync>,
    pub(crate) accounts: Accounts,
}

/// The accounts of a service, as long as it lives.
#[derive(Clone)]
pub(crate) struct Accounts {
    users: Arc<OnceLock<Weak<dyn UserRepo>>>,
    clock: TestClock,
    /// Of the service, whose connections live and end with it.
    runtime: Handle,
}

impl Accounts {
    fn new(clock: &TestClock) -> Self {
        Self { users: Arc::default(), clock: clock.clone(), runtime: Handle::current() }
    }

    /// Takes the accounts of the stores that a service is wired with.
    fn taken(&self) -> Adapt {
        let users = Arc::clone(&self.users);
        Arc::new(move |stored| {
            let _ = users.set(Arc::downgrade(&stored.users));
            Ok(stored)
        })
    }

    /// Sets what a user may do.
    pub(crate) async fn set_roles(&self, id: UserId, roles: BTreeSet<Role>) -> anyhow::Result<()> {
        let users = self.users.get().and_then(Weak::upgrade).context("the test server is gone")?;
        let now = self.clock.now();
        let amended = self.runtime.spawn(async move { users.amend(id, Amendment::Roles(roles), now).await });
        match amended.await?? {
            Amended::Changed(_) => Ok(()),
            refused => anyhow::bail!("the roles of {id} were not set: {refused:?}"),
        }
    }
}

impl Host {
    /// Starts a service; returns when it takes requests.
    pub(crate) async fn start(plan: Plan) -> anyhow::Result<(Self, Started)> {
        let (say, said) = oneshot::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = thread::Builder::new().name("archon-testkit".to_owned());
        let thread = thread.spawn(move || live(plan, say, stopped)).context("no thread for a test server")?;
        // Where the start has failed, dropping this waits until nothing is left of it.
        let host = Self { stop: Some(stop), thread: Some(thread) };
        let started = said.await.context("the thread of the test server has panicked")??;
        Ok((host, started))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so itself.
            let _ = thread.join();
        }
    }
}

/// What is left of a service that serves no more.
struct Remains {
    place: Place,
    /// Whoever still holds the service, such as a request that is being answered.
    holders: Box<dyn Fn() -> usize>,
}

type Say = oneshot::Sender<anyhow::Result<Started>>;

fn live(plan: Plan, say: Say, stop: oneshot::Receiver<()>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = say.send(Err(error).context("no runtime for a test server"));
            return;
        }
    };
    let remains = runtime.block_on(serve(plan, say, stop));
    runtime.shutdown_timeout(PATIENCE);
    if let Some(Remains { place, holders }) = remains {
        // The web server's threads end by themselves and tell nobody.
        for _ in 0..PATIENCE.as_millis() {
            if holders() == 0 {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
        drop(place);
    }
}

/// Serves until told to stop; `None` where there was not even a place.
async fn serve(plan: Plan, say: Say, stop: oneshot::Receiver<()>) -> Option<Remains> {
    let place = match Place::make(&plan.backend).await {
        Ok(place) => place,
        Err(error) => {
            let _ = say.send(Err(error));
            return None;
        }
    };
    match Box::pin(open(plan, &place)).await {
        Err(error) => {
            let _ = say.send(Err(error));
            Some(Remains { place, holders: Box::new(|| 0) })
        }
        Ok((running, started)) => {
            let _ = say.send(Ok(started));
            // Told by a message as well as by the end of whoever could send one.
            let _ = stop.await;
            running.server.stop(false).await;
            drop(running.background);
            Some(Remains { place, holders: running.holders })
        }
    }
}

/// A service that takes requests.
struct Running {
    server: ServerHandle,
    background: Background,
    holders: Box<dyn Fn() -> usize>,
}

async fn open(plan: Plan, place: &Place) -> anyhow::Result<(Running, Started)> {
    // The caller's settings come last and win.
    let overrides = place.settings().iter().cloned().chain(plan.settings).collect();
    let settings = load(&LoadInputs { overrides, ..LoadInputs::default() })?.settings;
    let listener = match plan.listener {
        Some(listener) => listener,
        None => http::bind(&settings.server.host, settings.server.port, "server.host and server.port")?,
    };
    let accounts = Accounts::new(&plan.clock);
    let surroundings = Surroundings {
        adapt: Some(accounts.taken()),
        clock: Arc::new(plan.clock.clone()),
        entropy: Arc::new(plan.entropy),
        transport: Some(Transport::Memory(plan.mailbox)),
        providers: plan.providers,
    };
    let service = wire(&settings, http::address(&listener)?.port(), surroundings).await?;
    // A retry that has fallen due by this clock is not to wait for the next look by the real one.
    plan.clock.wake(service.auth.mail_queued());
    plan.clock.wake(service.auth.alert_raised());
    let (auth, hasher) = (Arc::downgrade(&service.auth), Arc::downgrade(&service.hasher));
    let server = http::serve(service.web.clone(), listener.try_clone()?, &settings)?;
    let handle = server.handle();
    tokio::spawn(server);
    let running = Running {
        server: handle,
        background: service.start_background(),
        holders: Box::new(move || auth.strong_count()),
    };
    let hashes = Box::new(move || hasher.upgrade().map_or(0, |hasher| hasher.hashes_done()));
    Ok((running, Started { settings: Box::new(settings), listener, hashes, accounts }))
}
