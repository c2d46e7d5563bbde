use archon_domain::ports::TokenIssuer as _;
use archon_domain::{SigningAlgorithm, TokenKind, TokenRejection};
use archon_token_jose::{JoseSettings, JoseTokens};
use josekit::jws::{HS256, HS384, HS512, PS256, RS384, RS512};
use openssl::pkey::PKey;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::fixture::{
    ALGORITHMS, at, claims, encode, foreign_key, forge, forge_with, header, our_key, payload, tokens,
    tokens_of,
};

fn judge(token: &str) -> Result<(), TokenRejection> {
    tokens().verify(token, TokenKind::Access, at(1)).map(drop)
}

#[track_caller]
fn assert_refused(token: &str, why: TokenRejection) {
    assert_eq!(judge(token), Err(why), "{token}");
}

/// A token signed with our own key that differs in one header parameter.
fn with_header(name: &str, value: Value) -> String {
    let mut header = header();
    header[name] = value;
    forge(&our_key(SigningAlgorithm::Rs256), header, payload(TokenKind::Access))
}

/// A token signed with our own key over any payload.
fn with_payload(payload: &Value) -> String {
    forge(&our_key(SigningAlgorithm::Rs256), header(), payload)
}

#[test]
fn the_forger_of_these_tests_can_make_a_good_token() {
    assert_eq!(judge(&with_payload(&payload(TokenKind::Access))), Ok(()));
}

