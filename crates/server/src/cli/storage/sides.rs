use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail, ensure};
use archon_app::transfer::{Part, Side};
use archon_store_sql::SqlStore;
use clap::Args;

use super::progress::say;
use crate::config::{SecretUrl, Settings};
use crate::stores::Store;

/// Which two databases, and where the signing keys of a SQLite database are.
#[derive(Debug, Args)]
pub(super) struct Sides {
    /// The database to read: sqlite:PATH or postgres://...
    #[arg(long, value_name = "URL", env = "ARCHON_AUTH_STORAGE_FROM", hide_env_values = true)]
    from: String,
    /// The database to write, or to compare with.
    #[arg(long, value_name = "URL", env = "ARCHON_AUTH_STORAGE_TO", hide_env_values = true)]
    to: String,
    /// The data directory that holds the signing keys of the SQLite database named by --from; by default the
    /// folder of its file.
    #[arg(long, value_name = "FOLDER")]
    from_data_dir: Option<PathBuf>,
    /// The same for --to.
    #[arg(long, value_name = "FOLDER")]
    to_data_dir: Option<PathBuf>,
}

/// A database that is open.
struct Opened {
    side: Side,
    store: SqlStore,
}

impl Sides {
    /// Opens both for a copy, the target brought up to date.
    pub(super) async fn to_copy(&self, settings: &Settings) -> anyhow::Result<(Side, Side)> {
        let target_is_wrong = check_url("--to", &self.to);
        let source = self.open_source(settings).await?;
        target_is_wrong?;
        let target = open("--to", &self.to, self.to_data_dir.as_deref(), settings)?;
        Box::pin(refuse_one_database(&source, &target)).await?;
        for migration in target.store.migrate().await? {
            tracing::info!(migration, "migrated the target");
        }
        if source.side.count(Part::Keys).await? == 0 {
            say(
                "note: the source has no signing keys. If its service makes its own (keys.files is empty), name \
                 its data directory with --from-data-dir; without its keys no token works on the target",
            );
        }
        Ok((source.side, target.side))
    }

    /// Opens both for a comparison, which changes neither.
    pub(super) async fn to_verify(&self, settings: &Settings) -> anyhow::Result<(Side, Side)> {
        let source = self.open_source(settings).await?;
        refuse_missing_file("--to", &self.to)?;
        let target = open("--to", &self.to, self.to_data_dir.as_deref(), settings)?;
        Box::pin(refuse_one_database(&source, &target)).await?;
        refuse_pending("target", &target).await?;
        Ok((source.side, target.side))
    }

    async fn open_source(&self, settings: &Settings) -> anyhow::Result<Opened> {
        refuse_missing_file("--from", &self.from)?;
        let source = open("--from", &self.from, self.from_data_dir.as_deref(), settings)?;
        refuse_pending("source", &source).await?;
        Ok(source)
    }
}

fn check_url(flag: &str, url: &str) -> anyhow::Result<()> {
    match url.split_once(':') {
        Some(("memory", _)) => bail!(
            "{flag}: what memory: holds ends with its process; name a database that lasts, as sqlite:PATH or \
             postgres://..."
        ),
        Some(("sqlite", path)) if !path.is_empty() && !path.starts_with("//") => Ok(()),
        Some(("postgres" | "postgresql", rest)) if rest.starts_with("//") => Ok(()),
        _ => bail!("{flag}: name a database as sqlite:PATH or postgres://user:password@host:port/database"),
    }
}

/// Opens a database as a service with these settings would.
fn open(flag: &str, url: &str, data_dir: Option<&Path>, settings: &Settings) -> anyhow::Result<Opened> {
    check_url(flag, url)?;
    let mut settings = settings.clone();
    settings.database.url = SecretUrl::from(url);
    if let Some(file) = sqlite_file(url) {
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
        settings.data_dir = data_dir.or(folder).unwrap_or(Path::new(".")).to_owned();
    } else {
        ensure!(
            data_dir.is_none(),
            "{flag} is no SQLite database: its signing keys are in the database itself, not in a data directory"
        );
    }
    let opened = Store::open(&settings).with_context(|| flag.to_owned())?;
    let keys = opened.ports(&settings).keys;
    let (Store::Sqlite(store, _) | Store::Postgres(store)) = opened else {
        bail!("{flag}: what memory: holds ends with its process");
    };
    Ok(Opened { side: Side { archive: Arc::new(store.clone()), keys }, store })
}

fn sqlite_file(url: &str) -> Option<&Path> {
    url.strip_prefix("sqlite:").map(Path::new)
}

/// A file that is to be read is not made.
fn refuse_missing_file(flag: &str, url: &str) -> anyhow::Result<()> {
    check_url(flag, url)?;
    match sqlite_file(url) {
        Some(file) if !file.exists() => bail!("{flag}: there is no database file {}", file.display()),
        _ => Ok(()),
    }
}

async fn refuse_one_database(source: &Opened, target: &Opened) -> anyhow::Result<()> {
    let (source, target) = tokio::try_join!(source.store.identity(), target.store.identity())?;
    ensure!(source != target, "--from and --to are the same database; name two");
    Ok(())
}

async fn refuse_pending(which: &str, side: &Opened) -> anyhow::Result<()> {
    let pending = side.store.pending_migrations().await.with_context(|| format!("the {which}"))?;
    ensure!(
        pending.is_empty(),
        "the {which} is not up to date ({} pending): bring it up to date with archon-auth migrate, its \
         database.url set, and run this again",
        pending.join(", ")
    );
    Ok(())
}
