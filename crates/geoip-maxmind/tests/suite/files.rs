//! Database files, written by a crate that is not the one that reads them.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, UNIX_EPOCH};

use archon_geoip_maxmind::{GeoFiles, MaxMindLocator};
use ipnet::IpNet;
use mmdb_writer::{IpVersion, RecordSize, Writer};
use serde_json::{Value, json};

/// The second that every database says it was made in: 2026-01-02T03:04:05Z.
pub(crate) const BUILT_AT: u64 = 1_767_323_045;

/// A folder for files.
pub(crate) struct Folder(tempfile::TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

/// The bytes of a database.
pub(crate) fn database(
    kind: &str,
    version: IpVersion,
    size: RecordSize,
    entries: &[(&str, Value)],
) -> Vec<u8> {
    let built_at = UNIX_EPOCH + Duration::from_secs(BUILT_AT);
    let mut writer =
        Writer::builder(kind).ip_version(version).record_size(size).build_epoch(built_at).build();
    for (network, record) in entries {
        writer.insert_value(network.parse::<IpNet>().unwrap(), typed(record)).unwrap();
    }
    writer.to_bytes().unwrap()
}

/// JSON knows one kind of whole number, the format several: an accuracy has 16 bits, all else that is whole
/// 32.
fn typed(value: &Value) -> mmdb_writer::Value {
    use mmdb_writer::Value as Typed;
    let field = |(name, value): (&String, &Value)| match value.as_u64() {
        Some(radius) if name == "accuracy_radius" => {
            (name.clone(), Typed::from(u16::try_from(radius).unwrap()))
        }
        _ => (name.clone(), typed(value)),
    };
    match value {
        Value::Object(fields) => Typed::map(fields.iter().map(field)),
        Value::Array(items) => Typed::array(items.iter().map(typed)),
        Value::String(text) => Typed::from(text.as_str()),
        Value::Bool(flag) => Typed::from(*flag),
        Value::Number(number) => match number.as_u64() {
            Some(whole) => Typed::from(u32::try_from(whole).unwrap()),
            None => Typed::from(number.as_f64().unwrap()),
        },
        Value::Null => unreachable!("the format knows no null"),
    }
}

/// A City database with a record of every shape.
pub(crate) fn city() -> Vec<u8> {
    let entries = [
        (
            "192.0.2.0/24",
            json!({
                "city": { "names": { "en": "Berlin" } },
                "country": { "iso_code": "DE" },
                "registered_country": { "iso_code": "US" },
                "subdivisions": [{ "iso_code": "BE", "names": { "en": "Land Berlin" } }, { "iso_code": "X" }],
                "location": { "latitude": 52.5, "longitude": 13.4, "accuracy_radius": 20 },
            }),
        ),
        (
            "198.51.100.0/25",
            json!({ "country": { "iso_code": "JP" }, "location": { "latitude": 35.5, "longitude": 139.5 } }),
        ),
        ("198.51.100.128/25", json!({ "subdivisions": [{ "names": { "en": "R".repeat(100) } }] })),
        (
            "203.0.113.0/25",
            json!({
                "country": { "iso_code": "US" },
                "location": { "latitude": 37.5, "longitude": -97.5, "accuracy_radius": 1000 },
                "traits": { "is_anycast": true },
            }),
        ),
        (
            "203.0.113.128/25",
            json!({ "country": { "iso_code": "US" }, "location": { "latitude": 137.5, "longitude": -97.5 } }),
        ),
        (
            "2001:db8::/48",
            json!({ "country": { "iso_code": "FR" }, "subdivisions": [{ "iso_code": "IDF" }] }),
        ),
        ("10.0.0.0/8", json!({ "country": "a record of another shape" })),
    ];
    database("GeoLite2-City", IpVersion::V6, RecordSize::Bits28, &entries)
}

/// An ASN database.
pub(crate) fn asn() -> Vec<u8> {
    let record = |number: u32| json!({ "autonomous_system_number": number, "autonomous_system_organization": "Example" });
    let entries = [
        ("192.0.2.0/25", record(64_500)),
        ("100.64.0.0/10", record(4_200_000_000)),
        ("2001:db8::/32", record(64_501)),
    ];
    database("GeoLite2-ASN", IpVersion::V6, RecordSize::Bits24, &entries)
}

/// A locator with both.
pub(crate) fn locator() -> MaxMindLocator {
    let folder = Folder::new();
    let files = GeoFiles {
        city: Some(folder.write("city.mmdb", city())),
        asn: Some(folder.write("asn.mmdb", asn())),
    };
    MaxMindLocator::open(files).unwrap()
}
