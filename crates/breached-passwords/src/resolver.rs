use std::net::ToSocketAddrs as _;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

/// The machine's own resolver, on a bounded number of threads.
///
/// A look-up that has passed its deadline leaves its thread behind until the name servers are given up, which
/// may take half a minute. Without a bound these would come to fill the pool of threads.
pub(crate) struct BoundedResolver(Arc<Semaphore>);

impl BoundedResolver {
    pub(crate) fn new(threads: usize) -> Self {
        Self(Arc::new(Semaphore::new(threads)))
    }
}

impl Resolve for BoundedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let place = Arc::clone(&self.0).try_acquire_owned();
        Box::pin(async move {
            let place = place.map_err(|_| "all threads wait for the name servers already")?;
            let resolved = spawn_blocking(move || {
                // The port is set by the caller.
                let addresses = (name.as_str(), 0).to_socket_addrs();
                drop(place);
                addresses
            });
            let addresses: Addrs = Box::new(resolved.await??);
            Ok(addresses)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn names_are_resolved_and_only_so_many_at_a_time() {
        let resolver = BoundedResolver::new(1);
        let first = resolver.resolve("localhost".parse().unwrap());
        let second = resolver.resolve("localhost".parse().unwrap());
        let Err(refused) = second.await else { panic!("there was one thread") };
        assert_eq!(refused.to_string(), "all threads wait for the name servers already");
        assert!(first.await.unwrap().all(|address| address.ip().is_loopback()));
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_ok(), "the thread is free again");
    }
}