#[test]
fn what_is_no_token_is_malformed() {
    let good = with_payload(&payload(TokenKind::Access));
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (head, body) = message.split_once('.').unwrap();
    for text in [
        "".to_owned(),
        ".".to_owned(),
        "..".to_owned(),
        "...".to_owned(),
        "not a token".to_owned(),
        "ü.ü.ü".to_owned(),
        head.to_owned(),
        message.to_owned(),
        format!(".{body}.{signature}"),
        format!("{head}..{signature}"),
        format!("{good}."),
        format!("{good}.{signature}"),
        format!(" {good}"),
        format!("{good}\n"),
        format!("{good}="),
        format!("Bearer {good}"),
        format!("{}.{body}.{signature}", encode("[]")),
        format!("{}.{body}.{signature}", encode("{}")),
        format!("{}.{body}.{signature}", encode(r#"{"alg":"RS256","alg":"none"}"#)),
        format!("{}.{body}.{signature}", encode([0xff, 0xfe])),
    ] {
        assert_refused(&text, TokenRejection::Malformed);
    }
    for end in 0..good.len() {
        assert!(judge(&good[..end]).is_err(), "cut at {end}");
    }
    assert_refused(&format!("{message}."), TokenRejection::BadSignature);
}

#[test]
fn more_than_8_kib_is_not_looked_at() {
    let sized = |padding: usize| {
        let mut payload = payload(TokenKind::Access);
        payload["padding"] = json!("x".repeat(padding));
        with_payload(&payload)
    };
    let longest = (5_000..6_000).rev().map(sized).find(|token| token.len() <= JoseTokens::MAX_BYTES).unwrap();
    assert_eq!(judge(&longest), Ok(()));
    assert!(longest.len() > JoseTokens::MAX_BYTES - 4);
    assert_refused(&sized(6_000), TokenRejection::Malformed);
}

#[test]
fn unsigned_tokens_are_of_no_key_of_ours() {
    let kid = our_key(SigningAlgorithm::Rs256).id;
    let body = encode(payload(TokenKind::Access).to_string());
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        for header in [json!({ "alg": alg }), json!({ "alg": alg, "kid": kid.as_str() })] {
            let head = encode(header.to_string());
            assert_refused(&format!("{head}.{body}."), TokenRejection::UnknownKey);
            assert_refused(&format!("{head}.{body}.AAAA"), TokenRejection::UnknownKey);
        }
    }
}

#[test]
fn the_public_key_is_no_hmac_secret() {
    let private =
        PKey::private_key_from_pem(our_key(SigningAlgorithm::Rs256).private_pem.as_bytes()).unwrap();
    let jwks = tokens().jwks().to_string().into_bytes();
    let pem = private.public_key_to_pem().unwrap();
    let trimmed = pem.trim_ascii_end().to_vec();
    let pkcs1 = private.rsa().unwrap().public_key_to_pem_pkcs1().unwrap();
    for secret in [pem, trimmed, pkcs1, private.public_key_to_der().unwrap(), jwks] {
        for algorithm in [HS256, HS384, HS512] {
            let signer = algorithm.signer_from_bytes(&secret).unwrap();
            let mut header = header();
            header["alg"] = json!(algorithm.to_string());
            let body = payload(TokenKind::Access);
            assert_refused(&forge_with(&signer, &header, &body), TokenRejection::UnknownKey);
            // Saying RS256 over an HMAC helps as little.
            header["alg"] = json!("RS256");
            assert_refused(&forge_with(&signer, &header, &body), TokenRejection::BadSignature);
        }
    }
}

#[test]
fn our_own_key_signs_with_its_own_algorithm_only() {
    let key = our_key(SigningAlgorithm::Rs256);
    let pem = key.private_pem.as_bytes();
    for algorithm in [RS384, RS512] {
        let signer = algorithm.signer_from_pem(pem).unwrap();
        let mut header = header();
        header["alg"] = json!(algorithm.to_string());
        assert_refused(&forge_with(&signer, &header, payload(TokenKind::Access)), TokenRejection::UnknownKey);
        header["alg"] = json!("RS256");
        assert_refused(
            &forge_with(&signer, &header, payload(TokenKind::Access)),
            TokenRejection::BadSignature,
        );
    }
    let signer = PS256.signer_from_pem(pem);
    if let Ok(signer) = signer {
        assert_refused(
            &forge_with(&signer, header(), payload(TokenKind::Access)),
            TokenRejection::BadSignature,
        );
    }
    for alg in ["ES256", "EdDSA", "PS256", "rs256", "RS256 "] {
        assert_refused(&with_header("alg", json!(alg)), TokenRejection::UnknownKey);
    }
    assert_refused(&with_header("alg", json!(1)), TokenRejection::Malformed);
    assert_refused(&with_header("alg", Value::Null), TokenRejection::Malformed);
}

#[test]
fn another_key_is_not_ours_whatever_it_calls_itself() {
    let body = payload(TokenKind::Access);
    assert_refused(&forge(&foreign_key(), header(), &body), TokenRejection::BadSignature);
    let mut named = header();
    named["kid"] = json!(foreign_key().id.as_str());
    assert_refused(&forge(&foreign_key(), &named, &body), TokenRejection::UnknownKey);
    for kid in [json!(""), json!("../../dev/null"), json!("' OR 1=1 --"), Value::Null] {
        assert_refused(&with_header("kid", kid), TokenRejection::UnknownKey);
    }
    assert_refused(&with_header("kid", json!(7)), TokenRejection::Malformed);
    let without_kid = json!({ "typ": "JWT", "alg": "RS256" });
    assert_refused(&forge(&our_key(SigningAlgorithm::Rs256), without_kid, &body), TokenRejection::UnknownKey);
}

#[test]
fn keys_that_a_token_brings_along_are_refused() {
    let foreign = JoseTokens::new(JoseSettings::default(), &archon_domain::KeyRing::new(vec![foreign_key()]));
    let jwk = foreign.unwrap().jwks()["keys"][0].clone();
    let parameters = [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/chain.pem")),
        ("x5c", json!(["MIIB"])),
        ("jku", Value::Null),
    ];
    for (name, value) in parameters {
        let mut header = header();
        header[name] = value;
        let body = payload(TokenKind::Access);
        assert_refused(&forge(&foreign_key(), &header, &body), TokenRejection::Malformed);
        assert_refused(&forge(&our_key(SigningAlgorithm::Rs256), &header, &body), TokenRejection::Malformed);
    }
}

#[test]
fn other_types_and_unknown_extensions_are_refused() {
    for typ in [json!("at+jwt"), json!("JWE"), json!(""), json!(1)] {
        assert_refused(&with_header("typ", typ), TokenRejection::Malformed);
    }
    for crit in [json!([]), json!(["exp"]), json!(["b64"]), Value::Null] {
        assert_refused(&with_header("crit", crit), TokenRejection::Malformed);
    }
    let without_typ = json!({ "alg": "RS256", "kid": our_key(SigningAlgorithm::Rs256).id.as_str() });
    let token = forge(&our_key(SigningAlgorithm::Rs256), without_typ, payload(TokenKind::Access));
    assert_eq!(judge(&token), Ok(()));
}

#[test]
fn the_right_variant_tells_why() {
    let changed = |name: &str, value: Value| {
        let mut payload = payload(TokenKind::Access);
        payload[name] = value;
        with_payload(&payload)
    };
    let second = |offset: i64| json!(at(offset).timestamp());
    assert_refused(&changed("exp", second(1)), TokenRejection::Expired);
    assert_refused(&changed("exp", second(-1)), TokenRejection::Expired);
    assert_refused(&changed("nbf", second(32)), TokenRejection::NotYetValid);
    assert_refused(&changed("iat", second(32)), TokenRejection::NotYetValid);
    assert_refused(&changed("iss", json!("archon-auth2")), TokenRejection::WrongAudience);
    assert_refused(&changed("iss", json!("Archon-Auth")), TokenRejection::WrongAudience);
    assert_refused(&changed("aud", json!("archon-api ")), TokenRejection::WrongAudience);
    assert_refused(&with_payload(&payload(TokenKind::Refresh)), TokenRejection::WrongKind);
    let access = with_payload(&payload(TokenKind::Access));
    let as_refresh = tokens().verify(&access, TokenKind::Refresh, at(1));
    assert_eq!(as_refresh, Err(TokenRejection::WrongKind));
}

#[test]
fn a_token_of_the_pages_opens_nothing_else() {
    let of_pages = with_payload(&payload(TokenKind::Page));
    for kind in [TokenKind::Access, TokenKind::Refresh] {
        assert_eq!(tokens().verify(&of_pages, kind, at(1)), Err(TokenRejection::WrongKind));
        let of_api = with_payload(&payload(kind));
        assert_eq!(tokens().verify(&of_api, TokenKind::Page, at(1)), Err(TokenRejection::WrongKind));
    }
    // Verifiers elsewhere know of audiences only, so neither can pass for the other by its type alone.
    for (kind, audience) in [(TokenKind::Page, "archon-api"), (TokenKind::Access, "archon-api/pages")] {
        let mut changed = payload(kind);
        changed["aud"] = json!(audience);
        let outcome = tokens().verify(&with_payload(&changed), kind, at(1));
        assert_eq!(outcome, Err(TokenRejection::WrongAudience));
    }
}

#[test]
fn expired_is_said_only_when_everything_else_holds() {
    let expired = |name: &str, value: Value| {
        let mut payload = payload(TokenKind::Access);
        payload["exp"] = json!(at(-100).timestamp());
        payload[name] = value;
        payload
    };
    assert_refused(&with_payload(&expired("iss", json!("x"))), TokenRejection::WrongAudience);
    assert_refused(&with_payload(&expired("type", json!("refresh"))), TokenRejection::WrongKind);
    assert_refused(&with_payload(&expired("jti", json!("x"))), TokenRejection::Malformed);
    let forged = forge(&foreign_key(), header(), expired("iss", json!("archon-auth")));
    assert_refused(&forged, TokenRejection::BadSignature);
}

#[test]
fn every_claim_is_required_and_typed() {
    for kind in [TokenKind::Access, TokenKind::Refresh, TokenKind::Page] {
        let judge = |payload: &Value| tokens().verify(&with_payload(payload), kind, at(1)).map(drop);
        let whole = payload(kind);
        assert_eq!(judge(&whole), Ok(()));
        for (name, good) in whole.as_object().unwrap() {
            let mut missing = whole.clone();
            missing.as_object_mut().unwrap().remove(name);
            assert_eq!(judge(&missing), Err(TokenRejection::Malformed), "without {name}");
            let mistyped = [
                Value::Null,
                json!({}),
                json!([1]),
                json!([good]),
                json!(1.5),
                json!("some text"),
                json!(u64::MAX),
                json!(i64::MIN),
                json!(good.to_string()),
            ];
            for value in mistyped {
                let mut changed = whole.clone();
                changed[name] = value.clone();
                let outcome = judge(&changed);
                // Any text is an issuer or audience, though not ours.
                let other_text = matches!(name.as_str(), "iss" | "aud") && value.is_string();
                let expected =
                    if other_text { TokenRejection::WrongAudience } else { TokenRejection::Malformed };
                assert_eq!(outcome, Err(expected), "{name} = {value}");
            }
        }
    }
}

#[test]
fn a_claim_that_stands_twice_is_malformed() {
    let body = payload(TokenKind::Access).to_string();
    let twice = body.replacen('{', r#"{"type":"access","#, 1);
    let token = forge(&our_key(SigningAlgorithm::Rs256), header(), twice);
    assert_refused(&token, TokenRejection::Malformed);
    for text in ["", "null", "[]", "\"text\"", "{", "{}"] {
        let token = forge(&our_key(SigningAlgorithm::Rs256), header(), text);
        // An empty payload is no payload at all.
        assert_refused(&token, TokenRejection::Malformed);
    }
}

#[test]
fn a_changed_payload_or_signature_does_not_match() {
    for algorithm in ALGORITHMS {
        let tokens = tokens_of(algorithm);
        let judge = |token: &str| tokens.verify(token, TokenKind::Access, at(1)).map(drop);
        let token = tokens.issue(&claims(TokenKind::Access)).unwrap();
        let (message, signature) = token.expose().rsplit_once('.').unwrap();
        let (head, _) = message.split_once('.').unwrap();
        let mut richer = payload(TokenKind::Access);
        richer["roles"] = json!(["admin", "root", "user"]);
        let changed = format!("{head}.{}.{signature}", encode(richer.to_string()));
        assert_eq!(judge(&changed), Err(TokenRejection::BadSignature));
        let other = if signature.starts_with('A') { "B" } else { "A" };
        let changed = format!("{message}.{other}{}", &signature[1..]);
        assert_eq!(judge(&changed), Err(TokenRejection::BadSignature));
        for length in [0, 1, 63, 64, 65, 255, 256, 257] {
            for byte in [0, 1, 0xff] {
                let changed = format!("{message}.{}", encode(vec![byte; length]));
                assert_eq!(judge(&changed), Err(TokenRejection::BadSignature), "{length} times {byte}");
            }
        }
    }
}

/// One change to a token's text.
#[derive(Debug, Clone)]
enum Mutation {
    Replace(usize, char),
    Insert(usize, char),
    Remove(usize),
    Swap(usize, usize),
    Cut(usize),
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let letter = prop_oneof![proptest::char::range('!', '~'), any::<char>()];
    prop_oneof![
        (any::<usize>(), letter.clone()).prop_map(|(at, letter)| Mutation::Replace(at, letter)),
        (any::<usize>(), letter).prop_map(|(at, letter)| Mutation::Insert(at, letter)),
        any::<usize>().prop_map(Mutation::Remove),
        (any::<usize>(), any::<usize>()).prop_map(|(one, two)| Mutation::Swap(one, two)),
        any::<usize>().prop_map(Mutation::Cut),
    ]
}

fn mutated(token: &str, mutations: &[Mutation]) -> String {
    let mut letters: Vec<char> = token.chars().collect();
    for mutation in mutations {
        let length = letters.len().max(1);
        match *mutation {
            Mutation::Insert(at, letter) => letters.insert(at % (letters.len() + 1), letter),
            _ if letters.is_empty() => {}
            Mutation::Replace(at, letter) => letters[at % length] = letter,
            Mutation::Remove(at) => drop(letters.remove(at % length)),
            Mutation::Swap(one, two) => letters.swap(one % length, two % length),
            Mutation::Cut(at) => letters.truncate(at % length),
        }
    }
    letters.into_iter().collect()
}

proptest! {
    #[test]
    fn a_mutated_token_never_passes_and_nothing_panics(
        which in 0_usize..3,
        mutations in prop::collection::vec(mutation(), 1..4),
    ) {
        let tokens = tokens_of(ALGORITHMS[which]);
        let token = tokens.issue(&claims(TokenKind::Access)).unwrap();
        let changed = mutated(token.expose(), &mutations);
        let outcome = tokens.verify(&changed, TokenKind::Access, at(1));
        prop_assert!(outcome.is_err() || changed == token.expose(), "{changed}");
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in "\\PC{0,200}", parts in prop::collection::vec(".*", 0..5)) {
        prop_assert!(judge(&text).is_err());
        let encoded: Vec<String> = parts.iter().map(encode).collect();
        prop_assert!(judge(&encoded.join(".")).is_err());
    }

    #[test]
    fn any_payload_with_a_good_signature_is_read_without_a_panic(body in ".{0,200}", number in any::<i64>()) {
        let _ = judge(&forge(&our_key(SigningAlgorithm::Rs256), header(), body));
        for name in ["iat", "nbf", "exp"] {
            let mut payload = payload(TokenKind::Access);
            payload[name] = json!(number);
            let _ = judge(&with_payload(&payload));
        }
    }
}
