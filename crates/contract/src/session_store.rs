//! What a [`archon_domain::ports::SessionStore`] must do.

use archon_domain::{Instant, Opening, OpeningRule, Session, User};

use crate::Stores;
use crate::samples::{Samples, policy};

mod ending;
mod observing;
mod opening;
mod rotation;

pub use ending::*;
pub use observing::*;
pub use opening::*;
pub use rotation::*;

/// Runs the suite of `SessionStore` on the [`Stores`] of a fixture.
#[macro_export]
macro_rules! session_store {
    ($fixture:ident) => {
        $crate::cases! {
            session_store of $crate::Stores: $fixture,
            cases [
                open_stores_the_session_as_given,
                find_returns_every_field_as_stored,
                open_ends_the_least_recently_used_session_at_the_limit,
                open_makes_room_when_the_limit_was_lowered,
                open_answers_limit_reached_and_stores_nothing,
                open_counts_neither_expired_nor_ended_sessions,
                open_resumes_the_session_of_the_same_device,
                open_resumes_only_a_live_session_of_the_same_user_and_device,
                list_names_live_sessions_the_last_used_first,
                knows_device_whatever_became_of_its_sessions,
                touch_records_the_whole_batch,
                touch_never_moves_backwards,
                touch_leaves_ended_and_unknown_sessions,
                rotate_spends_the_current_token_once,
                rotate_judges_sessions_before_tokens,
                a_spent_token_ends_the_session,
                no_rotation_succeeds_on_an_ended_session,
                only_the_immediate_predecessor_is_replayed,
                a_superseded_token_leaves_the_session_alone,
                observe_takes_the_next_trace_over,
                observe_refuses_a_trace_that_was_judged_by_another,
                observe_refuses_a_trace_from_before_a_new_log_in,
                observe_changes_nothing_but_the_trace,
                observe_leaves_ended_and_expired_sessions,
                end_ends_once_and_keeps_the_first_reason,
                end_all_but_ends_every_live_session_but_one,
                ended_since_names_the_sessions_that_were_ended,
                purge_forgets_sessions_that_are_long_over,
            ],
            concurrency [
                openings_at_once_never_exceed_the_limit,
                openings_at_once_never_exceed_a_limit_that_refuses,
                openings_at_once_on_one_device_are_one_session,
                rotations_at_once_are_one_rotation,
                no_rotation_survives_a_reuse_at_the_same_time,
                endings_at_once_are_one_ending,
                observers_at_once_are_one_observer,
                observing_rotating_and_touching_at_once_loses_nothing,
                no_observation_outlasts_an_end,
                no_observation_outlasts_a_new_log_in,
                an_end_outlasts_openings_at_the_same_time,
            ],
        }
    };
}

/// Opens a session that must be there for a case to begin.
pub(crate) async fn open(stores: &Stores, session: &Session, rule: OpeningRule, now: Instant) {
    let opening = stores.sessions.open(session.clone(), rule, now).await.unwrap();
    assert_eq!(opening, Opening::Opened { ended: Vec::new() });
}

/// Opens a sample session of a fresh account.
pub(crate) async fn opened(stores: &Stores, samples: &Samples, now: Instant) -> (User, Session) {
    let user = stores.open(samples, "ada@example.com").await;
    let session = samples.session(user.id, now);
    open(stores, &session, policy().opening, now).await;
    (user, session)
}

/// The session as it is stored.
pub(crate) async fn stored(stores: &Stores, session: &Session) -> Session {
    stores.sessions.find(&session.id).await.unwrap().expect("the session is stored")
}
