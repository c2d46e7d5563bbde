//! The data directory: what the embedded default keeps.

use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The folder of database, keys and mails; nobody but the service's own user can look into it.
#[derive(Debug, Clone)]
pub struct DataDir(PathBuf);

impl DataDir {
    /// Makes the folder if it is not there, and checks that it can be written.
    ///
    /// # Errors
    /// What stands in the way and how to mend it.
    pub fn prepare(path: &Path) -> anyhow::Result<Self> {
        let mend = || {
            format!(
                "the data directory {} cannot be used: give its owner the right to write, or name another \
                 with --data-dir or ARCHON_AUTH_DATA_DIR",
                path.display()
            )
        };
        match std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error).with_context(mend);
            }
            _ => {}
        }
        let metadata = std::fs::metadata(path).with_context(mend)?;
        if metadata.permissions().mode() & 0o077 != 0 {
            tracing::warn!(
                path = %path.display(),
                "other users can look into the data directory; mend it with: chmod 700 {}",
                path.display()
            );
        }
        let probe = path.join(format!(".writable-{}", std::process::id()));
        std::fs::write(&probe, b"").and_then(|()| std::fs::remove_file(&probe)).with_context(mend)?;
        Ok(Self(path.to_owned()))
    }

    /// The database of the embedded default.
    #[must_use]
    pub fn database(&self) -> PathBuf {
        self.0.join("archon.db")
    }

    /// The signing keys of the embedded default.
    #[must_use]
    pub fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    /// The mails that are written instead of sent.
    #[must_use]
    pub fn mails(&self) -> PathBuf {
        self.0.join("mails")
    }
}
