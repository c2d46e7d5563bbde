//! A test server for suites in other languages: the service on one port, its control on another.
//!
//! Never for production: whoever reaches the control owns the service.

mod arguments;
mod control;

use std::io::Write as _;

use anyhow::Context as _;
use archon_server::http;
use clap::Parser as _;
use serde_json::json;
use tokio::signal::unix::{SignalKind, signal};

use arguments::Arguments;
use control::Control;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    if !arguments.is_private() {
        eprintln!(
            "archon-testkit: WARNING: {} lets others than this machine in, and whoever reaches the control port \
             owns the service: for a network of test containers, never in production",
            arguments.host
        );
    }
    let listener = http::bind(&arguments.host, arguments.control_port, "--control-port")?;
    let control_url = format!("http://{}", http::address(&listener)?);
    let builder = arguments.builder()?;
    let control = Control::new(builder.clone(), builder.start().await?);
    let described = control.describe().await?;
    let server = control::serve(control.clone(), listener)?;
    let handle = server.handle();
    let serving = tokio::spawn(server);

    // One line for the harness that has started this, which may have asked for any free ports.
    let ready =
        json!({"base_url": described["base_url"], "control_url": control_url, "seed": described["seed"]});
    writeln!(std::io::stdout(), "{ready}").context("standard output is closed")?;

    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    handle.stop(false).await;
    serving.await.context("the control ended badly")??;
    control.close().await;
    Ok(())
}
