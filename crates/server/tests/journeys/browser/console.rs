//! The operator console, with an administrator from the command line, as the first one is made.

use serde_json::json;

use super::complaints;
use crate::support::servers::OwnMailServer;
use crate::support::{CHEAP, PASSWORD, Service};

const ROOT: &str = "root@example.com";

#[test]
fn an_administrator_sees_an_attack_helps_a_user_and_mends_the_mail_at_a_desk() -> anyhow::Result<()> {
    work("desktop")
}

#[test]
fn an_administrator_does_the_same_on_a_phone_where_no_script_runs() -> anyhow::Result<()> {
    work("phone")
}

fn work(device: &str) -> anyhow::Result<()> {
    let answers = json!({"RCPT": ["550 5.1.1 <ada@example.com>: Recipient address rejected: User unknown"]});
    let mail_server = OwnMailServer::start_guarded(json!({"answers": answers}))?;
    let settings = ["--set", "rate_limits.enabled=false", "--set", &mail_server.setting()];
    let service = Service::start(&[&CHEAP[..], &settings].concat())?;
    let create = ["user", "create", "--email", ROOT, "--role", "admin", "--role", "user", "--name", "Root"];
    let options = ["--email-verified", "--password-stdin"];
    service.command_reading(&[&create[..], &options].concat(), &format!("{PASSWORD}\n"))?.success()?;
    let environment = [("ARCHON_TEST_ADMINISTRATOR", ROOT.to_owned())];
    let complaints = complaints("console", &[device], &service, mail_server, &environment)?;
    let [given_up] = &complaints[..] else {
        anyhow::bail!("the service complained:\n{}", complaints.join("\n"))
    };
    assert!(given_up.contains("a mail was given up"), "{given_up}");
    Ok(())
}
