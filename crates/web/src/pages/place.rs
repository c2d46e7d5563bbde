use super::done::Done;

/// A page that links and redirects lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    SignIn,
    Register,
    ForgotPassword,
    ResetPassword,
    VerifyEmail,
    Sessions,
    ChangePassword,
    Identities,
}

/// Where every page lies.
const ROOT: &str = "/auth/pages";

/// Whether a path belongs to the pages, whether there is one or not.
pub(crate) fn is_page(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Place {
    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::SignIn => "/auth/pages/sign-in",
            Self::Register => "/auth/pages/register",
            Self::ForgotPassword => "/auth/pages/forgot-password",
            Self::ResetPassword => "/auth/pages/reset-password",
            Self::VerifyEmail => "/auth/pages/verify-email",
            Self::Sessions => "/auth/pages/sessions",
            Self::ChangePassword => "/auth/pages/change-password",
            Self::Identities => "/auth/pages/identities",
        }
    }

    /// The same, with the news that something was done.
    pub(super) fn after(self, done: Done) -> String {
        format!("{}?done={}", self.path(), done.code())
    }

    /// The same, on the way to another page.
    pub(super) fn before(self, next: Self) -> String {
        format!("{}?next={}", self.path(), next.path())
    }

    /// Where a log-in leads to: one of the pages that need one, and nowhere else whatever is asked for, or the
    /// page would send its visitors to hosts of a stranger's choice.
    pub(super) fn after_sign_in(next: &str) -> Self {
        let places = [Self::Sessions, Self::ChangePassword, Self::Identities];
        places.into_iter().find(|place| place.path() == next).unwrap_or(Self::Sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_leads_to_pages_of_the_service_only() {
        assert_eq!(Place::after_sign_in("/auth/pages/change-password"), Place::ChangePassword);
        assert_eq!(Place::after_sign_in("/auth/pages/identities"), Place::Identities);
        for next in
            ["", "/", "//evil.example", "https://evil.example", "/auth/pages/sign-in", "sessions", "\r\n"]
        {
            assert_eq!(Place::after_sign_in(next), Place::Sessions, "{next:?}");
        }
    }

    #[test]
    fn pages_are_known_by_their_paths() {
        assert!(["/auth/pages", "/auth/pages/", "/auth/pages/x/y"].into_iter().all(is_page));
        assert!(!["/auth", "/auth/pagesx", "/auth/sessions", "/"].into_iter().any(is_page));
    }
}
