use std::net::TcpListener;

use serde_json::Value;

use super::command;
use crate::support::{CHEAP, Database, Folder, Service, archon_auth, change_sqlite};

#[test]
fn migrate_brings_a_database_up_to_date_and_check_only_looks() -> anyhow::Result<()> {
    let migrations = [
        "0001_initial",
        "0002_revocations_by_session",
        "0003_users_by_change",
        "0004_event_chain",
        "0005_session_trace",
        "0006_user_directory",
        "0007_alerts",
    ];
    let said = |what: &str| migrations.map(|name| format!("{what}: {name}\n")).concat();
    let folder = Folder::new()?;
    let pending = command(&folder, &["migrate", "--check"])?;
    assert_eq!((pending.status, pending.stdout.as_str()), (Some(1), &*said("pending")), "{pending:?}");
    let applied = command(&folder, &["migrate"])?.success()?;
    assert_eq!(applied, said("applied"));
    for again in [&["migrate"][..], &["migrate", "--check"]] {
        assert_eq!(command(&folder, again)?.success()?, "the database is up to date\n");
    }
    Ok(())
}

#[test]
fn a_sqlite_database_of_a_newer_version_is_refused() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    command(&folder, &["migrate"])?.success()?;
    change_sqlite(&folder.data().join("archon.db"), A_LATER_MIGRATION)?;
    refused_as_newer(&folder, "")
}

#[test]
fn a_postgresql_database_of_a_newer_version_is_refused() -> anyhow::Result<()> {
    let (folder, database) = (Folder::new()?, Database::create()?);
    archon_auth(&folder, &["migrate"], &[("DATABASE_URL", &database.url())], "")?.success()?;
    database.run(A_LATER_MIGRATION)?;
    refused_as_newer(&folder, &database.url())
}

const A_LATER_MIGRATION: &str = "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')";

fn refused_as_newer(folder: &Folder, url: &str) -> anyhow::Result<()> {
    for arguments in [&["serve", "--port", "0"][..], &["migrate"], &["user", "show", "ada@example.com"]] {
        let run = archon_auth(folder, arguments, &[("DATABASE_URL", url)], "")?;
        assert_eq!(run.status, Some(1), "{run:?}");
        let expected = "made by a newer version of archon-auth: it has the migrations 9999";
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    Ok(())
}

#[test]
fn a_taken_port_is_an_error_that_names_the_settings() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let taken = TcpListener::bind("127.0.0.1:0")?;
    let port = taken.local_addr()?.port().to_string();
    let run = command(&folder, &["--port", &port, "--set", "metrics.port=0"])?;
    assert_eq!(run.status, Some(1));
    for part in [&format!("cannot listen on 127.0.0.1:{port}"), "server.port", "--port", "ARCHON_AUTH_PORT"] {
        assert!(run.stderr.contains(part), "{part:?} is missing in: {}", run.stderr);
    }
    let run = command(&folder, &["--port", "0", "--set", &format!("metrics.port={port}")])?;
    assert_eq!(run.status, Some(1));
    for part in ["metrics.port", "metrics.enabled=false"] {
        assert!(run.stderr.contains(part), "{part:?} is missing in: {}", run.stderr);
    }
    Ok(())
}

#[test]
fn a_data_directory_that_cannot_be_written_is_an_error_that_names_the_settings() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    // A file stands in the way: permissions would not keep root out.
    std::fs::write(folder.path().join("file"), "")?;
    let run = command(&folder, &["--port", "0", "--set", "metrics.port=0", "--data-dir", "file/data"])?;
    assert_eq!(run.status, Some(1));
    for part in ["the data directory file/data cannot be used", "--data-dir", "ARCHON_AUTH_DATA_DIR"] {
        assert!(run.stderr.contains(part), "{part:?} is missing in: {}", run.stderr);
    }
    Ok(())
}

#[test]
fn a_database_server_that_is_away_is_an_error_without_its_password() -> anyhow::Result<()> {
    let closed = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let url = format!("postgres://archon:topsecret@{closed}/auth");
    let run = archon_auth(
        &Folder::new()?,
        &["--port", "0", "--set", "metrics.port=0"],
        &[("DATABASE_URL", &url)],
        "",
    )?;
    assert_eq!(run.status, Some(1), "{run:?}");
    assert!(run.stderr.contains("check that it runs"), "{}", run.stderr);
    assert!(!run.stderr.contains("topsecret"), "{}", run.stderr);
    Ok(())
}

#[test]
fn calibration_prints_settings_that_the_configuration_takes() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let printed = command(&folder, &["hash", "calibrate", "--target", "20ms"])?.success()?;
    std::fs::write(folder.path().join("archon-auth.toml"), &printed)?;
    let checked = command(&folder, &["config", "check"])?.success()?;
    assert!(checked.starts_with("The configuration is valid: 3 of "), "{printed}\n{checked}");
    Ok(())
}

#[tokio::test]
async fn openapi_prints_the_document_that_the_service_serves() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    let printed: Value = serde_json::from_str(&service.command(&["openapi"])?.success()?)?;
    let served = service.client().get("/auth/openapi.json").await?;
    assert_eq!(served.json, printed);
    Ok(())
}
