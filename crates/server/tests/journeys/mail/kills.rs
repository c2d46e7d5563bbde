//! The service is killed while users register, and while their mails are sent.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use tokio::task::JoinSet;

use super::ledger::Ledger;
use super::{CLIENTS, MailServer, borrowed, settings, users};
use crate::support::{Account, Service, change_sqlite, until};

/// Kills while users register, and as many while mails are sent.
const KILLS: usize = 5;

/// Mails that a process has under way at the same time: those with the mail server, and those that it has taken
/// and that are being noted as sent.
const UNDER_WAY: usize = 8;

/// Who has tried to register.
#[derive(Default)]
struct Registrations {
    answered: Vec<String>,
    /// Those that were killed away: there is an account or there is none.
    unanswered: Vec<String>,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mail_arrives_however_often_the_service_is_killed() -> anyhow::Result<()> {
    // A mail is with its server long enough for every kill to meet some whose answer it then loses.
    let mut server = MailServer::start(json!({"closed": true, "brief": true, "delay": 0.02}))?;
    let mut service = Service::start(&borrowed(&settings(&server)))?;
    let (users, mut registrations) = (users()?, Registrations::default());
    for kill in 0..KILLS {
        let share = (users - registrations.answered.len()) / (KILLS - kill);
        let enough = share.saturating_sub(kill * 3).max(1);
        registrations.add(register_until_the_kill(&mut service, kill, enough).await?);
        service.restart()?;
    }

    server.open()?;
    let expected = 2 * registrations.answered.len();
    for kill in 1..=KILLS {
        let enough = expected * kill / (KILLS + 2);
        tokio::task::block_in_place(|| {
            until("mails arrive", || Ok((server.told("mail").len() >= enough).then_some(())))
        })?;
        service.kill_hard()?;
        service.restart()?;
    }
    let killed = Ledger::of(&server).mails();
    give_up_the_leases(&mut service)?;

    Ledger::complete(&server, &registrations.answered).await?;
    // Until the last one is known to be sent, so that nothing arrives any more.
    tokio::task::block_in_place(|| {
        until("the queue is empty", || {
            let queue = service.command(&["mail", "queue"])?.success()?;
            Ok(queue.starts_with("no mail waits").then_some(()))
        })
    })?;
    let ledger = Ledger::of(&server);
    let halves = registrations.unanswered.iter().filter(|address| ledger.kinds(address).len() == 1);
    assert_eq!(halves.count(), 0, "an account and its mails are stored together or not at all");
    let twice = ledger.arrived(2);
    eprintln!(
        "{} answered and {} unanswered registrations, {} kills ({killed} mails had arrived by the last); \
         {} mails, {twice} of them twice",
        registrations.answered.len(),
        registrations.unanswered.len(),
        2 * KILLS,
        ledger.mails(),
    );
    assert_eq!(ledger.arrived(1) + twice, ledger.mails(), "at most once more");
    assert!(twice <= KILLS * UNDER_WAY, "{twice} mails arrived twice");
    Ok(())
}

impl Registrations {
    fn add(&mut self, more: Self) {
        self.answered.extend(more.answered);
        self.unanswered.extend(more.unanswered);
    }
}

/// Lets clients register without pause, and kills the service once enough of them were answered.
async fn register_until_the_kill(
    service: &mut Service,
    round: usize,
    enough: usize,
) -> anyhow::Result<Registrations> {
    let answered = Arc::new(AtomicUsize::new(0));
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        let (client, answered) = (service.client().clone(), Arc::clone(&answered));
        clients.spawn(async move {
            let mut registrations = Registrations::default();
            for attempt in 0.. {
                let address = format!("user-{round}-{number}-{attempt}@example.com");
                let Ok(answer) = Account::try_register(&client, &address).await else {
                    registrations.unanswered.push(address);
                    break;
                };
                Account::of(&address, &answer)?;
                registrations.answered.push(address);
                answered.fetch_add(1, Ordering::Relaxed);
            }
            anyhow::Ok(registrations)
        });
    }
    tokio::task::block_in_place(|| {
        until("clients were answered", || Ok((answered.load(Ordering::Relaxed) >= enough).then_some(())))
    })?;
    service.kill_hard()?;
    let mut registrations = Registrations::default();
    for each in clients.join_all().await {
        registrations.add(each?);
    }
    Ok(registrations)
}

/// Makes everything due at once. The mails that killed processes were sending are due two minutes later, which
/// nobody wants to wait for; no process sends anything meanwhile.
fn give_up_the_leases(service: &mut Service) -> anyhow::Result<()> {
    assert_eq!(service.terminate()?.code(), Some(0));
    let due_now = "UPDATE mail_outbox SET next_attempt_at = 0 WHERE next_attempt_at IS NOT NULL";
    change_sqlite(&service.folder().data().join("archon.db"), due_now)?;
    service.restart()
}
