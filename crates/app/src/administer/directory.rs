use archon_domain::{AttemptCounter, AttemptStanding, LinkedIdentity, User, UserCursor, UserFilter, UserId};

use super::{AdministerError, Page};
use crate::{Auth, Fault};

/// Which accounts are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserSearch {
    /// This account only.
    pub id: Option<UserId>,
    /// Those that the filter admits.
    pub filter: UserFilter,
}

/// An account with what an administrator wants to know besides.
#[derive(Debug, Clone)]
pub struct UserDetails {
    /// The account.
    pub user: User,
    /// Who the user is to providers.
    pub identities: Vec<LinkedIdentity>,
    /// How many live sessions there are.
    pub sessions: usize,
    /// How failed log-ins stand, for everybody who does not come from a network that the account knows.
    pub attempts: AttemptStanding,
}

impl UserSearch {
    /// Adds what somebody has typed: a user's id, or else the beginning of an address.
    #[must_use]
    pub fn with_query(mut self, query: &str) -> Self {
        match query.parse() {
            Ok(id) => self.id = Some(id),
            Err(_) => self.filter.address_prefix = Some(query.to_owned()),
        }
        self
    }
}

impl Auth {
    /// The accounts that are looked for and that come behind `after`: the newest first, or by address where a
    /// beginning of it is asked for.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn find_users(
        &self,
        search: &UserSearch,
        after: Option<&UserCursor>,
        limit: u32,
    ) -> Result<Page<User, UserCursor>, Fault> {
        if let Some(id) = search.id {
            let found = self.ports.users.find(id).await?.filter(|user| search.filter.admits(user));
            return Ok(Page { items: found.into_iter().collect(), next: None });
        }
        let asked = Page::<User, UserCursor>::with_one_more(limit);
        let found = self.ports.directory.page(&search.filter, after, asked).await?;
        Ok(Page::cut(found, limit, |user| search.filter.cursor(user)))
    }

    /// A user with what an administrator wants to know besides.
    ///
    /// # Errors
    /// See [`AdministerError`].
    pub async fn user_details(&self, id: UserId) -> Result<UserDetails, AdministerError> {
        let (user, now) = (self.user(id).await?, self.now());
        let counter = AttemptCounter::Account(user.email.key().clone());
        let (rule, void_before) = (&self.policy.lockout, user.attempts_void_before);
        let (identities, sessions, attempts) = futures::try_join!(
            self.ports.identities.list(id),
            self.ports.sessions.list(id, now),
            self.ports.attempts.standing(&counter, rule, void_before, now),
        )
        .map_err(Fault::from)?;
        Ok(UserDetails { user, identities, sessions: sessions.len(), attempts })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_an_id_or_the_beginning_of_an_address() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let search = UserSearch::default().with_query(id);
        assert_eq!((search.id, search.filter.address_prefix), (id.parse().ok(), None));
        let search = UserSearch::default().with_query("Ada");
        assert_eq!((search.id, search.filter.address_prefix), (None, Some("Ada".to_owned())));
    }
}
