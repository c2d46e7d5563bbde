//! What an [`archon_domain::ports::OauthStates`] must do.

use std::sync::Arc;

use archon_domain::ports::OauthStates;
use archon_domain::{Instant, OauthFlow, OauthPurpose, OneTimeToken, Span};

use crate::samples::{Samples, after, start, tick};

/// What the cases of this suite work on.
pub type Port = Arc<dyn OauthStates>;

/// Runs the suite of `OauthStates` on the `Arc<dyn OauthStates>` of a fixture.
#[macro_export]
macro_rules! oauth_states {
    ($fixture:ident) => {
        $crate::cases! {
            oauth_states of $crate::oauth_states::Port: $fixture,
            cases [
                a_flow_is_kept_with_every_field,
                a_flow_is_handed_out_once,
                a_flow_is_refused_from_its_expiry_on,
            ],
            concurrency [a_flow_is_handed_to_one_of_many],
        }
    };
}

/// A flow that lives ten minutes, with fields that are hard to store.
pub(crate) fn flow(samples: &Samples) -> (OneTimeToken, OauthFlow) {
    let flow = OauthFlow {
        provider: "my-\"idp\"_ü".to_owned(),
        redirect_uri: "https://app.example.com/cb?next=%2F&a='b'#ü".to_owned(),
        pkce_verifier: samples.one_time_token().expose().to_owned(),
        nonce: Some(samples.one_time_token().expose().to_owned()),
        purpose: OauthPurpose::Link(samples.user_id()),
        expires_at: after(600) + tick(),
    };
    (samples.one_time_token(), flow)
}

async fn consume(states: &Port, state: &OneTimeToken, now: Instant) -> Option<OauthFlow> {
    states.consume(state, now).await.unwrap()
}

/// MUST keep every field of the flow.
pub async fn a_flow_is_kept_with_every_field(states: &Port) {
    let samples = Samples::default();
    let (first, full) = flow(&samples);
    let (second, bare) = flow(&samples);
    let bare = OauthFlow { nonce: None, purpose: OauthPurpose::LogIn, ..bare };
    states.begin(&first, full.clone(), start()).await.unwrap();
    states.begin(&second, bare.clone(), start()).await.unwrap();
    // Compared field by field in one: `Debug` hides the secrets, equality does not.
    assert!(consume(states, &first, after(1)).await == Some(full));
    assert!(consume(states, &second, after(1)).await == Some(bare));
}

/// MUST hand a flow out at most once, however many ask at the same time.
pub async fn a_flow_is_handed_out_once(states: &Port) {
    let samples = Samples::default();
    let (state, flow) = flow(&samples);
    states.begin(&state, flow, start()).await.unwrap();
    assert!(consume(states, &samples.one_time_token(), after(1)).await.is_none(), "nobody began this one");
    assert!(consume(states, &state, after(1)).await.is_some());
    assert!(consume(states, &state, after(1)).await.is_none());
}

/// MUST refuse a flow from its expiry on.
pub async fn a_flow_is_refused_from_its_expiry_on(states: &Port) {
    let samples = Samples::default();
    for (early, accepted) in [(tick(), true), (Span::zero(), false)] {
        let (state, flow) = flow(&samples);
        let now = flow.expires_at - early;
        states.begin(&state, flow, start()).await.unwrap();
        assert_eq!(consume(states, &state, now).await.is_some(), accepted);
    }
}
