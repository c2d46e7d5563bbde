//! What cannot be copied or compared is said, with what to do about it.

use super::{storage, storage_json};
use crate::support::{Database, Folder, Run, archon_auth, change_sqlite, python, run};

const HERE: &str = "sqlite:archon-data/archon.db";
const THERE: &str = "sqlite:there/archon.db";

/// A folder with a database in it that has no users.
fn folder() -> anyhow::Result<Folder> {
    let folder = Folder::new()?;
    archon_auth(&folder, &["migrate"], &[], "")?.success()?;
    Ok(folder)
}

/// Opens an account; its id.
fn create_user(folder: &Folder, data_dir: &str, email: &str) -> anyhow::Result<String> {
    let arguments =
        ["--data-dir", data_dir, "--set", "hashing.memory_kib=16", "--set", "keys.algorithm=EdDSA"];
    let create = ["user", "create", "--email", email, "--generate-password"];
    let said = archon_auth(folder, &[&create[..], &arguments].concat(), &[], "")?.success()?;
    let id = said.lines().find_map(|line| line.strip_prefix("created "));
    id.map(str::to_owned).ok_or_else(|| anyhow::anyhow!("no id in {said}"))
}

fn refused(run: &Run, words: &str) {
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.stderr.contains(words), "{words:?} is missing in: {}", run.stderr);
}

#[test]
fn databases_that_cannot_be_are_refused() -> anyhow::Result<()> {
    let folder = folder()?;
    for verb in ["copy", "verify"] {
        for (from, to, words) in [
            ("memory:", THERE, "--from: what memory: holds ends with its process"),
            (HERE, "memory:", "--to: what memory: holds ends with its process"),
            ("mysql://root@localhost/db", THERE, "--from: name a database as sqlite:PATH or postgres://"),
            (HERE, "redis://localhost", "--to: name a database as"),
            ("sqlite:nowhere/archon.db", THERE, "--from: there is no database file nowhere/archon.db"),
        ] {
            refused(&storage(&folder, verb, from, to, &[])?, words);
        }
    }
    refused(
        &storage(&folder, "verify", HERE, THERE, &[])?,
        "--to: there is no database file there/archon.db",
    );
    assert!(!folder.path().join("nowhere").exists() && !folder.path().join("there").exists());
    let keys_elsewhere = ["--to-data-dir", "there"];
    let run = storage(&folder, "copy", HERE, "postgres://archon@127.0.0.1:1/archon", &keys_elsewhere)?;
    refused(&run, "--to is no SQLite database: its signing keys are in the database itself");
    Ok(())
}

#[test]
fn one_database_under_two_names_is_refused() -> anyhow::Result<()> {
    let (folder, database) = (folder()?, Database::create()?);
    let words = "--from and --to are the same database";
    std::os::unix::fs::symlink(folder.data(), folder.path().join("link"))?;
    refused(&storage(&folder, "copy", HERE, "sqlite:link/archon.db", &[])?, words);
    let url = database.url();
    archon_auth(&folder, &["migrate", "--set", &format!("database.url={url}")], &[], "")?.success()?;
    let other_name = format!("{url}?application_name=other");
    refused(&storage(&folder, "copy", &url, &other_name, &[])?, words);
    refused(&storage(&folder, "verify", &url, &other_name, &[])?, words);
    Ok(())
}

#[test]
fn databases_of_another_version_are_refused() -> anyhow::Result<()> {
    let (folder, database) = (folder()?, Database::create()?);
    let old = storage(&folder, "copy", &database.url(), THERE, &[])?;
    refused(&old, "the source is not up to date (0001_initial");
    refused(&old, "bring it up to date with archon-auth migrate");
    refused(
        &storage(&folder, "verify", HERE, &database.url(), &[])?,
        "the target is not up to date (0001_initial",
    );

    storage(&folder, "copy", HERE, THERE, &[])?.success()?;
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";
    change_sqlite(&folder.path().join("there/archon.db"), newer)?;
    refused(&storage(&folder, "copy", HERE, THERE, &[])?, "made by a newer version of archon-auth");
    refused(&storage(&folder, "copy", THERE, HERE, &[])?, "made by a newer version of archon-auth");
    Ok(())
}

#[test]
fn an_address_that_another_user_of_the_target_has_is_named_and_all_else_copied() -> anyhow::Result<()> {
    let folder = folder()?;
    let here = create_user(&folder, "archon-data", "ada@example.com")?;
    let bob = create_user(&folder, "archon-data", "bob@example.com")?;
    let there = create_user(&folder, "there", "ADA@example.com")?;
    let run = storage(&folder, "copy", HERE, THERE, &[])?;
    refused(
        &run,
        &format!("user {here} was left out: user {there} of the target has the same e-mail address"),
    );
    refused(&run, "delete the other one on its side");
    assert!(!run.stderr.to_lowercase().contains("ada@"), "the address is shown: {}", run.stderr);
    let show = |user: &str| archon_auth(&folder, &["user", "show", user, "--data-dir", "there"], &[], "");
    assert!(show(&bob)?.success()?.contains("bob@example.com"));
    assert!(show(&there)?.success()?.contains("ADA@example.com"));
    refused(&show(&here)?, "there is no such user");

    let machine = storage(&folder, "copy", HERE, THERE, &["--json"])?;
    assert_eq!(machine.status, Some(1));
    let machine: serde_json::Value = serde_json::from_str(&machine.stdout)?;
    let users = &machine["tables"][1];
    assert_eq!(users["conflicts"], serde_json::json!([{"source": here, "target": there}]), "{machine}");
    assert_eq!(machine["complete"], false);

    change_sqlite(&folder.path().join("there/archon.db"), "PRAGMA foreign_keys = ON; DELETE FROM users")?;
    assert_eq!(storage_json(&folder, "copy", HERE, THERE)?["complete"], true);
    assert!(show(&here)?.success()?.contains("ada@example.com"));
    Ok(())
}

