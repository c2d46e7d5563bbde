//! Faults on purpose: ports that fail, hang, are held up or lose what they hold, and what a gate and its
//! stores must do when they are composed of a fast store and a durable one.
//!
//! Any port is wrapped by [`Faulty::wrap`]; all that share one [`Faults`] share one plan of what goes wrong.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::{StoreError, StoreErrorKind};
use tokio::sync::Notify;

mod composed;
mod observing;
mod ports;

pub use composed::*;
pub use observing::*;

/// Runs the fault cases on the [`Composed`] ports of a fixture.
#[macro_export]
macro_rules! faults {
    ($fixture:ident) => {
        $crate::cases! {
            faults of $crate::faults::Composed: $fixture,
            cases [
                a_session_that_ends_while_it_is_read_is_not_put_back,
                a_token_revoked_while_its_session_is_read_stays_revoked,
                an_end_whose_writer_died_is_seen_when_it_is_repeated,
                ends_whose_writer_died_are_seen_when_they_are_repeated,
                a_reset_whose_answer_was_lost_is_seen_at_once,
                a_link_whose_answer_was_lost_is_seen_at_once,
                a_link_whose_writer_died_is_seen_when_it_is_repeated,
                what_an_operator_blacklists_outlives_the_fast_store,
                a_fast_store_that_fails_fails_no_change,
                a_session_once_seen_is_not_looked_up_again,
                a_profile_that_changes_while_it_is_read_is_not_put_back,
                a_profile_once_seen_is_not_looked_up_again,
                an_administrator_whose_removal_was_not_answered_is_counted_out,
                a_trace_that_is_taken_over_while_it_is_read_is_shown,
                a_trace_that_is_read_while_the_fast_store_forgets_is_the_next_one,
                a_trace_that_was_taken_over_untold_is_shown_to_who_asks_again,
                a_fast_store_that_fails_fails_no_observation,
            ],
            concurrency [],
        }
    };
}

/// What goes wrong with a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// It fails before anything has happened.
    Refused,
    /// It happens, and its answer is lost: the connection broke, or who asked was killed.
    Unanswered,
    /// It happens, and its answer never comes.
    Silent,
    /// Nothing happens, and no answer ever comes.
    Hanging,
    /// It happens, and its answer is held up.
    Held(Hold),
}

/// Holds the answer of one call up.
#[derive(Debug, Clone, Default)]
pub struct Hold {
    reached: Arc<Notify>,
    released: Arc<Notify>,
}

impl Hold {
    /// Waits until the call has happened and its answer is held.
    pub fn reached(&self) -> impl Future<Output = ()> {
        self.reached.notified()
    }

    /// Lets the answer go.
    pub fn release(&self) {
        self.released.notify_one();
    }
}

/// Something that is done before every call, such as emptying the store.
pub type Prelude = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The plan of what goes wrong, shared by the ports that are wrapped with it.
#[derive(Default)]
pub struct Faults(Mutex<Plan>);

#[derive(Default)]
struct Plan {
    /// Calls so far.
    calls: usize,
    /// What strikes the call of this number.
    one: Option<(usize, Fault)>,
    /// What strikes one call of so many.
    some: Option<(usize, Fault)>,
    prelude: Option<Prelude>,
}

impl Faults {
    /// Nothing goes wrong as yet.
    #[must_use]
    pub fn none() -> Arc<Self> {
        Arc::default()
    }

    /// Strikes the call that comes after `skipped` others from now on.
    pub fn strike_one(&self, skipped: usize, fault: Fault) {
        let mut plan = self.plan();
        plan.one = Some((plan.calls + skipped, fault));
    }

    /// Strikes every call from now on.
    pub fn strike_all(&self, fault: Fault) {
        self.strike_every(1, fault);
    }

    /// Strikes one call of so many from now on.
    pub fn strike_every(&self, calls: usize, fault: Fault) {
        self.plan().some = Some((calls, fault));
    }

    /// Lets every call succeed from now on.
    pub fn heal(&self) {
        let mut plan = self.plan();
        (plan.one, plan.some) = (None, None);
    }

    /// Does something before every call from now on.
    pub fn before_every_call(&self, prelude: Prelude) {
        self.plan().prelude = Some(prelude);
    }

    /// How many calls there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.plan().calls
    }

    /// Whether the fault that was to strike one call has not struck yet.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.plan().one.is_some()
    }

    /// Makes a call as the plan says.
    async fn call<T>(&self, call: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
        let (fault, prelude) = self.next();
        if let Some(prelude) = prelude {
            prelude().await;
        }
        let unavailable = || StoreError::new(StoreErrorKind::Unavailable, "a fault on purpose");
        match fault {
            None => call.await,
            Some(Fault::Refused) => Err(unavailable()),
            Some(Fault::Unanswered) => call.await.and_then(|_| Err(unavailable())),
            Some(Fault::Silent) => {
                let _ = call.await;
                std::future::pending().await
            }
            Some(Fault::Hanging) => std::future::pending().await,
            Some(Fault::Held(hold)) => {
                let answer = call.await;
                hold.reached.notify_one();
                hold.released.notified().await;
                answer
            }
        }
    }

    fn next(&self) -> (Option<Fault>, Option<Prelude>) {
        let mut plan = self.plan();
        let this = plan.calls;
        plan.calls += 1;
        let struck = plan.one.take_if(|(number, _)| *number == this).map(|(_, fault)| fault);
        let some = plan.some.clone().filter(|(calls, _)| this.is_multiple_of(*calls));
        (struck.or(some.map(|(_, fault)| fault)), plan.prelude.clone())
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A port whose calls go wrong as a plan says.
pub struct Faulty<P: ?Sized> {
    port: Arc<P>,
    faults: Arc<Faults>,
}

impl<P: ?Sized> Faulty<P> {
    /// Wraps a port.
    #[must_use]
    pub fn wrap(port: &Arc<P>, faults: &Arc<Faults>) -> Arc<Self> {
        Arc::new(Self { port: Arc::clone(port), faults: Arc::clone(faults) })
    }
}
