//! A hundred servers one after another leave no thread, file descriptor or port behind. Alone in its file:
//! it counts what the whole process holds.

use std::fs;
use std::net::TcpListener;
use std::time::Duration;

use archon_testkit::TestServer;

const SERVERS: usize = 100;

/// Long enough for a machine that builds something else at the same time.
const PATIENCE: Duration = Duration::from_secs(30);

fn entries(folder: &str) -> usize {
    fs::read_dir(folder).map_or(0, Iterator::count)
}

/// Threads and file descriptors of this process.
fn held() -> (usize, usize) {
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

/// Starts a server, uses it, and says where it was.
async fn used() -> anyhow::Result<String> {
    let server = TestServer::start().await?;
    server.register("ada@example.com").await?;
    Ok(server.base_url().trim_start_matches("http://").to_owned())
}

#[tokio::test]
async fn a_hundred_servers_leave_nothing_behind() -> anyhow::Result<()> {
    // What a first server makes for the whole process, such as pools of a library, stays.
    used().await?;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let before = held();
    for _ in 0..SERVERS {
        let address = used().await?;
        // Nobody listens there any more, and nobody has to wait before he does.
        drop(TcpListener::bind(&address)?);
    }
    // The kernel and the web server's threads take a moment to be gone after nobody needs them.
    let waiting = async {
        while held().0 > before.0 || held().1 > before.1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, waiting).await;
    anyhow::ensure!(waited.is_ok(), "before (threads, descriptors): {before:?}; after: {:?}", held());
    Ok(())
}
