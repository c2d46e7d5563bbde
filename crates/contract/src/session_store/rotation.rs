use archon_domain::{
    OpeningRule, RefreshState, Rotation, Session, SessionEnding, SessionStanding, Span, Succession,
    TerminationReason,
};

use super::{opened, stored};
use crate::Stores;
use crate::samples::{Samples, after, opening_rule, start, tick, user_agent};

/// MUST rotate once, however many present the current token at the same time, and answer all others
/// with the successor of that rotation.
pub async fn rotate_spends_the_current_token_once(stores: &Stores) {
    let samples = Samples::default();
    let (_, session) = opened(stores, &samples, start()).await;
    let now = after(30) + tick();
    let rotate = samples.rotate(&session, now);
    let expected = Session {
        refresh: RefreshState {
            current: rotate.successor,
            chain_began: session.refresh.chain_began,
            last: Some(Succession {
                predecessor: session.refresh.current,
                rotated_at: now,
                user_agent: session.user_agent.clone(),
                sealed_successor: rotate.sealed_successor.clone(),
            }),
        },
        last_accessed: now,
        expires_at: rotate.touch.expires_at,
        ..session.clone()
    };
    let sealed = rotate.sealed_successor.clone();
    assert_eq!(stores.sessions.rotate(rotate, now).await.unwrap(), Rotation::Rotated(expected.clone()));
    assert_eq!(stored(stores, &session).await, expected);
    for second in [30, 35, 40] {
        let again = samples.rotate(&session, after(second) + tick());
        let rotation = stores.sessions.rotate(again, after(second) + tick()).await.unwrap();
        assert_eq!(rotation, Rotation::Replayed(expected.clone(), sealed.clone()));
        assert_eq!(stored(stores, &session).await, expected, "the grace window does not slide");
    }
    let next = samples.rotate(&expected, after(50));
    let rotation = stores.sessions.rotate(next, after(50)).await.unwrap();
    assert!(matches!(rotation, Rotation::Rotated(_)), "{rotation:?}");
}

/// MUST let no rotation succeed on a session that has ended. Nor on one that has expired or never was.
pub async fn rotate_judges_sessions_before_tokens(stores: &Stores) {
    let samples = Samples::default();
    let (user, session) = opened(stores, &samples, start()).await;
    let rotate = samples.rotate(&session, session.expires_at);
    let rotation = stores.sessions.rotate(rotate, session.expires_at).await.unwrap();
    assert_eq!(rotation, Rotation::Expired);
    assert_eq!(stored(stores, &session).await, session);
    let unknown = samples.session(user.id, start());
    let rotation = stores.sessions.rotate(samples.rotate(&unknown, start()), start()).await.unwrap();
    assert_eq!(rotation, Rotation::Unknown);
    assert_eq!(stores.sessions.find(&unknown.id).await.unwrap(), None);
}

/// Rotates the session's current token at `now`; the session as it is after.
async fn rotated(stores: &Stores, samples: &Samples, session: &Session, seconds: i64) -> Session {
    let rotate = samples.rotate(session, after(seconds));
    match stores.sessions.rotate(rotate, after(seconds)).await.unwrap() {
        Rotation::Rotated(session) => session,
        other => panic!("the token was current: {other:?}"),
    }
}

/// MUST end the session when a spent token is presented, in the same step.
pub async fn a_spent_token_ends_the_session(stores: &Stores) {
    let samples = Samples::default();
    let (_, first) = opened(stores, &samples, start()).await;
    let second = rotated(stores, &samples, &first, 10).await;
    let now = after(20) + tick();
    let rotate = samples.rotate_token(&second, first.refresh.current, now);
    let Rotation::Reused(answer) = stores.sessions.rotate(rotate, now).await.unwrap() else {
        panic!("the token was spent");
    };
    assert_eq!((&answer.id, answer.user), (&first.id, first.user));
    let mut ended = second.clone();
    ended.end(now, TerminationReason::TokenReuse);
    assert_eq!(stored(stores, &first).await, ended, "ended, and changed in nothing else");
}

