use std::borrow::Cow;

use super::done::Done;
use crate::console::ConsolePlace;

/// A page that links and redirects lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    SignIn,
    Register,
    ForgotPassword,
    ResetPassword,
    VerifyEmail,
    Sessions,
    ChangePassword,
    Identities,
    Console(ConsolePlace),
}

/// Where every page lies.
const ROOT: &str = "/auth/pages";

/// Whether a path belongs to the pages, whether there is one or not.
pub(crate) fn is_page(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Place {
    pub(crate) fn path(self) -> Cow<'static, str> {
        Cow::Borrowed(match self {
            Self::SignIn => "/auth/pages/sign-in",
            Self::Register => "/auth/pages/register",
            Self::ForgotPassword => "/auth/pages/forgot-password",
            Self::ResetPassword => "/auth/pages/reset-password",
            Self::VerifyEmail => "/auth/pages/verify-email",
            Self::Sessions => "/auth/pages/sessions",
            Self::ChangePassword => "/auth/pages/change-password",
            Self::Identities => "/auth/pages/identities",
            Self::Console(place) => return place.path(),
        })
    }

    /// The same, with the news that something was done.
    pub(crate) fn after(self, done: Done) -> String {
        format!("{}?done={}", self.path(), done.code())
    }

    /// The same, on the way to another page.
    pub(crate) fn before(self, next: Self) -> String {
        format!("{}?next={}", self.path(), next.path())
    }

    /// Where a log-in leads to: one of the pages that need one, and nowhere else whatever is asked for, or the
    /// page would send its visitors to hosts of a stranger's choice.
    pub(crate) fn after_sign_in(next: &str) -> Self {
        let places = [Self::Sessions, Self::ChangePassword, Self::Identities];
        let own = places.into_iter().find(|place| place.path() == next);
        own.or_else(|| ConsolePlace::parse(next).map(Self::Console)).unwrap_or(Self::Sessions)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_in_leads_to_pages_of_the_service_only() {
        assert_eq!(Place::after_sign_in("/auth/pages/change-password"), Place::ChangePassword);
        assert_eq!(Place::after_sign_in("/auth/pages/identities"), Place::Identities);
        let users = Place::Console(ConsolePlace::Users);
        assert_eq!(Place::after_sign_in(&users.path()), users);
        for next in [
            "",
            "/",
            "//evil.example",
            "https://evil.example",
            "/auth/pages/sign-in",
            "sessions",
            "\r\n",
            "/auth/console/",
            "/auth/console/users/..",
        ] {
            assert_eq!(Place::after_sign_in(next), Place::Sessions, "{next:?}");
        }
    }

    #[test]
    fn pages_are_known_by_their_paths() {
        assert!(["/auth/pages", "/auth/pages/", "/auth/pages/x/y"].into_iter().all(is_page));
        assert!(!["/auth", "/auth/pagesx", "/auth/sessions", "/"].into_iter().any(is_page));
    }
}
