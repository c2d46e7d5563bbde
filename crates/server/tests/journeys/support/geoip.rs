//! A database of where addresses are, in MaxMind's format.

use std::path::Path;

use ipnet::IpNet;
use mmdb_writer::{IpVersion, RecordSize, Value, Writer};

/// A city, and an address in it.
pub(crate) struct City {
    pub(crate) address: &'static str,
    network: &'static str,
    country: &'static str,
    region: &'static str,
    latitude: f64,
    longitude: f64,
}

pub(crate) const BERLIN: City = City {
    address: "192.0.2.1",
    network: "192.0.2.0/24",
    country: "DE",
    region: "BE",
    latitude: 52.52,
    longitude: 13.40,
};

pub(crate) const TOKYO: City = City {
    address: "203.0.113.1",
    network: "203.0.113.0/24",
    country: "JP",
    region: "13",
    latitude: 35.68,
    longitude: 139.76,
};

impl City {
    /// The same city with another network.
    pub(crate) const fn with_network(self, network: &'static str) -> Self {
        Self { network, ..self }
    }
}

/// Writes a database of a kind, such as `GeoLite2-City`, that knows these.
pub(crate) fn write_cities(path: &Path, kind: &str, cities: &[City]) -> anyhow::Result<()> {
    let builder = Writer::builder(kind).ip_version(IpVersion::V6);
    let mut writer = builder.record_size(RecordSize::Bits28).build();
    for city in cities {
        let code = |code: &str| Value::map([("iso_code", code)]);
        let location = [
            ("latitude", Value::from(city.latitude)),
            ("longitude", Value::from(city.longitude)),
            ("accuracy_radius", Value::from(20_u16)),
        ];
        let record = Value::map([
            ("country", code(city.country)),
            ("subdivisions", Value::array([code(city.region)])),
            ("location", Value::map(location)),
        ]);
        writer.insert_value(city.network.parse::<IpNet>()?, record)?;
    }
    Ok(std::fs::write(path, writer.to_bytes()?)?)
}
