use archon_domain::ports::TokenIssuer as _;
use archon_domain::{KeyRing, SigningAlgorithm, SigningKey, Span, TokenKind, TokenRejection};
use archon_token_jose::{JoseSettings, JoseTokens, KeyError, RsaBits, generate_key};
use serde_json::json;

use crate::fixture::{ALGORITHMS, at, claims, look_into, our_key, payload, tokens, tokens_of};

#[test]
fn every_algorithm_signs_what_it_accepts() {
    for algorithm in ALGORITHMS {
        let tokens = tokens_of(algorithm);
        for kind in [TokenKind::Access, TokenKind::Refresh, TokenKind::Page] {
            let token = tokens.issue(&claims(kind)).unwrap();
            assert_eq!(tokens.verify(token.expose(), kind, at(1)), Ok(claims(kind)));
            let (header, content) = look_into(token.expose());
            let kid = our_key(algorithm).id;
            assert_eq!(header, json!({ "typ": "JWT", "alg": algorithm.as_str(), "kid": kid.as_str() }));
            assert_eq!(content, payload(kind));
        }
    }
}

#[test]
fn extra_claims_come_back_and_override_nothing() {
    let mut with_extra = claims(TokenKind::Access);
    for name in ["iss", "sub", "exp", "type", "roles", "email_verified", "session_id"] {
        with_extra.extra.insert(name.to_owned(), json!("forged"));
    }
    with_extra.extra.insert("plan".to_owned(), json!({ "name": "gold", "seats": 3 }));
    let token = tokens().issue(&with_extra).unwrap();
    let read = tokens().verify(token.expose(), TokenKind::Access, at(1)).unwrap();
    let mut expected = claims(TokenKind::Access);
    expected.extra.insert("plan".to_owned(), json!({ "name": "gold", "seats": 3 }));
    assert_eq!(read, expected);
}

#[test]
fn extra_claims_stay_out_of_refresh_tokens() {
    let mut with_extra = claims(TokenKind::Refresh);
    with_extra.extra.insert("plan".to_owned(), json!("gold"));
    let token = tokens().issue(&with_extra).unwrap();
    assert_eq!(look_into(token.expose()).1, payload(TokenKind::Refresh));
}

#[test]
fn a_token_that_nobody_would_accept_is_not_issued() {
    let mut with_extra = claims(TokenKind::Access);
    with_extra.extra.insert("essay".to_owned(), json!("x".repeat(8 * 1024)));
    assert!(tokens().issue(&with_extra).is_err());
    let keyless = JoseTokens::new(JoseSettings::default(), &KeyRing::default()).unwrap();
    assert!(keyless.issue(&claims(TokenKind::Access)).is_err());
    assert_eq!(keyless.jwks(), json!({ "keys": [] }));
}

#[test]
fn expiry_and_skew_are_judged_to_the_second() {
    let settings = |skew, leeway| JoseSettings {
        clock_skew: Span::seconds(skew),
        expiry_leeway: Span::seconds(leeway),
        ..JoseSettings::default()
    };
    let ring = KeyRing::new(vec![our_key(SigningAlgorithm::Rs256)]);
    let token = tokens().issue(&claims(TokenKind::Access)).unwrap();
    let judge = |skew, leeway, seconds| {
        let tokens = JoseTokens::new(settings(skew, leeway), &ring).unwrap();
        tokens.verify(token.expose(), TokenKind::Access, at(seconds)).err()
    };
    assert_eq!(judge(0, 0, 899), None);
    assert_eq!(judge(0, 0, 900), Some(TokenRejection::Expired));
    assert_eq!(judge(0, 30, 929), None);
    assert_eq!(judge(0, 30, 930), Some(TokenRejection::Expired));
    assert_eq!(judge(30, 0, -30), None);
    assert_eq!(judge(30, 0, -31), Some(TokenRejection::NotYetValid));
    for (skew, leeway) in [(31, 0), (0, 31), (-1, 0)] {
        let refused = JoseTokens::new(settings(skew, leeway), &ring);
        assert!(matches!(refused, Err(KeyError::SkewOutOfRange { .. })), "{skew} {leeway}");
    }
}

#[test]
fn keys_rotate_without_a_gap() {
    let first = our_key(SigningAlgorithm::Rs256);
    let second = generate_key(SigningAlgorithm::Es256, RsaBits::default(), at(50), at(100)).unwrap();
    let tokens = tokens();
    let issue_at = |tokens: &JoseTokens, seconds| {
        let token = tokens
            .issue(&archon_domain::Claims { issued_at: at(seconds), ..claims(TokenKind::Access) })
            .unwrap();
        let kid = look_into(token.expose()).0["kid"].as_str().unwrap().to_owned();
        (token, kid)
    };
    let (old, kid) = issue_at(&tokens, 0);
    assert_eq!(kid, first.id.as_str());
    tokens.replace_keys(&KeyRing::new(vec![second.clone(), first.clone()])).unwrap();
    assert_eq!(issue_at(&tokens, 99).1, first.id.as_str(), "announced, but not in force");
    assert_eq!(tokens.jwks()["keys"].as_array().unwrap().len(), 2);
    let (new, kid) = issue_at(&tokens, 100);
    assert_eq!(kid, second.id.as_str());
    for token in [&old, &new] {
        assert!(tokens.verify(token.expose(), TokenKind::Access, at(101)).is_ok());
    }
    tokens.replace_keys(&KeyRing::new(vec![second])).unwrap();
    let judged = tokens.verify(old.expose(), TokenKind::Access, at(101));
    assert_eq!(judged, Err(TokenRejection::UnknownKey));
    assert!(tokens.verify(new.expose(), TokenKind::Access, at(101)).is_ok());
}

#[test]
fn a_ring_that_cannot_be_used_is_refused_by_name_and_changes_nothing() {
    let tokens = tokens();
    let good = our_key(SigningAlgorithm::Rs256);
    let broken = SigningKey { private_pem: "-----BEGIN PRIVATE KEY-----".to_owned().into(), ..good.clone() };
    let mislabelled = SigningKey { algorithm: SigningAlgorithm::Es256, ..good.clone() };
    for ring in [vec![broken], vec![mislabelled], vec![good.clone(), good.clone()]] {
        let error = tokens.replace_keys(&KeyRing::new(ring)).unwrap_err();
        assert!(error.to_string().contains(good.id.as_str()), "{error}");
    }
    assert!(tokens.issue(&claims(TokenKind::Access)).is_ok());
}
