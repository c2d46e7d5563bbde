//! The connected servers: one, or every master of a cluster.

use std::sync::atomic::{AtomicU16, Ordering};

use deadpool_redis::redis::aio::MultiplexedConnection;
use deadpool_redis::redis::{
    Cmd, ConnectionInfo, ErrorKind, FromRedisValue as _, Pipeline, RedisError, RedisResult, ServerErrorKind,
    Value, cmd,
};
use futures::future::{join_all, try_join_all};

use crate::facts::RedisFacts;
use crate::fault::Fault;
use crate::scripts;
use crate::slots::{SLOTS, slot};
use crate::target::{Target, node_name, to_node};

/// A command and the key that says which node has to do it.
#[derive(Clone)]
pub(crate) struct Request {
    key: String,
    command: Cmd,
}

impl Request {
    /// A command on one key, or on several of one slot.
    pub(crate) fn new(key: &str, command: Cmd) -> Self {
        Self { key: key.to_owned(), command }
    }
}

/// What Redis says to a request.
pub(crate) type Reply = RedisResult<Value>;

/// Connections to one server, or to every master of a cluster. They are made once and never made anew.
pub(crate) struct Nodes {
    /// At least one.
    nodes: Vec<Node>,
    /// Which of them has which slot; `None` when it is no cluster.
    owners: Option<Box<[AtomicU16]>>,
}

struct Node {
    /// `host:port`.
    name: String,
    connection: MultiplexedConnection,
}

/// Why a request was not carried out, and where it would be.
enum Elsewhere {
    /// The node has forgotten its scripts.
    Reload(usize),
    /// The slot is on this node now.
    Moved(usize),
    /// The slot is on its way to this node.
    Ask(usize),
}

impl Nodes {
    /// Connects to the first server of the target that answers, and to all masters if it is one of a cluster.
    pub(crate) async fn connect(target: &Target) -> Result<(Self, Vec<RedisFacts>), Fault> {
        let mut refusal = Fault::Down("the Redis URL names no server".to_owned());
        for seed in target.seeds() {
            match Self::connect_by(target, seed).await {
                Ok(connected) => return Ok(connected),
                Err(fault) => refusal = fault,
            }
        }
        Err(refusal)
    }

    async fn connect_by(target: &Target, seed: &ConnectionInfo) -> Result<(Self, Vec<RedisFacts>), Fault> {
        let mut connection = target.connect(seed).await?;
        let facts = RedisFacts::ask(&mut connection).await?;
        if !facts.cluster && (target.must_be_cluster || target.has_several_seeds()) {
            return Err(Fault::Unfit(format!(
                "the Redis URL is that of a cluster, but {} is not in cluster mode: set cluster-enabled yes \
                 there, or name one server by redis:// or rediss://",
                node_name(seed)
            )));
        }
        let nodes = if facts.cluster {
            Self::of_cluster(target, seed, connection).await?
        } else {
            Self { nodes: vec![Node { name: node_name(seed), connection }], owners: None }
        };
        let facts = nodes.examine().await?;
        for index in 0..nodes.nodes.len() {
            nodes.load_scripts_on(index).await?;
        }
        Ok((nodes, facts))
    }

    async fn of_cluster(
        target: &Target,
        seed: &ConnectionInfo,
        mut connection: MultiplexedConnection,
    ) -> Result<Self, Fault> {
        type Master = (Option<String>, u16);
        let ranges: Vec<(u16, u16, Value)> = cmd("CLUSTER").arg("SLOTS").query_async(&mut connection).await?;
        let owners: Box<[AtomicU16]> = (0..SLOTS).map(|_| AtomicU16::new(u16::MAX)).collect();
        let mut infos: Vec<ConnectionInfo> = Vec::new();
        for (first, last, master) in ranges {
            let (host, port) = match master {
                Value::Array(mut parts) if parts.len() >= 2 => {
                    parts.truncate(2);
                    Master::from_redis_value(Value::Array(parts))?
                }
                _ => return Err(Fault::Answer("CLUSTER SLOTS names no master".to_owned())),
            };
            let info = to_node(seed, host.as_deref().unwrap_or_default(), port)?;
            let known = infos.iter().position(|known| known.addr() == info.addr());
            let index = known.unwrap_or(infos.len());
            if known.is_none() {
                infos.push(info);
            }
            for owner in owners.get(usize::from(first)..=usize::from(last)).unwrap_or_default() {
                owner.store(u16::try_from(index).unwrap_or(u16::MAX), Ordering::Relaxed);
            }
        }
        if infos.is_empty() {
            return Err(Fault::Unfit("the Redis Cluster has given no slots to its nodes".to_owned()));
        }
        let nodes = try_join_all(infos.iter().map(async |info| {
            let connection = target.connect(info).await?;
            Ok::<_, RedisError>(Node { name: node_name(info), connection })
        }));
        Ok(Self { nodes: nodes.await?, owners: Some(owners) })
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.owners.is_some()
    }

