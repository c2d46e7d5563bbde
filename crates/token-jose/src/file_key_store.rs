use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use archon_domain::ports::KeyStore;
use archon_domain::{Instant, KeyId, SigningKey, StoreError, StoreErrorKind};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize as _, Zeroizing};

/// Keeps signing keys as files of mode 0600, one JSON file per key, in a directory of mode 0700.
///
/// A key file appears whole or not at all: it is written under another name, flushed and renamed.
/// Whoever writes holds a lock on a file in the directory, which the operating system lets go of when
/// its holder dies, so that a killed process leaves nothing that stops the next one.
#[derive(Debug, Clone)]
pub struct FileKeyStore {
    directory: PathBuf,
}

/// What stands in a key file.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyFile {
    id: KeyId,
    algorithm: String,
    created_at: Instant,
    signs_from: Instant,
    private_pem: String,
}

/// The lock's file; its name begins with a dot, as all do that hold no key.
const LOCK_FILE: &str = ".lock";

impl FileKeyStore {
    /// A store in `directory`, which is made when the first key is stored.
    pub fn new(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    /// Where the keys are.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Runs blocking file work off the runtime's threads.
    async fn blocking<T: Send + 'static>(
        &self,
        context: &'static str,
        work: impl FnOnce(&Directory) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, StoreError> {
        let directory = Directory(self.directory.clone());
        let ended = tokio::task::spawn_blocking(move || work(&directory)).await;
        match ended {
            Ok(result) => result.map_err(|trouble| trouble.into_store_error(context)),
            Err(error) => Err(StoreError::new(StoreErrorKind::Internal, context).with_source(error)),
        }
    }
}

#[async_trait]
impl KeyStore for FileKeyStore {
    async fn load(&self) -> Result<Vec<SigningKey>, StoreError> {
        self.blocking("load the signing keys", Directory::read_all).await
    }

    async fn add_first(&self, key: SigningKey) -> Result<bool, StoreError> {
        self.blocking("store the first signing key", move |directory| {
            let _lock = directory.lock()?;
            if !directory.key_paths()?.is_empty() {
                return Ok(false);
            }
            directory.write(&key).map(|()| true)
        })
        .await
    }

    async fn add(&self, key: SigningKey) -> Result<(), StoreError> {
        self.blocking("store a signing key", move |directory| {
            let _lock = directory.lock()?;
            match directory.read_if_there(&directory.path_of(&key.id))? {
                Some(stored) if stored == key => Ok(()),
                Some(_) => Err(Trouble::Taken(key.id)),
                None => directory.write(&key),
            }
        })
        .await
    }

    async fn replace(&self, key: SigningKey) -> Result<bool, StoreError> {
        self.blocking("replace a signing key", move |directory| {
            if !directory.path_of(&key.id).exists() {
                return Ok(false);
            }
            let _lock = directory.lock()?;
            match directory.read_if_there(&directory.path_of(&key.id))? {
                Some(_) => directory.write(&key).map(|()| true),
                None => Ok(false),
            }
        })
        .await
    }

    async fn remove(&self, id: &KeyId) -> Result<bool, StoreError> {
        let id = id.clone();
        self.blocking("remove a signing key", move |directory| {
            if !directory.0.exists() {
                return Ok(false);
            }
            let _lock = directory.lock()?;
            directory.remove(&id)
        })
        .await
    }
}

/// What can go wrong with key files, each with the file's name and the mend.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("{what} {path}; check that it belongs to the service's user and that the disk is not full")]
    Io { what: &'static str, path: PathBuf, source: io::Error },
    #[error(
        "the key file {path} cannot be read: {reason}; put it back from a backup, or move it away and \
         restart (tokens signed with it are then refused)"
    )]
    Unreadable { path: PathBuf, reason: String },
    #[error("another key with the id {0} is stored already")]
    Taken(KeyId),
}

impl Trouble {
    fn into_store_error(self, context: &'static str) -> StoreError {
        let kind = match &self {
            Self::Io { .. } => StoreErrorKind::Unavailable,
            Self::Unreadable { .. } => StoreErrorKind::Corrupt,
            Self::Taken(_) => StoreErrorKind::Conflict,
        };
        StoreError::new(kind, context).with_source(self)
    }
}

/// Adds the path to an I/O error.
fn at<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(io::Error) -> Trouble + use<'a> {
    move |source| Trouble::Io { what, path: path.to_owned(), source }
}

/// The blocking half of the store.
struct Directory(PathBuf);

