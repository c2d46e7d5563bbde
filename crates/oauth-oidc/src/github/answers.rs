//! GitHub's answers, as far as they matter here.

use archon_domain::Email;
use serde::Deserialize;

use crate::person;

/// What the token endpoint answers, with 200 in either case.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Grant {
    Denied { error: String },
    Granted { access_token: String },
}

/// `GET /user`.
#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    pub(super) name: Option<String>,
}

/// One of `GET /user/emails`.
#[derive(Deserialize)]
pub(super) struct Address {
    email: String,
    primary: bool,
    verified: bool,
}

/// The user's primary address and whether GitHub vouches for it. No other one is taken in its place: the user has
/// said which one is to be written to. None where the primary one takes no mail.
pub(super) fn reachable(addresses: &[Address]) -> Option<(Email, bool)> {
    let primary = addresses.iter().find(|address| address.primary && !takes_no_mail(&address.email))?;
    Some((person::email(Some(&primary.email))?, primary.verified))
}

/// Whether an address is one that GitHub makes up to hide another: `1+ada@users.noreply.github.com`.
fn takes_no_mail(address: &str) -> bool {
    address
        .rsplit_once('@')
        .is_some_and(|(_, domain)| domain.to_ascii_lowercase().starts_with("users.noreply."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(email: &str, primary: bool, verified: bool) -> Address {
        Address { email: email.to_owned(), primary, verified }
    }

    #[test]
    fn the_primary_address_is_taken_and_never_one_that_takes_no_mail() {
        let found = |addresses: &[Address]| {
            reachable(addresses).map(|(email, verified)| (email.as_typed().to_owned(), verified))
        };
        let hidden = address("1+ada@users.noreply.github.com", false, true);
        let other = address("other@example.com", false, true);
        let addresses = [hidden, other, address("ada@example.com", true, true)];
        assert_eq!(found(&addresses), Some(("ada@example.com".to_owned(), true)));
        let unverified = [address("other@example.com", false, true), address("ada@example.com", true, false)];
        assert_eq!(found(&unverified), Some(("ada@example.com".to_owned(), false)));
        assert_eq!(found(&[address("1+ada@Users.Noreply.github.com", true, true)]), None);
        assert_eq!(found(&[]), None);
    }
}