    /// What each server says of itself; an error if one of them cannot serve.
    pub(crate) async fn examine(&self) -> Result<Vec<RedisFacts>, Fault> {
        let asked = self.nodes.iter().map(async |node| {
            let mut connection = node.connection.clone();
            let facts = RedisFacts::ask(&mut connection).await?;
            if facts.cluster {
                RedisFacts::cluster_fitness(&mut connection).await?;
            }
            facts.fitness().map_err(|text| Fault::Unfit(format!("{}: {text}", node.name)))?;
            Ok(facts)
        });
        try_join_all(asked).await
    }

    async fn load_scripts_on(&self, index: usize) -> RedisResult<()> {
        let mut pipeline = Pipeline::new();
        for command in scripts::load_all() {
            pipeline.add_command(command).ignore();
        }
        pipeline.query_async(&mut self.nodes[index].connection.clone()).await
    }

    /// Sends requests, in order to each node, to all nodes at once, and gives the replies in the requests' order.
    ///
    /// Repeats once what a node has refused before it did anything: because it has forgotten its scripts, or the
    /// slot is on another node that is connected. Nothing else is ever repeated.
    pub(crate) async fn send(&self, requests: &[Request]) -> Vec<Reply> {
        let owners: Vec<_> = requests.iter().map(|request| self.owner(request)).collect();
        let mut replies = self.send_to(requests, &owners).await;
        for (request, reply) in requests.iter().zip(&mut replies) {
            let Err(error) = reply else { continue };
            match self.elsewhere(request, error) {
                Some(place) => *reply = self.repeat(request, place).await,
                None => continue,
            }
        }
        replies
    }

    fn owner(&self, request: &Request) -> usize {
        let owner = self.owners.as_ref().map(|owners| &owners[usize::from(slot(request.key.as_bytes()))]);
        let owner = owner.map_or(0, |owner| usize::from(owner.load(Ordering::Relaxed)));
        // A slot that nobody has: any node will say so.
        if owner < self.nodes.len() { owner } else { 0 }
    }

    async fn send_to(&self, requests: &[Request], owners: &[usize]) -> Vec<Reply> {
        if let ([request], [owner]) = (requests, owners) {
            return vec![self.send_one(*owner, &request.command).await];
        }
        let batches = (0..self.nodes.len()).map(async |node| {
            let mine: Vec<usize> = (0..requests.len()).filter(|index| owners[*index] == node).collect();
            let mut pipeline = Pipeline::with_capacity(mine.len());
            for index in &mine {
                pipeline.add_command(requests[*index].command.clone());
            }
            let replies = self.send_batch(node, &pipeline).await;
            mine.into_iter().zip(replies).collect::<Vec<_>>()
        });
        let mut replies: Vec<_> = join_all(batches).await.into_iter().flatten().collect();
        replies.sort_by_key(|(index, _)| *index);
        replies.into_iter().map(|(_, reply)| reply).collect()
    }

    async fn send_one(&self, node: usize, command: &Cmd) -> Reply {
        self.nodes[node].connection.clone().send_packed_command(command).await?.extract_error()
    }

    async fn send_batch(&self, node: usize, pipeline: &Pipeline) -> Vec<Reply> {
        if pipeline.is_empty() {
            return Vec::new();
        }
        let sent =
            self.nodes[node].connection.clone().send_packed_commands(pipeline, 0, pipeline.len()).await;
        match sent {
            Ok(values) => values.into_iter().map(Value::extract_error).collect(),
            Err(error) => std::iter::repeat_with(|| Err(error.clone())).take(pipeline.len()).collect(),
        }
    }

    fn elsewhere(&self, request: &Request, error: &RedisError) -> Option<Elsewhere> {
        let ErrorKind::Server(kind) = error.kind() else { return None };
        if kind == ServerErrorKind::NoScript {
            return Some(Elsewhere::Reload(self.owner(request)));
        }
        let (name, _) = error.redirect_node()?;
        let node = self.nodes.iter().position(|node| node.name == name)?;
        match kind {
            ServerErrorKind::Moved => Some(Elsewhere::Moved(node)),
            ServerErrorKind::Ask => Some(Elsewhere::Ask(node)),
            _ => None,
        }
    }

    async fn repeat(&self, request: &Request, place: Elsewhere) -> Reply {
        match place {
            Elsewhere::Reload(node) => {
                self.load_scripts_on(node).await?;
                self.send_one(node, &request.command).await
            }
            Elsewhere::Moved(node) => {
                if let (Some(owners), Ok(index)) = (&self.owners, u16::try_from(node)) {
                    owners[usize::from(slot(request.key.as_bytes()))].store(index, Ordering::Relaxed);
                }
                self.send_one(node, &request.command).await
            }
            Elsewhere::Ask(node) => {
                let mut pipeline = Pipeline::new();
                pipeline.cmd("ASKING").add_command(request.command.clone());
                let mut replies = self.send_batch(node, &pipeline).await;
                replies.pop().unwrap_or(Ok(Value::Nil))
            }
        }
    }
}
