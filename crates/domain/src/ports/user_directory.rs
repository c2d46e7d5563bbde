use async_trait::async_trait;

use crate::{StoreError, User, UserCursor, UserFilter};

/// Leafs through accounts.
#[async_trait]
pub trait UserDirectory: Send + Sync {
    /// The accounts that a filter admits and that come behind `after`, at most `limit`: the newest first, of one
    /// instant the highest id first; or by address, where the filter asks for a beginning of it.
    ///
    /// A cursor that belongs to the other order is taken as the end of the list.
    ///
    /// # Contract
    /// - MUST find the accounts that the filter admits, in order, and no others.
    /// - MUST find every account once, however small the pages, and however many share an instant.
    /// - MUST take no longer for a late page than for the first.
    async fn page(
        &self,
        filter: &UserFilter,
        after: Option<&UserCursor>,
        limit: u32,
    ) -> Result<Vec<User>, StoreError>;
}
