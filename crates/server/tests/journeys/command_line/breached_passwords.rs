use super::command;
use crate::support::{Account, CHEAP, Folder, PASSWORD, Service};

/// Keeps every rule.
const PUBLIC: &str = "Winter-Sale-2019!\n";

/// The SHA-1 hash of [`PUBLIC`], and another one after it.
const SORTED: &str =
    "2A47CE2276B5710C056E0D6EC900B364AEAEC6AD:3\nFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF:1\n";

#[test]
fn a_list_that_cannot_be_used_stops_the_start_and_names_the_setting() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text);
    write("empty.txt", "")?;
    write("archive.txt", "PK\u{3}\u{4}, the beginning of an archive\n")?;
    let lines: Vec<&str> = SORTED.lines().rev().collect();
    write("unsorted.txt", &lines.join("\n"))?;
    for (setting, value, reason) in [
        ("passwords.breached_file", "missing.txt", "missing.txt, cannot be used: it cannot be read"),
        ("passwords.breached_file", ".", "it is no regular file"),
        ("passwords.breached_file", "empty.txt", "it is empty"),
        ("passwords.breached_file", "archive.txt", "there is no SHA-1 hash at byte 0"),
        ("passwords.breached_file", "unsorted.txt", "it is not sorted by hash: the line at byte 43"),
        ("passwords.breached_url", "https://us:topsecret@a.example/range?x=", "neither ? nor #"),
    ] {
        let setting_and_value = format!("{setting}={value}");
        for arguments in [&["--port", "0", "--set", "metrics.port=0"][..], &["user", "show", "a@b.example"]] {
            let run = command(&folder, &[arguments, &["--set", &setting_and_value]].concat())?;
            assert_eq!(run.status, Some(1), "{run:?}");
            assert!(run.stderr.contains(&format!("error: {setting}: the ")), "{}", run.stderr);
            assert!(run.stderr.contains(reason), "{reason:?} is missing in: {}", run.stderr);
            assert!(!run.stderr.contains("topsecret"), "{}", run.stderr);
        }
    }
    Ok(())
}

#[tokio::test]
async fn administrators_are_refused_passwords_that_were_made_public() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    std::fs::write(folder.path().join("hashes.txt"), SORTED)?;
    let service = Service::start_in(folder, &CHEAP)?;
    let account = Account::register(service.client(), "ada@example.com").await?;
    let create = ["user", "create", "--email", "bob@example.com"];
    let reset = ["user", "reset-password", "ada@example.com"];
    for set in [&create[..], &reset] {
        let looked_up = ["--password-stdin", "--set", "passwords.breached_file=hashes.txt"];
        let run = service.command_reading(&[set, &looked_up].concat(), PUBLIC)?;
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.stderr.contains("error: the password was made public in a data breach"), "{run:?}");
    }
    assert_eq!(account.log_in(service.client(), PASSWORD).await?.status, 200);
    assert_eq!(service.command(&["user", "show", "bob@example.com"])?.status, Some(1));
    Ok(())
}

#[tokio::test]
async fn a_server_that_is_away_keeps_nobody_from_registering_and_is_warned_of() -> anyhow::Result<()> {
    let closed = std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let url = format!("passwords.breached_url=http://{closed}/range");
    let service = Service::start(&[&CHEAP[..], &["--set", &url]].concat())?;
    Account::register(service.client(), "ada@example.com").await?;
    let warning = service.process().line("that nobody could be asked", |line| {
        line.contains("a new password was not looked up among breached ones").then(|| line.to_owned())
    })?;
    assert!(warning.contains("\"level\":\"WARN\"") && warning.contains("error sending request"), "{warning}");
    assert!(!warning.contains(PASSWORD) && !warning.contains("/range/"), "{warning}");
    let figures = service.metrics()?.get("/metrics").await?.text;
    assert!(figures.contains("archon_breached_lookups_total{outcome=\"failed\"} 1\n"), "{figures}");
    Ok(())
}
