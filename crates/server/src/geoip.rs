//! Where addresses are: the settings `geoip.*`.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use archon_geoip_maxmind::{GeoFiles, MaxMindLocator};

use crate::config::Settings;

/// The configured databases, in memory; `None` where there is none.
///
/// # Errors
/// When one of them cannot be used, with its path and what is wrong.
pub(crate) fn compose(settings: &Settings) -> anyhow::Result<Option<Arc<MaxMindLocator>>> {
    let file = |path: &Path| (!path.as_os_str().is_empty()).then(|| path.to_owned());
    let files = GeoFiles { city: file(&settings.geoip.city_file), asn: file(&settings.geoip.asn_file) };
    if files == GeoFiles::default() {
        return Ok(None);
    }
    let locator = MaxMindLocator::open(files).context("the section geoip of the configuration")?;
    tell(&locator);
    Ok(Some(Arc::new(locator)))
}

/// Reads the databases again, on a thread of their own: they are large. What cannot be used leaves what is in use.
pub(crate) fn reload(locator: &Arc<MaxMindLocator>) {
    let locator = Arc::clone(locator);
    tokio::task::spawn_blocking(move || match locator.reload() {
        Ok(()) => tell(&locator),
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "the GeoIP databases in use stay as they are");
        }
    });
}

fn tell(locator: &MaxMindLocator) {
    for database in locator.loaded() {
        let built_at = database.built_at.map(|at| at.to_rfc3339());
        tracing::info!(path = %database.path.display(), kind = database.kind, built_at, "read a GeoIP database");
    }
}
