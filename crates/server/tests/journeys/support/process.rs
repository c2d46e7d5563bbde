//! A process that does not outlive its test.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

/// Long enough for a machine that builds something else at the same time.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running process, killed and waited for when dropped, so also when its test panics.
pub(crate) struct Process {
    child: Child,
    log: Arc<Log>,
}

/// What a process has written.
#[derive(Default)]
struct Log {
    written: Mutex<Written>,
    changed: Condvar,
}

#[derive(Default)]
struct Written {
    lines: Vec<String>,
    ended: bool,
}

impl Process {
    /// Starts a process and listens to its standard error.
    pub(crate) fn spawn(command: &mut Command) -> anyhow::Result<Self> {
        Self::listen(command.stdout(Stdio::null()).stderr(Stdio::piped()), |child| child.stderr.take())
    }

    /// Starts a process and listens to what it prints.
    pub(crate) fn spawn_printing(command: &mut Command) -> anyhow::Result<Self> {
        Self::listen(command.stdout(Stdio::piped()), |child| child.stdout.take())
    }

    fn listen<R: Read + Send + 'static>(
        command: &mut Command,
        output: impl FnOnce(&mut Child) -> Option<R>,
    ) -> anyhow::Result<Self> {
        let spawned = command.stdin(Stdio::null()).spawn();
        let mut child = spawned.with_context(|| format!("{command:?} cannot be started"))?;
        let log = Arc::new(Log::default());
        if let Some(output) = output(&mut child) {
            let log = Arc::clone(&log);
            thread::spawn(move || {
                for line in BufReader::new(output).lines().map_while(Result::ok) {
                    log.lock().lines.push(line);
                    log.changed.notify_all();
                }
                log.lock().ended = true;
                log.changed.notify_all();
            });
        }
        Ok(Self { child, log })
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The first line, of those to come as well, of which `read` makes something.
    pub(crate) fn line<T>(&self, what: &str, read: impl Fn(&str) -> Option<T>) -> anyhow::Result<T> {
        let deadline = Instant::now() + PATIENCE;
        let mut written = self.log.lock();
        let mut seen = 0;
        loop {
            if let Some(found) = written.lines[seen..].iter().find_map(|line| read(line)) {
                return Ok(found);
            }
            seen = written.lines.len();
            let left = deadline.saturating_duration_since(Instant::now());
            if written.ended || left.is_zero() {
                bail!("the process never said {what}; it said:\n{}", written.lines.join("\n"));
            }
            written = match self.log.changed.wait_timeout(written, left) {
                Ok((guard, _)) => guard,
                Err(poisoned) => poisoned.into_inner().0,
            };
        }
    }

    /// Every line so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.log.lock().lines.clone()
    }

    /// Sends a signal such as `TERM`.
    pub(crate) fn signal(&self, name: &str) -> anyhow::Result<()> {
        // The shell's own kill: there is no safe system call for it, and not everywhere a program.
        let arguments = ["-c", "kill -s \"$0\" \"$1\"", name, &self.id().to_string()];
        let status = Command::new("sh").args(arguments).status().context("sh cannot be started")?;
        anyhow::ensure!(status.success(), "the signal {name} was not sent");
        Ok(())
    }

    /// Ends the process as a power cut would.
    pub(crate) fn kill_hard(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }

    /// Waits for the process to end by itself.
    pub(crate) fn wait(&mut self) -> anyhow::Result<ExitStatus> {
        let Self { child, log } = self;
        until("the process ends", || Ok(child.try_wait()?))
            .with_context(|| format!("it said:\n{}", log.lock().lines.join("\n")))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill_hard();
    }
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Written> {
        self.written.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks again and again until there is an answer, for things that nobody announces.
pub(crate) fn until<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        anyhow::ensure!(Instant::now() < deadline, "waited {} s in vain until {what}", PATIENCE.as_secs());
        thread::sleep(Duration::from_millis(10));
    }
}