impl Directory {
    /// Makes the directory if need be and takes the lock; it is let go of when the file is dropped.
    fn lock(&self) -> Result<File, Trouble> {
        let made = DirBuilder::new().recursive(true).mode(0o700).create(&self.0);
        made.map_err(at("cannot create", &self.0))?;
        let path = self.0.join(LOCK_FILE);
        let mut options = OpenOptions::new();
        let file = options.create(true).truncate(false).write(true).mode(0o600).open(&path);
        let file = file.map_err(at("cannot open", &path))?;
        file.lock().map_err(at("cannot lock", &path))?;
        Ok(file)
    }

    /// The file of a key. An id that is no plain file name is encoded behind a `~`, which plain names lack.
    fn path_of(&self, id: &KeyId) -> PathBuf {
        let id = id.as_str();
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        if (1..=128).contains(&id.len()) && id.bytes().all(plain) {
            self.0.join(format!("{id}.json"))
        } else {
            self.0.join(format!("~{}.json", URL_SAFE_NO_PAD.encode(id)))
        }
    }

    /// The key files there are; none when there is no directory.
    fn key_paths(&self) -> Result<Vec<PathBuf>, Trouble> {
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(at("cannot list", &self.0))?,
        };
        let mut paths = Vec::new();
        for entry in entries {
            let name = entry.map_err(at("cannot list", &self.0))?.file_name();
            let name = name.to_string_lossy();
            if name.ends_with(".json") && !name.starts_with('.') {
                paths.push(self.0.join(&*name));
            }
        }
        Ok(paths)
    }

    fn read_all(&self) -> Result<Vec<SigningKey>, Trouble> {
        let keys = self.key_paths()?.into_iter().map(|path| self.read_if_there(&path));
        // A key that was removed since the directory was listed is no key any more.
        keys.filter_map(Result::transpose).collect()
    }

    fn read_if_there(&self, path: &Path) -> Result<Option<SigningKey>, Trouble> {
        let mut file = match File::open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(at("cannot open", path))?,
        };
        let mut json = Zeroizing::new(Vec::new());
        file.read_to_end(&mut json).map_err(at("cannot read", path))?;
        let unreadable = |reason: String| Trouble::Unreadable { path: path.to_owned(), reason };
        let stored: KeyFile = serde_json::from_slice(&json).map_err(|error| unreadable(error.to_string()))?;
        let private_pem = Zeroizing::new(stored.private_pem);
        let algorithm = stored.algorithm.parse().map_err(unreadable)?;
        let (id, created_at, signs_from) = (stored.id, stored.created_at, stored.signs_from);
        Ok(Some(SigningKey { id, algorithm, private_pem, created_at, signs_from }))
    }

    /// Writes a key file whole: under another name, flushed to disk, renamed, the directory flushed.
    fn write(&self, key: &SigningKey) -> Result<(), Trouble> {
        let path = self.path_of(&key.id);
        // Only the lock's holder writes, so one name is enough, and what a killed process left goes.
        let temporary = self.0.join(".new");
        match fs::remove_file(&temporary) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(at("cannot remove", &temporary)(error));
            }
            _ => {}
        }
        let json = to_json(key).map_err(|error| at("cannot write", &path)(error.into()))?;
        let mut options = OpenOptions::new();
        let file = options.create_new(true).write(true).mode(0o600).open(&temporary);
        let mut file = file.map_err(at("cannot create", &temporary))?;
        file.write_all(&json).map_err(at("cannot write", &temporary))?;
        file.sync_all().map_err(at("cannot flush", &temporary))?;
        fs::rename(&temporary, &path).map_err(at("cannot create", &path))?;
        self.flush()
    }

    fn remove(&self, id: &KeyId) -> Result<bool, Trouble> {
        let path = self.path_of(id);
        match fs::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            removed => {
                removed.map_err(at("cannot remove", &path))?;
                self.flush().map(|()| true)
            }
        }
    }

    /// Makes renames and removals durable.
    fn flush(&self) -> Result<(), Trouble> {
        let directory = File::open(&self.0).map_err(at("cannot open", &self.0))?;
        directory.sync_all().map_err(at("cannot flush", &self.0))
    }
}

fn to_json(key: &SigningKey) -> Result<Zeroizing<Vec<u8>>, serde_json::Error> {
    let mut file = KeyFile {
        id: key.id.clone(),
        algorithm: key.algorithm.as_str().to_owned(),
        created_at: key.created_at,
        signs_from: key.signs_from,
        private_pem: key.private_pem.as_str().to_owned(),
    };
    let json = serde_json::to_vec_pretty(&file).map(Zeroizing::new);
    file.private_pem.zeroize();
    json
}
