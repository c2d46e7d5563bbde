//! The templates of the operator console.

/// Every template, by the name that others include it by.
pub(super) const TEMPLATES: [(&str, &str); 14] = [
    ("console/base.html", include_str!("base.html")),
    ("console/parts.html", include_str!("parts.html")),
    ("console/plot.html", include_str!("plot.html")),
    ("console/overview.html", include_str!("overview.html")),
    ("console/users.html", include_str!("users.html")),
    ("console/user.html", include_str!("user.html")),
    ("console/confirm.html", include_str!("confirm.html")),
    ("console/events.html", include_str!("events.html")),
    ("console/alerts.html", include_str!("alerts.html")),
    ("console/alert.html", include_str!("alert.html")),
    ("console/blocked-addresses.html", include_str!("blocked-addresses.html")),
    ("console/mail.html", include_str!("mail.html")),
    ("console/keys.html", include_str!("keys.html")),
    ("console/forbidden.html", include_str!("forbidden.html")),
];
