use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use archon_domain::{StoreError, StoreErrorKind};

/// Writes a mail as `<id>.eml`, mode 0600 since it holds secrets; returns its path.
///
/// The file appears whole or not at all. Sent again, a mail takes its own place.
pub(crate) async fn write(directory: &Path, id: &str, mail: Vec<u8>) -> io::Result<PathBuf> {
    let (temporary, path) = (directory.join(format!(".{id}.new")), directory.join(format!("{id}.eml")));
    blocking(directory, move |directory| {
        prepare(directory)?;
        write_new(&temporary, &mail)?;
        fs::rename(&temporary, &path)?;
        Ok(path)
    })
    .await
}

/// Tries to write a file.
pub(crate) async fn probe(directory: &Path) -> Result<(), StoreError> {
    let tried = blocking(directory, |directory| {
        prepare(directory)?;
        let path = directory.join(".probe");
        write_new(&path, b"")?;
        fs::remove_file(&path)
    });
    tried.await.map_err(|error| {
        let context = "write to the mail directory";
        StoreError::new(StoreErrorKind::Unavailable, context).with_source(error)
    })
}

/// Runs file work off the runtime's threads and names the directory in its error.
async fn blocking<T: Send + 'static>(
    directory: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let directory = directory.to_owned();
    let ended = tokio::task::spawn_blocking(move || {
        work(&directory).map_err(|error| {
            io::Error::new(error.kind(), format!("cannot write into {}: {error}", directory.display()))
        })
    });
    ended.await.map_err(io::Error::other)?
}

fn prepare(directory: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Writes a file that nobody but the owner reads, flushed to disk; what a killed process left goes first.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(path)?;
    file.write_all(content)?;
    file.sync_all()
}
