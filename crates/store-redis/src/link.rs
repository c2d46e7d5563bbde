//! The connection to Redis: it is there or it is not, and only a probe makes it.

use std::sync::{Arc, PoisonError, RwLock};

use deadpool_redis::redis::{FromRedisValue, RedisError, Value};
use tokio::sync::Mutex;

use crate::facts::RedisFacts;
use crate::fault::Fault;
use crate::nodes::{Nodes, Reply, Request};
use crate::target::Target;

/// The connection to Redis, in one of two states.
///
/// Down: every call is refused at once. Up: calls go to connections that were made once. The first error that
/// tells of a lost connection, or of another master than the one that was connected, takes the link down. Up
/// again only [`Link::probe`] takes it. So nobody ever speaks to a Redis that has forgotten, or remembers an
/// older time, without having been refused before.
pub(crate) struct Link {
    target: Target,
    state: RwLock<State>,
    /// One probe at a time.
    turn: Mutex<()>,
}

enum State {
    Down(String),
    Up(Arc<Nodes>),
}

/// The link while it is up, for the requests of one call: all go over the same connections or fail.
pub(crate) struct Wire<'a> {
    link: &'a Link,
    nodes: Arc<Nodes>,
}

impl Link {
    pub(crate) fn new(target: Target) -> Self {
        let state = State::Down("Redis has not been connected to yet".to_owned());
        Self { target, state: RwLock::new(state), turn: Mutex::new(()) }
    }

    /// The link if it is up.
    pub(crate) fn wire(&self) -> Result<Wire<'_>, Fault> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Up(nodes) => Ok(Wire { link: self, nodes: Arc::clone(nodes) }),
            State::Down(cause) => Err(Fault::Down(format!("{cause}; only a probe connects again"))),
        }
    }

    pub(crate) fn is_up(&self) -> bool {
        matches!(&*self.state.read().unwrap_or_else(PoisonError::into_inner), State::Up(_))
    }

    /// Takes the link up if it is down; takes it down if the servers do not answer or cannot serve.
    pub(crate) async fn probe(&self) -> Result<Vec<RedisFacts>, Fault> {
        let _turn = self.turn.lock().await;
        if let Ok(wire) = self.wire() {
            // Whoever gives a probe up has found Redis silent: the next one makes a new connection.
            let mut given_up = GivenUp { wire: &wire, armed: true };
            let examined = wire.nodes.examine().await;
            given_up.armed = false;
            if let Err(fault) = &examined {
                wire.take_down(fault.to_string());
            }
            return examined;
        }
        match Nodes::connect(&self.target).await {
            Ok((nodes, facts)) => {
                self.set(State::Up(Arc::new(nodes)));
                Ok(facts)
            }
            Err(fault) => {
                self.set(State::Down(fault.to_string()));
                Err(fault)
            }
        }
    }

    fn set(&self, state: State) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

impl Wire<'_> {
    pub(crate) fn is_cluster(&self) -> bool {
        self.nodes.is_cluster()
    }

    /// Sends one request.
    pub(crate) async fn ask<T: FromRedisValue>(&self, request: Request) -> Result<T, Fault> {
        let [value] = self.ask_each([request]).await?;
        Ok(T::from_redis_value(value)?)
    }

    /// Sends so many requests at once; the first error is the answer to all.
    pub(crate) async fn ask_each<const N: usize>(&self, requests: [Request; N]) -> Result<[Value; N], Fault> {
        let values = self.ask_all(&requests).await?;
        values.try_into().map_err(|_| Fault::Answer("a reply is missing".to_owned()))
    }

    /// Sends requests at once, those to one node in order; the first error is the answer to all.
    pub(crate) async fn ask_all(&self, requests: &[Request]) -> Result<Vec<Value>, Fault> {
        let replies = self.send(requests).await;
        Ok(replies.into_iter().collect::<Result<_, RedisError>>()?)
    }

    /// Sends requests at once, those to one node in order.
    pub(crate) async fn send(&self, requests: &[Request]) -> Vec<Reply> {
        let replies = self.nodes.send(requests).await;
        let fatal =
            replies.iter().filter_map(|reply| reply.as_ref().err()).find(|e| Fault::breaks_connection(e));
        if let Some(error) = fatal {
            self.take_down(format!("the connection to Redis was lost: {error}"));
        }
        replies
    }

    /// Takes the link down, unless it is another one already.
    fn take_down(&self, cause: String) {
        let mut state = self.link.state.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*state, State::Up(nodes) if Arc::ptr_eq(nodes, &self.nodes)) {
            *state = State::Down(cause);
        }
    }
}

/// A probe that has not heard from Redis yet.
struct GivenUp<'a> {
    wire: &'a Wire<'a>,
    armed: bool,
}

impl Drop for GivenUp<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.wire.take_down("Redis was silent until a probe was given up".to_owned());
        }
    }
}
