use std::ops::Range;

use super::hostile::{CODE, DESCRIPTION, DISCOVERY, Hostile, TELL_TALE};
use super::secret;
use super::signer::{ROTATED_KEY, USUAL_KEY, access_token_hash, signed_with_secret, unsigned};
use super::stub::Reply;

/// The longest that a log-in waits for its provider is ten seconds; the rest is for a machine with much else to do.
const LIMIT: f64 = 13.0;
const AT_ONCE: Range<f64> = 0.0..5.0;
/// Three retries wait for 0.25, 0.5 and 1 s, or half of it.
const RETRIED: Range<f64> = 0.8..8.0;
const WAITED_OUT: Range<f64> = 9.5..LIMIT;

/// A way to fail.
pub(super) struct Case {
    /// The provider's name.
    pub(super) name: &'static str,
    /// What the provider does from when the user is with it, by the nonce of the flow.
    pub(super) conduct: fn(&Hostile, &str),
    /// What the user comes back with besides the state.
    pub(super) query: String,
    pub(super) expected: Expected,
}

/// What comes of it.
pub(super) struct Expected {
    pub(super) status: u16,
    pub(super) code: &'static str,
    /// Empty where no step has failed.
    pub(super) step: &'static str,
    pub(super) reason: &'static str,
    pub(super) retry_after: &'static str,
    /// How long the answer takes.
    pub(super) seconds: Range<f64>,
}

impl Case {
    /// The provider fails at a step.
    fn fails(
        name: &'static str,
        step: &'static str,
        reason: &'static str,
        seconds: Range<f64>,
        conduct: fn(&Hostile, &str),
    ) -> Self {
        let (status, code) =
            if reason == "code_refused" { (400, "OAUTH_CODE_REFUSED") } else { (502, "PROVIDER_ERROR") };
        let expected = Expected { status, code, step, reason, retry_after: "", seconds };
        Self { name, conduct, query: format!("code={CODE}"), expected }
    }

    /// The provider's answer is none to believe.
    fn lies(name: &'static str, step: &'static str, conduct: fn(&Hostile, &str)) -> Self {
        Self::fails(name, step, "invalid_answer", AT_ONCE, conduct)
    }

    /// The user is let in all the same.
    fn recovers(name: &'static str, seconds: Range<f64>, conduct: fn(&Hostile, &str)) -> Self {
        let expected = Expected { status: 200, code: "", step: "", reason: "", retry_after: "", seconds };
        Self { name, conduct, query: format!("code={CODE}"), expected }
    }

    /// The user comes back with something else.
    fn with_query(mut self, query: &str) -> Self {
        query.clone_into(&mut self.query);
        self
    }
}

pub(super) fn cases() -> Vec<Case> {
    [outages(), refusals(), lies(), errors_sent_back()].into_iter().flatten().collect()
}

fn outages() -> Vec<Case> {
    const AWAY: &str = "provider_unavailable";
    let mut left_alone = Case::fails("left-alone", "token exchange", AWAY, AT_ONCE, |provider, _| {
        provider.stub.always("/token", Reply::status(429, TELL_TALE).with("retry-after", "120"));
    });
    left_alone.expected.retry_after = "120";
    vec![
        left_alone,
        Case::recovers("busy-twice", 0.3..8.0, |provider, nonce| {
            provider.grant_after(nonce, 2, Reply::status(429, TELL_TALE));
        }),
        Case::recovers("asks-for-a-second", 1.0..8.0, |provider, nonce| {
            provider.grant_after(nonce, 1, Reply::status(503, TELL_TALE).with("retry-after", "1"));
        }),
        Case::fails("discovery-down", "discovery", AWAY, RETRIED, |provider, _| {
            provider.stub.always(DISCOVERY, Reply::status(503, TELL_TALE));
        }),
        Case::fails("tokens-down", "token exchange", AWAY, RETRIED, |provider, _| {
            provider.stub.always("/token", Reply::status(500, TELL_TALE));
        }),
        Case::fails("keys-down", "signing keys", AWAY, RETRIED, |provider, nonce| {
            provider.grant_signed(nonce, &USUAL_KEY);
            provider.stub.always("/jwks", Reply::status(500, TELL_TALE));
        }),
        Case::fails("user-info-down", "user information", AWAY, RETRIED, |provider, nonce| {
            provider.grant_with(nonce, "email", ());
            provider.stub.always("/userinfo", Reply::status(502, TELL_TALE));
        }),
        Case::fails("discovery-silent", "discovery", AWAY, WAITED_OUT, |provider, _| {
            provider.stub.always(DISCOVERY, Reply::Silence);
        }),
        Case::fails("tokens-silent", "token exchange", AWAY, WAITED_OUT, |provider, _| {
            provider.stub.always("/token", Reply::Silence);
        }),
        Case::fails("tokens-dripping", "token exchange", AWAY, WAITED_OUT, |provider, _| {
            provider.stub.always("/token", Reply::Drip);
        }),
        Case::fails("tokens-hang-up", "token exchange", AWAY, AT_ONCE, |provider, _| {
            provider.stub.always("/token", Reply::HangUp);
        }),
    ]
}

