//! That hashing takes the memory of its threads and no more, in a process of its own.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

use std::num::NonZeroUsize;

use archon_domain::Password;
use archon_domain::ports::PasswordHasher as _;
use archon_password_argon2::{Argon2Hasher, Argon2Parameters, PoolSettings};

/// The most memory in KiB that this process has ever held, as Linux tells it.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[tokio::test]
async fn sixty_passwords_at_once_take_the_memory_of_two() {
    let threads = NonZeroUsize::new(2).unwrap();
    let settings = PoolSettings { threads, ..PoolSettings::default() };
    let hasher = Argon2Hasher::new(Argon2Parameters::default(), settings).unwrap();
    let before = peak_kib();
    let password = Password::new("SecurePass123!");
    let mut hashes = Vec::new();
    for _ in 0..60 {
        hashes.push(hasher.hash(&password));
    }
    for hash in futures_joined(hashes).await {
        hash.unwrap();
    }
    // One hash for each caller would be 1,140 MiB; the two threads' memory was there before.
    let grown = peak_kib() - before;
    assert!(grown < 16 * 1024, "{grown} KiB more");
}

/// Polls all at once and returns when the last is done.
async fn futures_joined<F: Future + Unpin>(mut futures: Vec<F>) -> Vec<F::Output> {
    let mut outputs = Vec::new();
    std::future::poll_fn(|context| {
        futures.retain_mut(|future| match std::pin::Pin::new(future).poll(context) {
            std::task::Poll::Ready(output) => {
                outputs.push(output);
                false
            }
            std::task::Poll::Pending => true,
        });
        if futures.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
    outputs
}
