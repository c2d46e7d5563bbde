use std::process::ExitCode;

use anyhow::ensure;
use archon_domain::ports::{Clock as _, Outbox};
use archon_domain::{Instant, MailId, OutboxCounts, QueuedMail, Span, mask_addresses};
use chrono::SecondsFormat;
use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::print;
use crate::Surroundings;
use crate::config::Settings;
use crate::system::SystemClock;
use crate::wire;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the mails that wait to be sent, the longest due first.
    Queue(Listing),
    /// List the mails that were given up, the latest first, with the mail server's words.
    Failed(Listing),
    /// Queue given-up mails again, with all their tries; a running service sends them within a second.
    Retry(Chosen),
}

#[derive(Debug, Args)]
pub(super) struct Listing {
    /// Most mails to list.
    #[arg(long, value_name = "COUNT", default_value_t = 50)]
    limit: u32,
    /// Show whole addresses; by default all but the first character and the domain is hidden.
    #[arg(long)]
    show_addresses: bool,
    /// Print one JSON object in place of a table.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(super) struct Chosen {
    /// The mail, as `mail failed` lists it.
    id: Option<MailId>,
    /// Every mail that was given up.
    #[arg(long)]
    all: bool,
}

/// How listed mails are shown.
struct View {
    whole_addresses: bool,
}

impl Command {
    pub(super) async fn run(
        self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> anyhow::Result<ExitCode> {
        let outbox = wire::outbox(settings, surroundings).await?;
        match self {
            Self::Queue(listing) => {
                let mails = outbox.pending(listing.limit).await?;
                listing.print(outbox.counts().await?, &mails, waiting)
            }
            Self::Failed(listing) => {
                let mails = outbox.failed(listing.limit).await?;
                listing.print(outbox.counts().await?, &mails, given_up)
            }
            Self::Retry(chosen) => retry(&*outbox, chosen.id).await,
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

impl Listing {
    fn print(
        &self,
        counts: OutboxCounts,
        mails: &[QueuedMail],
        summary: fn(OutboxCounts) -> String,
    ) -> anyhow::Result<()> {
        let view = View { whole_addresses: self.show_addresses };
        if self.json {
            return print(&view.document(counts, mails).to_string());
        }
        print(&summary(counts))?;
        if mails.is_empty() {
            return Ok(());
        }
        print(&format!(
            "{:<36}  {:<18}  {:<20}  {:>5}  {:<20}  {:<28}  {}",
            "ID", "KIND", "QUEUED", "TRIES", "NEXT TRY", "TO", "LAST ERROR"
        ))?;
        mails.iter().try_for_each(|queued| print(&view.row(queued)))
    }
}

impl View {
    fn row(&self, queued: &QueuedMail) -> String {
        let QueuedMail { mail, queued_at, attempts, next_attempt_at, last_error } = queued;
        let next = next_attempt_at.map_or_else(|| "none".to_owned(), time);
        let row = format!(
            "{:<36}  {:<18}  {:<20}  {attempts:>5}  {next:<20}  {:<28}  {}",
            mail.id.to_string(),
            mail.message.kind(),
            time(*queued_at),
            self.address(queued),
            self.words(last_error.as_deref().unwrap_or_default()),
        );
        row.trim_end().to_owned()
    }

    fn document(&self, counts: OutboxCounts, mails: &[QueuedMail]) -> Value {
        let mail = |queued: &QueuedMail| {
            json!({
                "id": queued.mail.id.to_string(),
                "kind": queued.mail.message.kind(),
                "to": self.address(queued),
                "queued_at": time(queued.queued_at),
                "attempts": queued.attempts,
                "next_attempt_at": queued.next_attempt_at.map(time),
                "last_error": queued.last_error.as_deref().map(|error| self.words(error)),
            })
        };
        json!({
            "pending": counts.pending,
            "failed": counts.failed,
            "oldest_pending": counts.oldest_pending.map(time),
            "mails": mails.iter().map(mail).collect::<Vec<_>>(),
        })
    }

    fn address(&self, queued: &QueuedMail) -> String {
        let to = &queued.mail.to;
        if self.whole_addresses { to.as_typed().to_owned() } else { to.masked() }
    }

    /// A mail server's words, which may hold the address as well, in one line.
    fn words(&self, words: &str) -> String {
        let words: String = words.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        if self.whole_addresses { words } else { mask_addresses(&words) }
    }
}

fn waiting(counts: OutboxCounts) -> String {
    let given_up = match counts.failed {
        0 => String::new(),
        failed => format!("; {failed} given up, which mail failed lists"),
    };
    match counts.oldest_pending {
        Some(since) => {
            let age = length(SystemClock.now() - since);
            format!("{} waiting to be sent, the oldest for {age}{given_up}", counts.pending)
        }
        None => format!("no mail waits to be sent{given_up}"),
    }
}

fn given_up(counts: OutboxCounts) -> String {
    match counts.failed {
        0 => "no mail was given up".to_owned(),
        failed => format!("{failed} given up; mail retry sends them again"),
    }
}

async fn retry(outbox: &dyn Outbox, id: Option<MailId>) -> anyhow::Result<()> {
    let count = outbox.retry(id, SystemClock.now()).await?;
    if let Some(id) = id {
        ensure!(
            count == 1,
            "no mail {id} was given up: either it was sent, or it waits still (mail queue), or there never was one"
        );
    }
    print(&match count {
        0 => "no mail was given up".to_owned(),
        1 => "1 mail is queued again".to_owned(),
        count => format!("{count} mails are queued again"),
    })
}

fn time(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// A length of time in its two largest units, such as `2 h 5 min`.
fn length(span: Span) -> String {
    let seconds = span.num_seconds().max(0);
    match (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0, seconds) => format!("{seconds} s"),
        (0, 0, minutes, seconds) => format!("{minutes} min {seconds} s"),
        (0, hours, minutes, _) => format!("{hours} h {minutes} min"),
        (days, hours, ..) => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_are_said_in_two_units() {
        let lengths =
            [(-5, "0 s"), (59, "59 s"), (125, "2 min 5 s"), (7505, "2 h 5 min"), (180_000, "2 d 2 h")];
        for (seconds, said) in lengths {
            assert_eq!(length(Span::seconds(seconds)), said);
        }
    }
}
