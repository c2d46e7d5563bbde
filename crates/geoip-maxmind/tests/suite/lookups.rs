//! What is found, and what is not.

use std::net::IpAddr;

use archon_domain::ports::GeoLocator;
use archon_domain::{Location, Place};
use archon_geoip_maxmind::{GeoFiles, MaxMindLocator};
use mmdb_writer::{IpVersion, RecordSize};
use proptest::prelude::*;
use serde_json::json;

use crate::files::{Folder, asn, city, database, locator};

fn locate(locator: &MaxMindLocator, address: &str) -> Option<Place> {
    locator.locate(address.parse().unwrap())
}

fn place(country: &str, region: &str, location: Option<Location>, autonomous_system: u32) -> Option<Place> {
    let known = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let autonomous_system = (autonomous_system != 0).then_some(autonomous_system);
    Some(Place { country: known(country), region: known(region), location, autonomous_system })
}

fn at(latitude: f64, longitude: f64, accuracy_km: u16) -> Option<Location> {
    Some(Location { latitude, longitude, accuracy_km })
}

#[test]
fn places_and_operators_come_together() {
    let locator = locator();
    for (address, expected) in [
        ("192.0.2.1", place("DE", "BE", at(52.5, 13.4, 20), 64_500)),
        ("::ffff:192.0.2.1", place("DE", "BE", at(52.5, 13.4, 20), 64_500)),
        ("192.0.2.200", place("DE", "BE", at(52.5, 13.4, 20), 0)),
        ("100.64.1.1", place("", "", None, 4_200_000_000)),
        ("2001:db8::1", place("FR", "IDF", None, 64_501)),
        ("2001:db8:1::1", place("", "", None, 64_501)),
        ("198.51.100.1", place("JP", "", at(35.5, 139.5, 0), 0)),
        ("203.0.113.1", place("US", "", None, 0)),
        ("203.0.113.200", place("US", "", None, 0)),
        ("198.51.100.200", place("", &"R".repeat(40), None, 0)),
        ("10.1.2.3", None),
        ("172.16.0.1", None),
        ("2001:db9::1", None),
    ] {
        assert_eq!(locate(&locator, address), expected, "{address}");
    }
}

#[test]
fn either_file_may_be_missing() {
    let folder = Folder::new();
    let places = GeoFiles { city: Some(folder.write("city.mmdb", city())), asn: None };
    let places = MaxMindLocator::open(places).unwrap();
    assert_eq!(locate(&places, "192.0.2.1"), place("DE", "BE", at(52.5, 13.4, 20), 0));
    let operators = GeoFiles { city: None, asn: Some(folder.write("asn.mmdb", asn())) };
    let operators = MaxMindLocator::open(operators).unwrap();
    assert_eq!(locate(&operators, "192.0.2.1"), place("", "", None, 64_500));
    let nothing = MaxMindLocator::open(GeoFiles::default()).unwrap();
    assert_eq!(locate(&nothing, "192.0.2.1"), None);
}

#[test]
fn every_size_of_record_is_read_and_ipv6_is_not_asked_of_a_database_without() {
    let record = json!({ "country": { "iso_code": "DE" } });
    for size in [RecordSize::Bits24, RecordSize::Bits28, RecordSize::Bits32] {
        let folder = Folder::new();
        let bytes = database("GeoIP2-Country", IpVersion::V4, size, &[("192.0.2.0/24", record.clone())]);
        let files = GeoFiles { city: Some(folder.write("country.mmdb", bytes)), asn: None };
        let locator = MaxMindLocator::open(files).unwrap();
        assert_eq!(locate(&locator, "192.0.2.1"), place("DE", "", None, 0));
        assert_eq!(locate(&locator, "::ffff:192.0.2.1"), place("DE", "", None, 0));
        assert_eq!(locate(&locator, "2001:db8::1"), None);
    }
}

proptest! {
    #[test]
    fn a_damaged_file_is_refused_or_answers_without_a_panic(
        damage in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
        addresses in proptest::collection::vec(prop_oneof![any::<[u8; 4]>().prop_map(IpAddr::from), any::<[u8; 16]>().prop_map(IpAddr::from)], 20),
    ) {
        let folder = Folder::new();
        let mut bytes = city();
        for (index, byte) in damage {
            *index.get_mut(&mut bytes) = byte;
        }
        let files = GeoFiles { city: Some(folder.write("city.mmdb", &bytes)), asn: None };
        if let Ok(locator) = MaxMindLocator::open(files) {
            let written = ["192.0.2.1", "198.51.100.1", "203.0.113.1", "2001:db8::1"].map(|text| text.parse().unwrap());
            for address in addresses.into_iter().chain(written) {
                let _ = locator.locate(address);
            }
        }
    }
}
