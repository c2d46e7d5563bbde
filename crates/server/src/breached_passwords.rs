//! Where new passwords are looked up among those that were made public: the settings `passwords.breached_*`.

use std::sync::Arc;

use anyhow::Context as _;
use archon_breached_passwords::{HashFile, Lists, RangeQuery, RangeQuerySettings};
use archon_domain::ports::BreachedPasswords;

use crate::config::Settings;

/// The configured lists, the nearest first; `None` where there is none.
///
/// # Errors
/// When a list cannot be used, with the setting that names it and what is wrong. No server is asked.
pub(crate) fn compose(settings: &Settings) -> anyhow::Result<Option<Arc<dyn BreachedPasswords>>> {
    let (file, url) = (&settings.passwords.breached_file, &settings.passwords.breached_url);
    let mut lists: Vec<Arc<dyn BreachedPasswords>> = Vec::new();
    if !file.as_os_str().is_empty() {
        lists.push(Arc::new(HashFile::open(file).context("passwords.breached_file")?));
    }
    if !url.is_empty() {
        let query = RangeQuery::new(RangeQuerySettings::new(url.reveal()));
        lists.push(Arc::new(query.context("passwords.breached_url")?));
    }
    Ok((!lists.is_empty()).then(|| Arc::new(Lists::new(lists)) as _))
}
