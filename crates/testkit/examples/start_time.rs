//! How long does a test server take from `start()` to its first answer? Beside it a bare actix server, started
//! in turns in the same run. Prints medians and their ratio; fails at nothing.
//!
//!     cargo run --release --package archon-testkit --example start_time [ROUNDS]

#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_web::{App, HttpResponse, HttpServer, web};
use archon_testkit::{Client, TestServer};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let rounds = std::env::args().nth(1).map_or(Ok(50), |text| text.parse())?;
    let first = kit().await?;
    bare().await?;
    let (mut kits, mut starts, mut stops, mut bares) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let took = kit().await?;
        kits.push(took.answered);
        starts.push(took.started);
        stops.push(took.stopped);
        bares.push(bare().await?);
    }
    let (kit, bare) = (median(kits), median(bares));
    println!("first server of the process  {:>8.2} ms to its first answer", milliseconds(first.answered));
    println!("start() returns              {:>8.2} ms median of {rounds}", milliseconds(median(starts)));
    println!("first answer                 {:>8.2} ms median of {rounds}", milliseconds(kit));
    println!(
        "  a bare actix server        {:>8.2} ms; ratio {:.1}",
        milliseconds(bare),
        kit.div_duration_f64(bare)
    );
    println!("drop                         {:>8.2} ms median of {rounds}", milliseconds(median(stops)));
    Ok(())
}

/// What one test server took.
struct Took {
    started: Duration,
    answered: Duration,
    stopped: Duration,
}

async fn kit() -> anyhow::Result<Took> {
    let began = Instant::now();
    let server = TestServer::start().await?;
    let started = began.elapsed();
    let answer = server.client().get("/auth/health/live").await?;
    anyhow::ensure!(answer.status == 200, "{}", answer.text);
    let answered = began.elapsed();
    drop(server);
    Ok(Took { started, answered, stopped: began.elapsed() - answered })
}

/// The same with a server that does nothing, by as many workers.
async fn bare() -> anyhow::Result<Duration> {
    let began = Instant::now();
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = Client::new(format!("http://{}", listener.local_addr()?))?;
    let app = || App::new().route("/", web::get().to(HttpResponse::Ok));
    let server = HttpServer::new(app).workers(2).disable_signals().listen(listener)?.run();
    let handle = server.handle();
    let serving = tokio::spawn(server);
    let answer = client.get("/").await?;
    anyhow::ensure!(answer.status == 200, "{}", answer.text);
    let took = began.elapsed();
    handle.stop(false).await;
    serving.await??;
    Ok(took)
}

fn median(mut series: Vec<Duration>) -> Duration {
    series.sort_unstable();
    series.get(series.len() / 2).copied().unwrap_or_default()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
