//! What the requests of sample sessions leave behind.

use std::net::IpAddr;

use archon_domain::{
    Instant, Location, Place, SessionTrace, Sighting, Span, SuspicionPolicy, SuspicionReason, Verdict,
};

use super::ip;

/// Where every sample session is opened.
#[must_use]
pub fn place() -> Place {
    Place {
        country: Some("AT".to_owned()),
        region: Some("Kärnten \"o'clock\" 李 \\ 🦀".to_owned()),
        location: Some(Location { latitude: 46.624_7, longitude: -0.1 + 0.2, accuracy_km: 20 }),
        autonomous_system: Some(u32::MAX),
    }
}

/// What a request from another address leaves behind, which comes soon after the session has become suspicious
/// if it has.
#[must_use]
pub fn moved(trace: &SessionTrace, address: IpAddr, at: Instant) -> SessionTrace {
    let sighting = Sighting {
        address,
        user_agent: &trace.user_agent,
        at,
        known_address: false,
        place: None,
        last_place: None,
    };
    match SuspicionPolicy::default().judge(trace, &sighting) {
        Verdict::Allow { trace } | Verdict::Flag { trace, .. } => trace,
        verdict => panic!("a change of the network ends no session: {verdict:?}"),
    }
}

/// A trace as large as they become, of a session that has become suspicious: it was used from more networks
/// than are remembered, by IPv4 and IPv6, and once more from the one before the last.
#[must_use]
pub fn travelled(trace: &SessionTrace, at: Instant) -> SessionTrace {
    let networks = (0..20_u8).map(|network| match network % 2 {
        0 => ip(&format!("198.51.{network}.7")),
        _ => ip(&format!("2001:db8:{network:x}::7")),
    });
    let networks: Vec<IpAddr> = networks.chain([ip("198.51.16.9")]).collect();
    let instants = (0..).map(|step| at + Span::microseconds(step));
    let steps = networks.into_iter().zip(instants);
    let trace = steps.fold(trace.clone(), |trace, (address, at)| moved(&trace, address, at));
    assert_eq!(trace.flag.map(|flag| flag.reason), Some(SuspicionReason::TooManyIpChanges));
    trace
}