fn refusals() -> Vec<Case> {
    const STEP: &str = "token exchange";
    vec![
        Case::fails("code-spent", STEP, "code_refused", AT_ONCE, |provider, _| {
            let denial = format!(r#"{{"error":"invalid_grant","error_description":"{TELL_TALE}"}}"#);
            provider.stub.always("/token", Reply::status(400, denial));
        }),
        Case::fails("wrong-secret", STEP, "provider_misconfigured", AT_ONCE, |provider, _| {
            provider.stub.always("/token", Reply::status(401, r#"{"error":"invalid_client"}"#));
        }),
    ]
}

fn lies() -> Vec<Case> {
    const ID_TOKEN: &str = "ID token";
    vec![
        Case::lies("garbage", "token exchange", |provider, _| {
            provider.stub.always("/token", Reply::status(200, format!("<html>{TELL_TALE}</html>")));
        }),
        Case::lies("endless", "token exchange", |provider, _| {
            provider.stub.always("/token", Reply::status(200, vec![b' '; 600 * 1024]));
        }),
        Case::lies("redirects", "token exchange", |provider, _| {
            let elsewhere = format!("{}/jwks", provider.stub.url);
            provider.stub.always("/token", Reply::status(307, "").with("location", elsewhere));
        }),
        Case::lies("wrong-nonce", ID_TOKEN, |provider, nonce| provider.grant_with(nonce, "nonce", "another")),
        Case::lies("no-nonce", ID_TOKEN, |provider, nonce| provider.grant_with(nonce, "nonce", ())),
        Case::lies("wrong-audience", ID_TOKEN, |provider, nonce| {
            provider.grant_with(nonce, "aud", "somebody-else")
        }),
        Case::lies("wrong-issuer", ID_TOKEN, |provider, nonce| {
            provider.grant_with(nonce, "iss", "https://evil.example");
        }),
        Case::lies("expired", ID_TOKEN, |provider, nonce| {
            let issued = provider.claims(nonce)["iat"].as_i64().unwrap_or_default();
            provider.grant_with(nonce, "exp", issued - 61);
        }),
        Case::lies("other-access-token", ID_TOKEN, |provider, nonce| {
            provider.grant_with(nonce, "at_hash", access_token_hash("another access token"));
        }),
        Case::lies("unpublished-key", ID_TOKEN, |provider, nonce| provider.grant_signed(nonce, &ROTATED_KEY)),
        Case::lies("no-signature", ID_TOKEN, |provider, nonce| {
            provider.grant(&unsigned(&provider.claims(nonce)))
        }),
        Case::lies("shared-secret", ID_TOKEN, |provider, nonce| {
            provider.grant(&signed_with_secret(&provider.claims(nonce), &secret(provider.name)));
        }),
        Case::lies("mix-up", "authorization response", |provider, nonce| {
            provider.grant_signed(nonce, &USUAL_KEY)
        })
        .with_query(&format!("code={CODE}&iss=https%3A%2F%2Fevil.example")),
    ]
}

fn errors_sent_back() -> Vec<Case> {
    const STEP: &str = "authorization response";
    let sent = |error: &str| format!("error={error}&error_description={DESCRIPTION}");
    let mut denied =
        Case::fails("denied", "", "denied", AT_ONCE, |_, _| ()).with_query(&sent("access_denied"));
    (denied.expected.status, denied.expected.code) = (400, "OAUTH_DENIED");
    vec![
        denied,
        Case::fails("not-now", STEP, "provider_unavailable", AT_ONCE, |_, _| ())
            .with_query(&sent("temporarily_unavailable")),
        Case::fails("wrong-scope", STEP, "provider_misconfigured", AT_ONCE, |_, _| ())
            .with_query(&sent("invalid_scope")),
        Case::fails("anything", STEP, "provider_misconfigured", AT_ONCE, |_, _| ())
            .with_query(&sent("no_such_error")),
    ]
}
