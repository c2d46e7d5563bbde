use archon_domain::OneTimeToken;
use subtle::ConstantTimeEq as _;

use super::place::Place;

/// What ties a flow to the browser that began it: the flow's state and where it leads, in a cookie.
///
/// A callback that comes without it was begun in another browser: by somebody who wants the user logged in to
/// an account that is not theirs, or an identity that is not theirs linked to it (RFC 9700 sections 2.1 and 4.7).
#[derive(Debug)]
pub(super) struct Binding {
    state: String,
    /// Where the user wanted to go.
    pub(super) next: Place,
}

impl Binding {
    /// The value of the cookie for a flow.
    pub(super) fn value(state: &OneTimeToken, next: Place) -> String {
        format!("{}.{}", state.expose(), next.path())
    }

    /// Reads the cookie's value; `None` for what no flow was begun with.
    pub(super) fn parse(value: &str) -> Option<Self> {
        let (state, next) = value.split_once('.')?;
        let state = OneTimeToken::parse(state)?.expose().to_owned();
        Some(Self { state, next: Place::after_sign_in(next) })
    }

    /// Whether the flow of this state was begun in this browser.
    pub(super) fn is_of(&self, state: &str) -> bool {
        self.state.as_bytes().ct_eq(state.as_bytes()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATE: &str = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    #[test]
    fn a_binding_is_of_one_state_and_leads_to_its_place() {
        let state = OneTimeToken::parse(STATE).unwrap();
        let binding = Binding::parse(&Binding::value(&state, Place::ChangePassword)).unwrap();
        assert_eq!(binding.next, Place::ChangePassword);
        assert!(binding.is_of(STATE));
        for other in ["", "A", &STATE[1..], &STATE.to_lowercase()] {
            assert!(!binding.is_of(other), "{other}");
        }
    }

    #[test]
    fn a_binding_that_was_tampered_with_leads_to_no_other_host() {
        for next in ["", "https://evil.example", "//evil.example", "/auth/pages/sign-in"] {
            assert_eq!(Binding::parse(&format!("{STATE}.{next}")).unwrap().next, Place::Sessions);
        }
        for value in ["", ".", STATE, "./auth/pages/sessions", "A./auth/pages/sessions"] {
            assert!(Binding::parse(value).is_none(), "{value}");
        }
    }
}
