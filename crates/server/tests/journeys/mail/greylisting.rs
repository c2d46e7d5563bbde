//! Servers that say "later" or "never".

use serde_json::json;

use super::MailServer;
use crate::support::{Account, CHEAP, Service, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_is_put_off_arrives_at_a_later_try() -> anyhow::Result<()> {
    let later = "451 4.7.1 <ada@example.com>: greylisted, try again later";
    let server =
        MailServer::start(json!({"brief": true, "answers": {"RCPT": [later, later, later, later]}}))?;
    let own = ["--set", &server.setting(), "--set", "mail.first_retry=1"];
    let service = Service::start(&[&CHEAP[..], &own].concat())?;
    Account::register(service.client(), "ada@example.com").await?;
    let arrivals = tokio::task::block_in_place(|| {
        until("both mails arrive", || Ok(Some(server.arrivals()).filter(|arrivals| arrivals.len() == 2)))
    })?;
    assert_ne!(arrivals[0].message_id, arrivals[1].message_id);
    let said: Vec<_> =
        service.process().lines().into_iter().filter(|line| line.contains("not sent")).collect();
    assert!(said.len() >= 3 && said.iter().all(|line| line.contains("<a***@example.com>")), "{said:?}");
    assert!(!service.process().lines().iter().any(|line| line.contains("ada@example.com")));
    Ok(())
}
