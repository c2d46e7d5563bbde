use std::future::Future;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::mpsc;
use std::task::{Context, Poll, Waker};

use archon_domain::ports::{HashError, PasswordCheck, PasswordHasher as _};
use archon_domain::{Password, PasswordHash};

use crate::{Argon2Hasher, Argon2Parameters, PoolSettings};

const SMALL: Argon2Parameters = Argon2Parameters { memory_kib: 64, iterations: 1, lanes: 1 };

fn hasher(threads: usize, queue: usize) -> Argon2Hasher {
    let [threads, queue] = [threads, queue].map(|number| NonZeroUsize::new(number).unwrap());
    Argon2Hasher::new(SMALL, PoolSettings { threads, queue }).unwrap()
}

fn password() -> Password {
    Password::new("SecurePass123!")
}

/// A job that holds its thread until it is told to go on.
fn block_a_thread(hasher: &Argon2Hasher) -> (impl Future<Output = Result<(), HashError>>, mpsc::Sender<()>) {
    let (go_on, wait) = mpsc::channel::<()>();
    let job = hasher.pool().run(move |_| {
        wait.recv().ok();
        Ok(())
    });
    (job, go_on)
}

fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

/// Returns when every job that waited was given to a thread.
async fn until_nothing_waits(hasher: &Argon2Hasher) {
    while hasher.pool().waiting() > 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_password_is_right_for_its_hash_and_for_no_other() {
    let hasher = hasher(2, 8);
    let hash = hasher.hash(&password()).await.unwrap();
    assert!(hash.expose().starts_with("$argon2id$v=19$m=64,t=1,p=1$"), "{}", hash.expose());
    assert_eq!(hasher.verify(&password(), Some(&hash)).await.unwrap(), PasswordCheck::Right);
    let other = Password::new("SecurePass123?");
    assert_eq!(hasher.verify(&other, Some(&hash)).await.unwrap(), PasswordCheck::Wrong);
    assert_ne!(hasher.hash(&password()).await.unwrap(), hash, "every hash has a salt of its own");
}

#[tokio::test]
async fn an_unknown_user_costs_a_hash_too() {
    let hasher = hasher(1, 8);
    assert_eq!(hasher.verify(&password(), None).await.unwrap(), PasswordCheck::Wrong);
    assert_eq!(hasher.hashes_done(), 1);
}

#[tokio::test]
async fn hashes_of_another_implementation_are_understood() {
    // Made with Python's argon2-cffi 25.1.0 (the C reference code).
    let hasher = Argon2Hasher::new(Argon2Parameters::default(), PoolSettings::default()).unwrap();
    let today = PasswordHash::new(include_str!("../tests/vectors/argon2id_today.txt").trim());
    assert_eq!(hasher.verify(&password(), Some(&today)).await.unwrap(), PasswordCheck::Right);
    let older = [
        include_str!("../tests/vectors/argon2id_larger.txt"),
        include_str!("../tests/vectors/argon2i.txt"),
        include_str!("../tests/vectors/argon2d.txt"),
        include_str!("../tests/vectors/argon2id_v16.txt"),
        include_str!("../tests/vectors/argon2id_short.txt"),
    ];
    for text in older {
        let stored = PasswordHash::new(text.trim());
        let check = hasher.verify(&password(), Some(&stored)).await.unwrap();
        let PasswordCheck::RightAndUpgraded(upgraded) = check else { panic!("{text}: {check:?}") };
        assert!(upgraded.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
        assert_eq!(hasher.verify(&password(), Some(&upgraded)).await.unwrap(), PasswordCheck::Right);
        let wrong = hasher.verify(&Password::new("wrong"), Some(&stored)).await.unwrap();
        assert_eq!(wrong, PasswordCheck::Wrong, "a wrong password upgrades nothing");
    }
}

#[tokio::test]
async fn a_hash_that_cannot_be_read_is_an_error_and_no_panic() {
    let hasher = hasher(1, 8);
    let whole = hasher.hash(&password()).await.unwrap();
    let whole = whole.expose();
    let salt_and_output = &whole["$argon2id$v=19$m=64,t=1,p=1".len()..];
    let mut unreadable: Vec<String> = vec![
        "$".into(),
        "garbage".into(),
        "$2b$12$abcdefghijklmnopqrstuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuuu".into(),
        format!("$argon2id$v=19{salt_and_output}"),
        format!("$argon2id$v=18$m=64,t=1,p=1{salt_and_output}"),
        format!("$argon2id$v=19$m=4,t=1,p=1{salt_and_output}"),
        format!("$argon2id$v=19$m=1048577,t=1,p=1{salt_and_output}"),
        format!("$argon2id$v=19$m=1048576,t=4294967295,p=1{salt_and_output}"),
        format!("$argon2id$v=19$m=64,t=0,p=1{salt_and_output}"),
        format!("$argon2id$v=19$m=64,t=1,p=536870913{salt_and_output}"),
        format!("$argon2id$v=19$m=64,t=1,p=4294967295{salt_and_output}"),
    ];
    // Up to the output; a shortened output may still be the spelling of a shorter hash.
    let output_begins = whole.rfind('$').unwrap();
    unreadable.extend((0..=output_begins).map(|end| whole[..end].to_owned()));
    for text in unreadable {
        let outcome = hasher.verify(&password(), Some(&PasswordHash::new(&*text))).await;
        assert!(matches!(outcome, Err(HashError::UnreadableHash)), "{text}: {outcome:?}");
    }
    for end in output_begins + 1..whole.len() {
        let outcome = hasher.verify(&password(), Some(&PasswordHash::new(&whole[..end]))).await;
        assert!(!outcome.is_ok_and(|check| check.is_right()), "{}", &whole[..end]);
    }
}

#[tokio::test]
async fn a_full_queue_answers_at_once_and_recovers() {
    let hasher = hasher(1, 2);
    let (blocked, go_on) = block_a_thread(&hasher);
    let mut blocked = pin!(blocked);
    assert!(poll(blocked.as_mut()).is_pending());
    until_nothing_waits(&hasher).await;
    let password = password();
    let mut first = pin!(hasher.hash(&password));
    let mut second = pin!(hasher.verify(&password, None));
    assert!(poll(first.as_mut()).is_pending());
    assert!(poll(second.as_mut()).is_pending());
    // Answered by the first poll: nothing was waited for, though the thread is busy.
    let mut third = pin!(hasher.hash(&password));
    assert!(matches!(poll(third.as_mut()), Poll::Ready(Err(HashError::Overloaded))));
    go_on.send(()).unwrap();
    blocked.await.unwrap();
    assert!(first.await.is_ok() && second.await.is_ok());
    assert!(hasher.hash(&password).await.is_ok());
}

#[tokio::test]
async fn callers_that_have_gone_away_are_skipped_and_keep_nobody_out() {
    let hasher = hasher(1, 1);
    let (blocked, go_on) = block_a_thread(&hasher);
    let mut blocked = pin!(blocked);
    assert!(poll(blocked.as_mut()).is_pending());
    until_nothing_waits(&hasher).await;
    let password = password();
    {
        let mut gone = Box::pin(hasher.hash(&password));
        assert!(poll(gone.as_mut()).is_pending());
    }
    let mut patient = pin!(hasher.hash(&password));
    assert!(poll(patient.as_mut()).is_pending(), "the place of who has gone is free");
    go_on.send(()).unwrap();
    patient.await.unwrap();
    assert_eq!(hasher.hashes_done(), 2, "the blocking job and the patient caller's");
}

#[tokio::test]
async fn a_panic_costs_no_thread_and_is_told() {
    let hasher = hasher(1, 4);
    let outcome = hasher.pool().run::<()>(|_| panic!("on purpose")).await;
    assert!(matches!(outcome, Err(HashError::Failed(_))));
    assert!(hasher.hash(&password()).await.is_ok());
}

#[tokio::test]
async fn threads_stop_when_the_hasher_is_dropped() {
    let hasher = hasher(1, 4);
    let (holder, receiver) = mpsc::channel::<()>();
    {
        let (blocked, go_on) = block_a_thread(&hasher);
        let mut blocked = Box::pin(blocked);
        assert!(poll(blocked.as_mut()).is_pending());
        let mut waits =
            Box::pin(hasher.pool().run(move |_| holder.send(()).map_err(|_| HashError::Overloaded)));
        assert!(poll(waits.as_mut()).is_pending());
        drop(waits);
        go_on.send(()).unwrap();
        blocked.await.unwrap();
    }
    drop(hasher);
    assert!(receiver.recv().is_err(), "every job is gone, and the threads with them");
}

#[test]
fn parameters_out_of_range_are_refused() {
    let with = |memory_kib, iterations, lanes| {
        let parameters = Argon2Parameters { memory_kib, iterations, lanes };
        Argon2Hasher::new(parameters, PoolSettings { threads: NonZeroUsize::MIN, queue: NonZeroUsize::MIN })
    };
    for (memory, iterations, lanes) in
        [(7, 1, 1), (64, 0, 1), (64, 1, 0), (64, 1, 9), (2_000_000, 1, 1), (64, 1, u32::MAX)]
    {
        assert!(with(memory, iterations, lanes).is_err(), "m={memory} t={iterations} p={lanes}");
    }
    assert!(with(64, 1, 8).is_ok());
}
