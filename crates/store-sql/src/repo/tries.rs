//! What every queue does whose entries are tried until they succeed or are given up: the same columns, the same
//! statements.

use std::collections::HashMap;

use crate::error::Fault;
use crate::types::Id;

/// Takes the rows that are `due`, in their order, and counts the try; inside a transaction that has locked them.
macro_rules! claim {
    ($connection:ident, $table:ident as $row:ident, $due:expr, $lease_until:expr) => {{
        let due = $due;
        let claimed = diesel::update($table::table.filter($table::id.eq_any(due.clone())))
            .set(($table::attempts.eq($table::attempts + 1), $table::next_attempt_at.eq(Ts($lease_until))))
            .returning($row::as_returning())
            .get_results($connection)
            .await?;
        $crate::repo::tries::in_order(&due, claimed, |row: &$row| row.id)
    }};
}

/// Notes that a try has failed, and when the next one is, if there is one.
macro_rules! postpone {
    ($connection:ident, $table:ident, $id:expr, $next_attempt_at:expr, $error:expr) => {
        diesel::update($table::table.find(Id::from($id)))
            .set(($table::next_attempt_at.eq($next_attempt_at.map(Ts)), $table::last_error.eq($error)))
            .execute($connection)
            .await
            .map(drop)
    };
}

/// Tries again what was given up, one or all; returns how many.
macro_rules! retry {
    ($connection:ident, $table:ident, $id:expr, $now:expr) => {{
        let again = ($table::attempts.eq(0), $table::next_attempt_at.eq(Ts($now)));
        let failed = $table::table.filter($table::next_attempt_at.is_null());
        $crate::repo::count(match $id {
            Some(id) => {
                let one = failed.filter($table::id.eq(Id::from(id)));
                diesel::update(one).set(again).execute($connection).await?
            }
            None => diesel::update(failed).set(again).execute($connection).await?,
        })
    }};
}

/// How many were given up.
macro_rules! count_failed {
    ($connection:ident, $table:ident) => {{
        let failed = $table::table.filter($table::next_attempt_at.is_null()).count();
        u64::try_from(failed.get_result::<i64>($connection).await?).unwrap_or(0)
    }};
}

pub(super) use {claim, count_failed, postpone, retry};

/// Claimed rows as long due as `due` says; a statement returns rows in no order.
pub(super) fn in_order<R, D: TryFrom<R, Error = Fault>>(
    due: &[Id],
    claimed: Vec<R>,
    id: impl Fn(&R) -> Id,
) -> Result<Vec<D>, Fault> {
    let mut by_id: HashMap<Id, R> = claimed.into_iter().map(|row| (id(&row), row)).collect();
    super::read_all(due.iter().filter_map(|id| by_id.remove(id)).collect())
}

/// What the other side has said, as any column can hold it: PostgreSQL keeps any text but NUL.
pub(super) fn writable(error: &str) -> String {
    error.replace('\0', "\u{fffd}")
}
