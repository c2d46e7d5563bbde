use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use archon_domain::ports::HashError;
use tokio::sync::oneshot;

use crate::memory::Memory;
use crate::parameters::PoolSettings;

/// Work for a thread.
trait Job: Send {
    /// Whether nobody waits for the outcome any more.
    fn is_abandoned(&self) -> bool;
    /// Does the work, counts it and answers.
    fn run(self: Box<Self>, memory: &mut Memory, done: &AtomicU64);
}

/// A [`Job`] and where its outcome goes.
struct Task<T, F> {
    work: F,
    answer: oneshot::Sender<Result<T, HashError>>,
}

impl<T, F> Job for Task<T, F>
where
    T: Send,
    F: FnOnce(&mut Memory) -> Result<T, HashError> + Send,
{
    fn is_abandoned(&self) -> bool {
        self.answer.is_closed()
    }

    fn run(self: Box<Self>, memory: &mut Memory, done: &AtomicU64) {
        let result = (self.work)(memory);
        done.fetch_add(1, Ordering::Relaxed);
        // The caller may have gone away while the hash was made.
        let _ = self.answer.send(result);
    }
}

/// Threads that hash, and the passwords that wait for them.
pub(crate) struct Pool {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
    capacity: usize,
    done: AtomicU64,
}

#[derive(Default)]
struct Queue {
    /// What waits, and since when.
    waiting: VecDeque<(Instant, Box<dyn Job>)>,
    closed: bool,
}

impl Pool {
    /// Starts the threads, each with `blocks` KiB of memory.
    pub(crate) fn start(settings: PoolSettings, blocks: usize) -> Result<Self, HashError> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            work: Condvar::new(),
            capacity: settings.queue.get(),
            done: AtomicU64::new(0),
        });
        #[expect(clippy::cast_precision_loss, reason = "no machine has that many cores")]
        metrics::gauge!("archon_hash_threads").set(settings.threads.get() as f64);
        #[expect(clippy::cast_precision_loss, reason = "a queue is never that long")]
        metrics::gauge!("archon_hash_queue_capacity").set(settings.queue.get() as f64);
        let mut pool = Self { shared, threads: Vec::new() };
        for number in 0..settings.threads.get() {
            let shared = Arc::clone(&pool.shared);
            let mut memory = Memory::new(blocks)?;
            let thread = thread::Builder::new()
                .name(format!("hash-{number}"))
                .spawn(move || shared.serve(&mut memory))
                .map_err(|error| HashError::Failed(format!("no thread for hashing: {error}")))?;
            pool.threads.push(thread);
        }
        Ok(pool)
    }

    /// Runs `work` on a thread; [`HashError::Overloaded`] at once when the queue is full.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Memory) -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let (answer, outcome) = oneshot::channel();
        self.shared.push(Box::new(Task { work, answer }))?;
        outcome
            .await
            .unwrap_or_else(|_| Err(HashError::Failed("the hashing threads have stopped".to_owned())))
    }

    /// How many jobs were run to their end.
    pub(crate) fn done(&self) -> u64 {
        self.shared.done.load(Ordering::Relaxed)
    }

    /// How many jobs wait for a thread.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        lock(&self.shared.queue).waiting.len()
    }
}

impl Drop for Pool {
    /// Drops what waits and stops the threads; takes as long as the hashes that are being made.
    fn drop(&mut self) {
        {
            let mut queue = lock(&self.shared.queue);
            queue.closed = true;
            queue.waiting.clear();
        }
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A thread that panicked has stopped as well.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn push(&self, job: Box<dyn Job>) -> Result<(), HashError> {
        let mut queue = lock(&self.queue);
        if queue.waiting.len() >= self.capacity {
            // Who has gone away keeps nobody else out.
            queue.waiting.retain(|(_, job)| !job.is_abandoned());
        }
        if queue.waiting.len() >= self.capacity {
            metrics::counter!("archon_hash_rejected_total").increment(1);
            return Err(HashError::Overloaded);
        }
        queue.waiting.push_back((Instant::now(), job));
        report_depth(&queue);
        drop(queue);
        self.work.notify_one();
        Ok(())
    }

    /// The life of a thread: until the pool is closed, runs what nobody has abandoned.
    fn serve(&self, memory: &mut Memory) {
        while let Some(job) = self.next() {
            if job.is_abandoned() {
                continue;
            }
            let begun = Instant::now();
            // A panic in a library must not cost the pool a thread; the caller is told by the dropped answer.
            let _ = catch_unwind(AssertUnwindSafe(|| job.run(memory, &self.done)));
            metrics::histogram!("archon_hash_seconds").record(begun.elapsed().as_secs_f64());
        }
    }

    fn next(&self) -> Option<Box<dyn Job>> {
        let mut queue = lock(&self.queue);
        loop {
            if queue.closed {
                return None;
            }
            if let Some((since, job)) = queue.waiting.pop_front() {
                report_depth(&queue);
                metrics::histogram!("archon_hash_wait_seconds").record(since.elapsed().as_secs_f64());
                return Some(job);
            }
            queue = self.work.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

fn report_depth(queue: &Queue) {
    #[expect(clippy::cast_precision_loss, reason = "a queue is never that long")]
    metrics::gauge!("archon_hash_queue_depth").set(queue.waiting.len() as f64);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
