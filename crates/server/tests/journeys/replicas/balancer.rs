use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Hands connections to replicas in turn, and passes over those that do not accept.
pub(super) struct Balancer {
    address: SocketAddr,
    targets: Targets,
    accepting: JoinHandle<()>,
}

type Targets = Arc<Mutex<Vec<String>>>;

impl Balancer {
    pub(super) async fn start(targets: Vec<String>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let targets: Targets = Arc::new(Mutex::new(targets));
        let accepting = tokio::spawn(accept(listener, Arc::clone(&targets)));
        Ok(Self { address, targets, accepting })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Puts a replica in place of another.
    pub(super) fn replace(&self, number: usize, address: &str) {
        let mut targets = self.targets.lock().unwrap_or_else(PoisonError::into_inner);
        targets[number] = address.to_owned();
    }
}

impl Drop for Balancer {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, targets: Targets) {
    let turn = Arc::new(AtomicUsize::new(0));
    while let Ok((client, _)) = listener.accept().await {
        let (targets, turn) = (Arc::clone(&targets), Arc::clone(&turn));
        tokio::spawn(async move {
            let order = targets.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let first = turn.fetch_add(1, Ordering::Relaxed);
            for step in 0..order.len() {
                let target = &order[(first + step) % order.len()];
                if let Some(replica) = connect(target).await {
                    return forward(client, replica).await;
                }
            }
        });
    }
}

async fn connect(target: &str) -> Option<TcpStream> {
    tokio::time::timeout(Duration::from_secs(1), TcpStream::connect(target)).await.ok()?.ok()
}

/// Copies both ways until one side is gone; that it is gone is what the other side then notices.
async fn forward(mut client: TcpStream, mut replica: TcpStream) {
    let _ = (client.set_nodelay(true), replica.set_nodelay(true));
    let _ = tokio::io::copy_bidirectional(&mut client, &mut replica).await;
}
