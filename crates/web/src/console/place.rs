use std::borrow::Cow;

use archon_domain::{AlertId, UserId};

/// A page of the console that links, redirects and log-ins lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ConsolePlace {
    Overview,
    Users,
    User(UserId),
    Events,
    Alerts,
    Alert(AlertId),
    BlockedAddresses,
    Mail,
    Keys,
}

/// Where the console lies.
const ROOT: &str = "/auth/console";

/// Whether a path belongs to the console, whether there is a page or not.
pub(crate) fn is_console(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl ConsolePlace {
    /// The pages that the navigation leads to, with what they are called there.
    pub(super) const SECTIONS: [(Self, &'static str); 7] = [
        (Self::Overview, "Overview"),
        (Self::Users, "Users"),
        (Self::Events, "Events"),
        (Self::Alerts, "Alerts"),
        (Self::BlockedAddresses, "Blocked"),
        (Self::Mail, "Mail"),
        (Self::Keys, "Keys"),
    ];

    pub(crate) fn path(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::Overview => "/auth/console",
            Self::Users => "/auth/console/users",
            Self::User(id) => return Cow::Owned(format!("/auth/console/users/{id}")),
            Self::Events => "/auth/console/events",
            Self::Alerts => "/auth/console/alerts",
            Self::Alert(id) => return Cow::Owned(format!("/auth/console/alerts/{id}")),
            Self::BlockedAddresses => "/auth/console/blocked-addresses",
            Self::Mail => "/auth/console/mail",
            Self::Keys => "/auth/console/keys",
        })
    }

    /// The page at a path. Whatever else is written there, what is read is one of ours.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let sections = Self::SECTIONS.into_iter().map(|(place, _)| place);
        let user = || path.strip_prefix("/auth/console/users/")?.parse().ok().map(Self::User);
        let alert = || path.strip_prefix("/auth/console/alerts/")?.parse().ok().map(Self::Alert);
        sections.into_iter().find(|place| place.path() == path).or_else(user).or_else(alert)
    }

    /// The entry of the navigation that the page belongs to.
    pub(super) const fn section(self) -> Self {
        match self {
            Self::User(_) => Self::Users,
            Self::Alert(_) => Self::Alerts,
            Self::Overview
            | Self::Users
            | Self::Events
            | Self::Alerts
            | Self::BlockedAddresses
            | Self::Mail
            | Self::Keys => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019b8d2c-8f4a-7c3e-9f10-a1b2c3d4e5f6";

    #[test]
    fn a_path_reads_as_the_place_that_it_leads_to() {
        let user = ConsolePlace::User(ID.parse().unwrap());
        let alert = ConsolePlace::Alert(ID.parse().unwrap());
        let sections = ConsolePlace::SECTIONS.map(|(place, _)| place);
        for place in sections.into_iter().chain([user, alert]) {
            assert_eq!(ConsolePlace::parse(&place.path()), Some(place));
            assert!(is_console(&place.path()) && sections.contains(&place.section()));
        }
    }

    #[test]
    fn nothing_else_is_a_place() {
        for path in
            ["", "/", "/auth/console/", "/auth/console/users/", "/auth/console/users/x", "//evil.example"]
        {
            assert_eq!(ConsolePlace::parse(path), None, "{path}");
        }
        // Other ways to write an id lead to the same page, by our own way to write it.
        let braced = ConsolePlace::parse(&format!("/auth/console/users/{{{ID}}}"));
        assert_eq!(braced, Some(ConsolePlace::User(ID.parse().unwrap())));
        assert!(!["/auth", "/auth/consoles", "/auth/pages"].into_iter().any(is_console));
    }
}
