//! New files in the place of old ones.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use archon_domain::Instant;
use archon_domain::ports::GeoLocator;
use archon_geoip_maxmind::{GeoFiles, Loaded, MaxMindLocator};
use mmdb_writer::{IpVersion, RecordSize};
use serde_json::json;

use crate::files::{BUILT_AT, Folder, asn, city, database};

fn country(code: &str) -> Vec<u8> {
    let record = json!({ "country": { "iso_code": code } });
    database("DBIP-Country-Lite", IpVersion::V6, RecordSize::Bits28, &[("192.0.2.0/24", record)])
}

fn country_of(locator: &MaxMindLocator) -> Option<String> {
    locator.locate("192.0.2.1".parse().unwrap()).and_then(|place| place.country)
}

#[test]
fn a_reload_takes_new_files_and_keeps_the_old_ones_if_one_is_bad() {
    let folder = Folder::new();
    let files = GeoFiles {
        city: Some(folder.write("city.mmdb", country("DE"))),
        asn: Some(folder.write("asn.mmdb", asn())),
    };
    let locator = MaxMindLocator::open(files).unwrap();
    folder.write("city.mmdb", country("JP"));
    assert_eq!(country_of(&locator).as_deref(), Some("DE"), "nothing is read before the reload");
    locator.reload().unwrap();
    assert_eq!(country_of(&locator).as_deref(), Some("JP"));

    folder.write("city.mmdb", country("FR"));
    let asn = folder.write("asn.mmdb", b"half a download");
    assert_eq!(locator.reload().unwrap_err().path, asn);
    assert_eq!(country_of(&locator).as_deref(), Some("JP"), "both or none");
    assert_eq!(locator.locate("2001:db8::1".parse().unwrap()).unwrap().autonomous_system, Some(64_501));
}

#[test]
fn look_ups_go_on_while_files_are_read() {
    let folder = Folder::new();
    let files = GeoFiles { city: Some(folder.write("city.mmdb", country("DE"))), asn: None };
    let locator = MaxMindLocator::open(files).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                assert_eq!(country_of(&locator).as_deref(), Some("DE"));
            }
        });
        for _ in 0..50 {
            locator.reload().unwrap();
        }
        done.store(true, Ordering::Relaxed);
        reader.join().unwrap();
    });
}

#[test]
fn what_is_loaded_can_be_told() {
    let folder = Folder::new();
    let path = folder.write("city.mmdb", city());
    let locator = MaxMindLocator::open(GeoFiles { city: Some(path.clone()), asn: None }).unwrap();
    let built_at = Instant::from_timestamp(i64::try_from(BUILT_AT).unwrap(), 0);
    assert_eq!(locator.loaded(), [Loaded { path, kind: "GeoLite2-City".to_owned(), built_at }]);
}