/// MUST let no rotation succeed on a session that has ended.
pub async fn no_rotation_succeeds_on_an_ended_session(stores: &Stores) {
    let samples = Samples::default();
    let (_, first) = opened(stores, &samples, start()).await;
    let second = rotated(stores, &samples, &first, 10).await;
    let spent = samples.rotate_token(&second, first.refresh.current, after(30));
    let rotation = stores.sessions.rotate(spent, after(30)).await.unwrap();
    assert!(matches!(rotation, Rotation::Reused(_)), "{rotation:?}");
    let ended = stored(stores, &first).await;
    for token in [second.refresh.current, first.refresh.current, samples.token_id()] {
        let rotate = samples.rotate_token(&second, token, after(31));
        let rotation = stores.sessions.rotate(rotate, after(31)).await.unwrap();
        assert_eq!(rotation, Rotation::Ended(TerminationReason::TokenReuse));
        assert_eq!(stored(stores, &first).await, ended);
    }
}

/// MUST replay only the immediate predecessor, within the grace window, to the same user agent.
pub async fn only_the_immediate_predecessor_is_replayed(stores: &Stores) {
    let samples = Samples::default();
    let user = stores.open(&samples, "ada@example.com").await;
    let spent_at = after(20);
    for case in ["in time", "at the last moment", "too late", "other user agent", "grandparent", "unknown"] {
        let first = samples.session(user.id, start());
        super::open(stores, &first, opening_rule(99), start()).await;
        let second = rotated(stores, &samples, &first, 10).await;
        let third = rotated(stores, &samples, &second, 20).await;
        let token = match case {
            "grandparent" => first.refresh.current,
            "unknown" => samples.token_id(),
            _ => second.refresh.current,
        };
        let now = match case {
            "at the last moment" => spent_at + Span::seconds(10),
            "too late" => spent_at + Span::seconds(10) + tick(),
            _ => spent_at + tick(),
        };
        let mut rotate = samples.rotate_token(&third, token, now);
        if case == "other user agent" {
            rotate.presented.user_agent = user_agent("Safari");
        }
        let rotation = stores.sessions.rotate(rotate, now).await.unwrap();
        if matches!(case, "in time" | "at the last moment") {
            let sealed = third.refresh.last.clone().expect("it has rotated").sealed_successor;
            assert_eq!(rotation, Rotation::Replayed(third, sealed), "{case}");
        } else {
            assert!(matches!(rotation, Rotation::Reused(_)), "{case}: {rotation:?}");
            let reason = TerminationReason::TokenReuse;
            let ending = stored(stores, &first).await.ending;
            assert_eq!(ending, Some(SessionEnding { at: now, reason }), "{case}");
        }
    }
}

/// MUST leave the session as it is when the token belongs to an earlier log-in.
pub async fn a_superseded_token_leaves_the_session_alone(stores: &Stores) {
    let samples = Samples::default();
    let (user, first) = opened(stores, &samples, start()).await;
    let rule = OpeningRule { one_per_device: true, ..opening_rule(5) };
    let login = samples.session(user.id, after(60));
    stores.sessions.open(login, rule, after(60)).await.unwrap();
    let resumed = stored(stores, &first).await;

    // What the earlier log-in holds was issued before the chain of the later one began.
    let earlier = samples.rotate(&first, after(90));
    let rotation = stores.sessions.rotate(earlier, after(90)).await.unwrap();
    assert_eq!(rotation, Rotation::Superseded);
    assert_eq!(stored(stores, &first).await, resumed);
    assert_eq!(resumed.standing(after(90)), SessionStanding::Live);
    let next = rotated(stores, &samples, &resumed, 91).await;
    assert_eq!(next.refresh.chain_began, after(60));
}
