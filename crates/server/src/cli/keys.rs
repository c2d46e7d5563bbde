use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use archon_domain::SigningAlgorithm;
use archon_domain::ports::Clock as _;
use archon_token_jose::generate_key;
use chrono::SecondsFormat;
use clap::Subcommand;

use super::print;
use crate::Surroundings;
use crate::config::Settings;
use crate::system::SystemClock;
use crate::{parts, wire};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the signing keys, the one that signs now marked.
    List,
    /// Make a new key; it signs after keys.activation_delay, and a running service takes it over by itself.
    Rotate,
    /// Write a new private key to a PEM file, for keys.files.
    Generate {
        /// The file to write; must not exist.
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// RS256, ES256 or EdDSA; by default as keys.algorithm says.
        #[arg(long)]
        algorithm: Option<SigningAlgorithm>,
    },
}

impl Command {
    pub(super) async fn run(
        self,
        settings: &Settings,
        surroundings: &Surroundings,
    ) -> anyhow::Result<ExitCode> {
        match self {
            Self::List => list(settings, surroundings).await,
            Self::Rotate => rotate(settings, surroundings).await,
            Self::Generate { out, algorithm } => generate(settings, &out, algorithm),
        }?;
        Ok(ExitCode::SUCCESS)
    }
}

async fn list(settings: &Settings, surroundings: &Surroundings) -> anyhow::Result<()> {
    let ring = wire::keys(settings, surroundings).await?.load().await?;
    let now = SystemClock.now();
    let signing = ring.signing(now).map(|key| key.id.clone());
    print(&format!("{:<43}  {:<9}  {:<20}  {}", "KEY", "ALGORITHM", "SIGNS FROM", "STATE"))?;
    for key in ring.keys() {
        let state = if Some(&key.id) == signing.as_ref() {
            "signs"
        } else if key.signs_from > now {
            "published, not signing yet"
        } else {
            "verifies until its last token has expired"
        };
        let signs_from = key.signs_from.to_rfc3339_opts(SecondsFormat::Secs, true);
        print(&format!("{:<43}  {:<9}  {signs_from:<20}  {state}", key.id.as_str(), key.algorithm.as_str()))?;
    }
    Ok(())
}

async fn rotate(settings: &Settings, surroundings: &Surroundings) -> anyhow::Result<()> {
    let keeper = wire::keys(settings, surroundings).await?;
    // The key in use must be there before its successor, or that one would sign at once.
    keeper.load().await?;
    let key = keeper.rotate().await?;
    let signs_from = key.signs_from.to_rfc3339_opts(SecondsFormat::Secs, true);
    print(&format!("made {}; it signs from {signs_from} on", key.id))
}

fn generate(settings: &Settings, out: &Path, algorithm: Option<SigningAlgorithm>) -> anyhow::Result<()> {
    let algorithm = algorithm.unwrap_or_else(|| settings.keys.algorithm.into());
    let now = SystemClock.now();
    let key = generate_key(algorithm, parts::rsa_bits(settings), now, now)?;
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(out)
        .with_context(|| format!("{} cannot be written; it must not exist yet", out.display()))?;
    file.write_all(key.private_pem.as_bytes())?;
    file.sync_all()?;
    print(&format!("wrote {} key {} to {}", algorithm.as_str(), key.id, out.display()))
}
