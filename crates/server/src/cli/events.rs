use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use archon_app::{ChainReport, event_document, verify_chain};
use archon_domain::ports::EventLog;
use archon_domain::{Break, ChainLink, EventFilter, EventId, EventKind, Instant, SecurityEvent, UserId};
use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::print;
use crate::Surroundings;
use crate::config::Settings;
use crate::wire;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the latest security events, the oldest first.
    Tail(Tail),
    /// Verify that no security event was changed, removed or slipped in; exit status 1 when one was.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(super) struct Tail {
    /// Go on showing events as they come, until interrupted.
    #[arg(long)]
    follow: bool,
    /// Only events of this type, such as login_failed; may come again.
    #[arg(long = "type", value_name = "TYPE")]
    kinds: Vec<EventKind>,
    /// Only events of this user.
    #[arg(long, value_name = "ID")]
    user: Option<UserId>,
    /// Only events from this address.
    #[arg(long, value_name = "ADDRESS")]
    address: Option<IpAddr>,
    /// Most events to show, besides those that are followed.
    #[arg(long, value_name = "COUNT", default_value_t = 20)]
    limit: u32,
    /// Print one JSON object per line.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
pub(super) struct Verify {
    /// A head that an earlier run or the service's log has shown: finds a chain that was rewritten whole.
    #[arg(long, value_name = "SEQUENCE:DIGEST")]
    expect: Option<ChainLink>,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Command {
    pub(super) async fn run(
        self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> anyhow::Result<ExitCode> {
        let log = wire::events(settings, surroundings).await?;
        match self {
            Self::Tail(tail) => tail.run(&*log).await,
            Self::Verify(verify) => verify.run(&*log).await,
        }
    }
}

impl Tail {
    /// How often new events are looked for.
    const LOOK: Duration = Duration::from_secs(1);

    /// Most events read at once.
    const PAGE: u32 = 1000;

    async fn run(self, log: &dyn EventLog) -> anyhow::Result<ExitCode> {
        let filter = EventFilter {
            kinds: self.kinds.clone(),
            user: self.user,
            address: self.address,
            ..EventFilter::default()
        };
        // Asked first, so that nothing falls between the latest events and those that are followed.
        let reached = log.chain_ends().await?.head.sequence;
        let mut latest = log.search(&filter, None, self.limit).await?;
        latest.reverse();
        latest.iter().try_for_each(|event| self.show(event))?;
        if self.follow {
            let shown = latest.iter().map(|event| event.id).collect();
            self.follow(log, &filter, reached, shown).await?;
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Shows events as they come, but for those that were shown.
    async fn follow(
        &self,
        log: &dyn EventLog,
        filter: &EventFilter,
        mut reached: u64,
        shown: Vec<EventId>,
    ) -> anyhow::Result<()> {
        loop {
            let page = log.chain(reached, Self::PAGE).await?;
            reached = page.last().map_or(reached, |entry| entry.sequence);
            let is_whole = page.len() == Self::PAGE as usize;
            for entry in page.into_iter().filter(|entry| !shown.contains(&entry.id)) {
                let event = SecurityEvent::try_from(entry.event)?;
                if filter.admits(&event) {
                    self.show(&event)?;
                }
            }
            if !is_whole {
                tokio::time::sleep(Self::LOOK).await;
            }
        }
    }

    fn show(&self, event: &SecurityEvent) -> anyhow::Result<()> {
        if self.json { print(&event_document(event).to_string()) } else { print(&line(event)) }
    }
}

impl Verify {
    async fn run(self, log: &dyn EventLog) -> anyhow::Result<ExitCode> {
        let report = verify_chain(log, self.expect).await?;
        if self.json {
            print(&document(&report).to_string())?;
        } else {
            explain(&report)?;
        }
        Ok(if report.broken.is_none() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}

fn explain(report: &ChainReport) -> anyhow::Result<()> {
    let ChainReport { ends, broken, verified } = report;
    match broken {
        None => print(&format!("{verified} events are as they were recorded; the head is {}", ends.head))?,
        Some(broken) => {
            print(&format!("the log was tampered with: {broken}; {verified} events before are in order"))?
        }
    }
    if ends.anchor.sequence > 0 {
        print(&format!("events up to {} were forgotten, as retention says", ends.anchor.sequence))?;
    }
    if ends.outside > 0 {
        print(&format!("{} events stand outside of the chain: nothing vouches for them", ends.outside))?;
    }
    Ok(())
}

fn document(report: &ChainReport) -> Value {
    let ChainReport { ends, broken, verified } = report;
    json!({
        "whole": broken.is_none(),
        "verified": verified,
        "anchor": ends.anchor.to_string(),
        "head": ends.head.to_string(),
        "outside": ends.outside,
        "broken": broken.as_ref().map(break_document),
    })
}

fn break_document(broken: &Break) -> Value {
    let (kind, sequence, id) = match broken {
        Break::Missing { sequence } => ("missing", *sequence, None),
        Break::Changed { sequence, id } => ("changed", *sequence, Some(id)),
        Break::Extra { sequence, id } => ("extra", *sequence, Some(id)),
        Break::HeadMoved { found } => ("head_moved", found.sequence, None),
        Break::Rewritten { expected, .. } => ("rewritten", expected.sequence, None),
    };
    json!({"kind": kind, "sequence": sequence, "event": id, "message": broken.to_string()})
}

/// An event in one line; nothing in it can move the cursor of a terminal.
fn line(event: &SecurityEvent) -> String {
    let mut line = format!("{}  {:<8}  {:<24}", time(event.at), event.severity.as_str(), event.kind.as_str());
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(" {name}={value}"));
        }
    };
    add("user", event.user.map(|user| user.to_string()));
    add("address", event.address.map(|address| address.to_string()));
    add("session", event.session.as_ref().map(|session| session.as_str().to_owned()));
    add("request", event.request_id.clone());
    for (name, value) in &event.details {
        add(name, Some(value.to_string()));
    }
    line.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

fn time(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
