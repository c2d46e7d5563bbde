//! Texts with a meaning: whether they have it.

use std::net::IpAddr;

use archon_domain::ProviderDescriptor;
use ipnet::IpNet;
use url::{Host, Url};

/// Says of a text that is no secret what it is not; long ones are cut.
pub(super) fn not(text: &str, wanted: &str) -> String {
    not_usable(text, &format!("is not {wanted}"))
}

/// Says of a text that is no secret what is wrong with it, as the rest of a sentence; long ones are cut.
pub(super) fn not_usable(text: &str, reason: &str) -> String {
    let cut: String = text.chars().take(60).collect();
    let dots = if cut.len() < text.len() { "..." } else { "" };
    format!("{cut:?}{dots} {reason}")
}

pub(super) fn is_schema(text: &str) -> bool {
    let may_stand = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
    text.len() <= 63 && text.chars().all(may_stand) && !text.starts_with(|first: char| first.is_ascii_digit())
}

pub(super) fn is_host(text: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    // What looks like an IPv4 address is one or is wrong; it is no host name.
    let numeric = text.chars().all(|letter| letter.is_ascii_digit() || letter == '.');
    text.parse::<IpAddr>().is_ok() || (!numeric && text.len() <= 253 && text.split('.').all(is_label))
}

pub(super) fn network(text: &str) -> Result<IpNet, String> {
    let single = || text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>().or_else(|_| single()).map_err(|_| not(text, "an IP address or a network"))
}

pub(super) fn origin(text: &str) -> Result<String, String> {
    let wrong = || not(text, "an origin");
    let url = Url::parse(text).map_err(|_| wrong())?;
    let bare = url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    let web = matches!(url.scheme(), "http" | "https");
    if web && bare { Ok(url.origin().ascii_serialization()) } else { Err(wrong()) }
}

/// Checks a URL without showing it, for it may hold a password.
pub(super) fn url(text: &str, starts: &[&str]) -> Result<(), String> {
    let start = starts.iter().find(|start| text.starts_with(**start));
    let start = start.ok_or_else(|| "does not start as allowed".to_owned())?;
    let rest = &text[start.len()..];
    match *start {
        "memory:" if rest.is_empty() => Ok(()),
        "memory:" => Err("has something after memory:".to_owned()),
        "sqlite:" if rest.is_empty() || rest.starts_with("//") => {
            Err("names no file: write sqlite:PATH".to_owned())
        }
        "sqlite:" => Ok(()),
        // Several hosts, which no URL has; the adapter reads them.
        "redis-cluster://" | "rediss-cluster://" if !rest.is_empty() => Ok(()),
        _ => Url::parse(text).map(|_| ()).map_err(|error| format!("is no URL: {error}")),
    }
}

/// The number of an autonomous system (RFC 6793); 0 is reserved.
pub(super) fn autonomous_system(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix("AS").or_else(|| text.strip_prefix("as")).unwrap_or(text);
    let number = number.parse().ok().filter(|number| *number != 0);
    number.ok_or_else(|| not(text, "the number of an autonomous system"))
}

/// Checks the URL of a provider, which must not be what a password is written into.
pub(super) fn provider_url(text: &str) -> Result<(), String> {
    let url = Url::parse(text).map_err(|error| format!("is no URL: {error}"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must not hold a user or a password".to_owned());
    }
    if url.query().is_some() || url.fragment().is_some() || text.contains(char::is_whitespace) {
        return Err(not_usable(text, "must not have spaces, nor anything after its path"));
    }
    match url.scheme() {
        "https" => Ok(()),
        "http" if is_this_machine(&url) => Ok(()),
        "http" => Err(not_usable(text, "must start with https://: secrets are sent there")),
        _ => Err(not(text, "an address of the web")),
    }
}

fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Checks a name that stands in paths and in the database.
pub(super) fn provider_name(text: &str) -> Result<(), String> {
    let may_stand =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || matches!(letter, '_' | '-');
    let well_known =
        [ProviderDescriptor::google(), ProviderDescriptor::github(), ProviderDescriptor::microsoft()];
    if well_known.iter().any(|provider| provider.name == text) {
        return Err(format!("{text} has a section of its own, oauth.{text}"));
    }
    if text.len() > 32 || !text.chars().all(may_stand) {
        return Err(not(text, "a name for paths"));
    }
    Ok(())
}
