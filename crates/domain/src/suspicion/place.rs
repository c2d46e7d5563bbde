use serde::{Deserialize, Serialize};

/// Where an address is, as far as a GeoIP database knows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// ISO 3166-1 code of two letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// A region within the country: the second part of its ISO 3166-2 code, or its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// Where on earth.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The number of the autonomous system (RFC 4271 section 1.1), that is, of the network's operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub autonomous_system: Option<u32>,
}

/// A point on earth.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Location {
    /// Degrees north of the equator, -90 to 90.
    pub latitude: f64,
    /// Degrees east of Greenwich, -180 to 180.
    pub longitude: f64,
    /// How far off it may well be, in kilometres; 0 if the database does not say.
    pub accuracy_km: u16,
}

/// The radius of the sphere that has the earth's mean circumference (IUGG).
const EARTH_RADIUS_KM: f64 = 6371.0088;

impl Place {
    /// Whether both are in one region, or in the hands of one operator. What is unknown is never the same.
    #[must_use]
    pub fn shares_surroundings(&self, other: &Self) -> bool {
        let same_region = self.shares_country(other) && known_equal(&self.region, &other.region);
        same_region || known_equal(&self.autonomous_system, &other.autonomous_system)
    }

    /// Whether both are in one country that is known.
    #[must_use]
    pub fn shares_country(&self, other: &Self) -> bool {
        known_equal(&self.country, &other.country)
    }

    /// Whether both countries are known, and differ.
    #[must_use]
    pub fn is_abroad_of(&self, other: &Self) -> bool {
        self.country.is_some() && other.country.is_some() && !self.shares_country(other)
    }

    /// The place without the point on earth, which nobody needs to keep.
    #[must_use]
    pub(super) fn surroundings(&self) -> Self {
        Self { location: None, ..self.clone() }
    }
}

fn known_equal<T: PartialEq>(one: &Option<T>, other: &Option<T>) -> bool {
    one.is_some() && one == other
}

impl Location {
    /// The length of the great circle between both, in kilometres.
    #[must_use]
    pub fn kilometres_to(&self, other: &Self) -> f64 {
        let (from, to) = (self.latitude.to_radians(), other.latitude.to_radians());
        let north = (to - from) / 2.0;
        let east = (other.longitude - self.longitude).to_radians() / 2.0;
        // The haversine formula, which keeps its precision over short distances.
        let half_chord = north.sin().powi(2) + from.cos() * to.cos() * east.sin().powi(2);
        2.0 * EARTH_RADIUS_KM * half_chord.clamp(0.0, 1.0).sqrt().asin()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(latitude: f64, longitude: f64) -> Location {
        Location { latitude, longitude, accuracy_km: 0 }
    }

    #[test]
    fn great_circles_have_their_known_lengths() {
        let berlin = at(52.52, 13.405);
        for (from, to, kilometres) in [
            (berlin, berlin, 0.0),
            (berlin, at(48.137, 11.575), 504.0),
            (berlin, at(35.682, 139.759), 8918.0),
            (at(0.0, 179.5), at(0.0, -179.5), 111.2),
            (at(90.0, 0.0), at(-90.0, 0.0), 20015.1),
        ] {
            let length = from.kilometres_to(&to);
            assert!((length - kilometres).abs() < kilometres * 0.005 + 0.1, "{length} is not {kilometres}");
            assert!((length - to.kilometres_to(&from)).abs() < 1e-6);
        }
    }

    #[test]
    fn what_is_unknown_is_never_the_same() {
        let place = |country: Option<&str>, region: Option<&str>, autonomous_system| Place {
            country: country.map(str::to_owned),
            region: region.map(str::to_owned),
            autonomous_system,
            location: None,
        };
        let berlin = place(Some("DE"), Some("BE"), Some(3320));
        assert!(berlin.shares_surroundings(&place(Some("DE"), Some("BE"), None)));
        assert!(berlin.shares_surroundings(&place(None, None, Some(3320))));
        assert!(!berlin.shares_surroundings(&place(Some("BR"), Some("BE"), None)));
        assert!(!berlin.shares_surroundings(&place(Some("DE"), None, None)));
        assert!(!Place::default().shares_surroundings(&Place::default()));
        assert!(
            !berlin.is_abroad_of(&Place::default()) && berlin.is_abroad_of(&place(Some("BR"), None, None))
        );
    }
}