#[test]
fn what_only_the_target_has_stays_and_what_differs_is_named_without_its_values() -> anyhow::Result<()> {
    let folder = folder()?;
    let here = create_user(&folder, "archon-data", "ada@example.com")?;
    storage(&folder, "copy", HERE, THERE, &[])?.success()?;
    let there = create_user(&folder, "there", "bob@example.com")?;
    let rename = "UPDATE users SET name = 'Somebody Else', password_hash = 'x' WHERE email_key LIKE 'ada%'";
    change_sqlite(&folder.path().join("there/archon.db"), rename)?;

    let run = storage(&folder, "verify", HERE, THERE, &[])?;
    assert_eq!(run.status, Some(1), "{run:?}");
    for words in [
        format!("  {here} differs in name, password_hash\n"),
        format!("  {there} is only in the target\n"),
        "the two differ\n".to_owned(),
    ] {
        assert!(run.stdout.contains(&words), "{words:?} is missing in:\n{}", run.stdout);
    }
    assert!(!run.stdout.contains("Somebody"), "{}", run.stdout);

    let run = storage(&folder, "copy", HERE, THERE, &[])?;
    assert!(run.stderr.contains("rows are only in the target and stay there"), "{}", run.stderr);
    let report = storage_json(&folder, "copy", HERE, THERE)?;
    let users = &report["tables"][1];
    assert_eq!((&users["unchanged"], &users["only_in_target"]), (&1.into(), &1.into()), "{report}");
    Ok(())
}

#[test]
fn json_is_copied_to_the_letter() -> anyhow::Result<()> {
    let (folder, database) = (folder()?, Database::create()?);
    create_user(&folder, "archon-data", "ada@example.com")?;
    let letters = r#"{ "z":1.50,  "a": 123456789012345678901234567890,"ü":"\u00fc" }"#;
    let change = format!("UPDATE users SET metadata = '{letters}'");
    change_sqlite(&folder.data().join("archon.db"), &change)?;
    storage(&folder, "copy", HERE, &database.url(), &[])?.success()?;
    assert_eq!(database.run("SELECT metadata FROM users")?.trim_end(), letters);
    storage(&folder, "copy", &database.url(), THERE, &[])?.success()?;
    let read = "import sqlite3, sys; print(sqlite3.connect(sys.argv[1]).execute('SELECT metadata FROM users').fetchone()[0])";
    let there = folder.path().join("there/archon.db");
    assert_eq!(run(python()?.arg("-c").arg(read).arg(there), "")?.trim_end(), letters);
    Ok(())
}

#[test]
fn a_source_without_keys_is_told_of() -> anyhow::Result<()> {
    let folder = folder()?;
    let run = storage(&folder, "copy", HERE, THERE, &["--from-data-dir", "elsewhere"])?;
    assert_eq!(run.status, Some(0), "{run:?}");
    assert!(run.stderr.contains("the source has no signing keys"), "{}", run.stderr);
    Ok(())
}

#[test]
fn events_are_copied_beside_a_chain_that_the_target_has_already() -> anyhow::Result<()> {
    let folder = folder()?;
    create_user(&folder, "archon-data", "ada@example.com")?;
    create_user(&folder, "archon-data", "grace@example.com")?;
    create_user(&folder, "there", "bob@example.com")?;
    let log = |data_dir: &str| -> anyhow::Result<serde_json::Value> {
        let said = archon_auth(&folder, &["events", "verify", "--json", "--data-dir", data_dir], &[], "")?;
        Ok(serde_json::from_str(&said.success()?)?)
    };
    let (here, there) = (log("archon-data")?, log("there")?);
    assert!(here["verified"].as_u64() > Some(0) && there["verified"].as_u64() > Some(0), "{here} {there}");
    for round in 0..2 {
        let run = storage(&folder, "copy", HERE, THERE, &[])?;
        assert_eq!(run.status, Some(0), "{run:?}");
        assert_eq!(
            run.stderr.contains("a chain of security events of its own"),
            round == 0,
            "{}",
            run.stderr
        );
        let mut expected = there.clone();
        expected["outside"] = here["verified"].clone();
        assert_eq!(log("there")?, expected, "its own chain is as it was, the other events beside it");
    }
    create_user(&folder, "there", "carol@example.com")?;
    assert!(log("there")?["verified"].as_u64() > there["verified"].as_u64(), "and goes on");
    Ok(())
}
