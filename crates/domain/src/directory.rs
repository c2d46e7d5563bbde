use crate::{EmailKey, Instant, User, UserId, UserStatus};

/// Which accounts are looked for: those that meet every condition that is set.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserFilter {
    /// The address begins with this, case aside. Accounts are then ordered by address, else the newest come first.
    pub address_prefix: Option<String>,
    /// The account is active, or disabled.
    pub status: Option<UserStatus>,
    /// The account has the role `admin`, or has not.
    pub administrator: Option<bool>,
    /// The address is verified, or is not.
    pub verified: Option<bool>,
}

/// Where a page of accounts ended; the next one begins behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserCursor {
    /// Of accounts the newest first, those of one instant by their ids.
    Newest {
        /// When the last account of the page was opened.
        created_at: Instant,
        /// Its id.
        id: UserId,
    },
    /// Of accounts by address: the last one of the page.
    Address(EmailKey),
}

impl UserFilter {
    /// Whether the account meets every condition.
    #[must_use]
    pub fn admits(&self, user: &User) -> bool {
        let begins = |prefix: &String| user.email.key().as_str().starts_with(&prefix.to_lowercase());
        self.address_prefix.as_ref().is_none_or(begins)
            && self.status.is_none_or(|status| user.status == status)
            && self.administrator.is_none_or(|wanted| user.is_administrator() == wanted)
            && self.verified.is_none_or(|verified| user.email_verified() == verified)
    }

    /// Where a page that ends with `user` ends.
    #[must_use]
    pub fn cursor(&self, user: &User) -> UserCursor {
        match self.address_prefix {
            Some(_) => UserCursor::Address(user.email.key().clone()),
            None => UserCursor::Newest { created_at: user.created_at, id: user.id },
        }
    }
}
