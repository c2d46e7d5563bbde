use std::ops::Bound;

use archon_domain::ports::UserDirectory;
use archon_domain::{StoreError, User, UserCursor, UserFilter, UserId};
use async_trait::async_trait;

use crate::MemoryStore;
use crate::state::State;

#[async_trait]
impl UserDirectory for MemoryStore {
    async fn page(
        &self,
        filter: &UserFilter,
        after: Option<&UserCursor>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError> {
        let state = self.state();
        let users = state.behind(filter, after).filter_map(|id| state.accounts.get(&id));
        let admitted = users.map(|account| &account.user).filter(|user| filter.admits(user));
        Ok(admitted.take(usize::try_from(limit).unwrap_or(usize::MAX)).cloned().collect())
    }
}

impl State {
    /// The accounts behind a place, in the order of the filter; of those that it does not admit, at least the ones
    /// whose addresses do not begin as wanted are left out.
    fn behind<'a>(
        &'a self,
        filter: &UserFilter,
        after: Option<&UserCursor>,
    ) -> Box<dyn Iterator<Item = UserId> + 'a> {
        match (&filter.address_prefix, after) {
            (None, None) => Box::new(self.by_age.iter().rev().map(|(_, id)| *id)),
            (None, Some(UserCursor::Newest { created_at, id })) => {
                Box::new(self.by_age.range(..(*created_at, *id)).rev().map(|(_, id)| *id))
            }
            (Some(prefix), None | Some(UserCursor::Address(_))) => {
                let prefix = prefix.to_lowercase();
                let last = match after {
                    Some(UserCursor::Address(last)) => last.as_str(),
                    _ => "",
                };
                let from =
                    if last < prefix.as_str() { Bound::Included(&*prefix) } else { Bound::Excluded(last) };
                let behind = self.by_email.range::<str, _>((from, Bound::Unbounded));
                let beginning = behind.take_while(move |(key, _)| key.as_str().starts_with(&prefix));
                Box::new(beginning.map(|(_, id)| *id))
            }
            (None, Some(UserCursor::Address(_))) | (Some(_), Some(UserCursor::Newest { .. })) => {
                Box::new(std::iter::empty())
            }
        }
    }
}
