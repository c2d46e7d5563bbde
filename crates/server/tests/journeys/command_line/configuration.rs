use std::path::Path;

use super::command;
use crate::support::{Folder, archon_auth};

#[test]
fn config_check_names_every_problem_with_its_source_and_the_nearest_name() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    std::fs::write(folder.path().join("archon-auth.toml"), "[server]\nprot = 9000\n")?;
    let environment = [("ARCHON_AUTH_PORT", "eighty"), ("ARCHON_AUTH__HASHING__MEMORY_KB", "64")];
    for arguments in [&["config", "check"][..], &["serve"]] {
        let arguments =
            [arguments, &["--set", "tokens.acess_ttl=60", "--set", "keys.algorithm=HS256"]].concat();
        let run = archon_auth(&folder, &arguments, &environment, "")?;
        assert_eq!(run.status, Some(2), "{run:?}");
        for part in [
            "the configuration has 5 problems:",
            "server.prot (archon-auth.toml line 2): there is no such setting; did you mean server.port?",
            "server.port (environment variable ARCHON_AUTH_PORT)",
            "did you mean ARCHON_AUTH__HASHING__MEMORY_KIB?",
            "tokens.acess_ttl (command line): there is no such setting; did you mean tokens.access_ttl?",
            "keys.algorithm (command line)",
            "RS256, ES256 or EdDSA",
        ] {
            assert!(run.stderr.contains(part), "{part:?} is missing in:\n{}", run.stderr);
        }
    }
    assert!(!folder.data().exists(), "a wrong configuration leaves no data directory behind");
    Ok(())
}

#[test]
fn config_check_says_that_a_configuration_is_valid_and_what_it_sets() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let file = folder.path().join("other.toml");
    std::fs::write(&file, "[server]\nport = 9000\n")?;
    let run =
        command(&folder, &["config", "check", "--config", "other.toml", "--host", "0.0.0.0"])?.success()?;
    assert!(run.starts_with("The configuration is valid: 2 of "), "{run}");
    assert!(run.contains("  server.port (other.toml line 2)\n"), "{run}");
    assert!(run.contains("  server.host (command line)\n"), "{run}");
    let missing = command(&folder, &["config", "check", "--config", "none.toml"])?;
    assert_eq!(missing.status, Some(2));
    assert!(missing.stderr.contains("none.toml: cannot be read"), "{}", missing.stderr);
    Ok(())
}

#[test]
fn config_show_prints_every_value_with_its_source_and_no_secret() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let environment = [
        ("DATABASE_URL", "postgres://archon:topsecret@db.example.com/auth"),
        ("SMTP_URL", "smtp://mailer:topsecret@mail.example.com"),
    ];
    let run = archon_auth(&folder, &["config", "show", "--port", "9000"], &environment, "")?;
    assert!(!run.stdout.contains("topsecret") && !run.stderr.contains("topsecret"), "{run:?}");
    let shown = run.success()?;
    assert!(shown.contains("port = 9000 # command line\n"), "{shown}");
    assert!(shown.contains("***") && shown.contains("# environment variable DATABASE_URL\n"), "{shown}");
    assert!(shown.contains("refresh_grace = 10 # default\n"), "{shown}");
    Ok(())
}

#[test]
fn config_reference_is_the_page_in_the_documentation() -> anyhow::Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let printed = command(&Folder::new()?, &["config", "reference"])?.success()?;
    assert_eq!(printed.trim_end(), std::fs::read_to_string(page)?.trim_end());
    Ok(())
}
