use archon_domain::{Location, Place};
use maxminddb::geoip2::{City, city};

/// Codes and names are cut to so many characters, whatever a file holds: sessions remember them.
const MOST_CHARACTERS: usize = 40;

/// What a record of a City database says of where an address is.
pub(crate) fn place(record: &City<'_>) -> Place {
    let region = record.subdivisions.first().and_then(|region| region.iso_code.or(region.names.english));
    // An address that is announced in many places at once is in none of them.
    let is_anycast = record.traits.is_anycast == Some(true);
    Place {
        country: record.country.iso_code.map(cut),
        region: region.map(cut),
        location: if is_anycast { None } else { location(&record.location) },
        autonomous_system: None,
    }
}

fn location(record: &city::Location<'_>) -> Option<Location> {
    let (latitude, longitude) = record.latitude.zip(record.longitude)?;
    let is_on_earth = (-90.0..=90.0).contains(&latitude) && (-180.0..=180.0).contains(&longitude);
    let accuracy_km = record.accuracy_radius.unwrap_or_default();
    is_on_earth.then_some(Location { latitude, longitude, accuracy_km })
}

fn cut(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}
