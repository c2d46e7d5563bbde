use archon_domain::ports::TokenIssuer as _;
use archon_domain::{KeyRing, SigningAlgorithm, SigningKey, TokenKind};
use archon_token_jose::{JoseSettings, JoseTokens, KeyError, RsaBits, generate_key, import_pem};
use openssl::dsa::Dsa;
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::symm::Cipher;
use serde_json::json;

use crate::fixture::{ALGORITHMS, at, claims, our_key};

fn text(pem: Vec<u8>) -> String {
    String::from_utf8(pem).unwrap()
}

fn private(key: &SigningKey) -> PKey<Private> {
    PKey::private_key_from_pem(key.private_pem.as_bytes()).unwrap()
}

fn import(pem: impl AsRef<str>) -> Result<SigningKey, KeyError> {
    import_pem(pem.as_ref(), at(0), at(10))
}

#[test]
fn jwks_show_the_public_half_and_nothing_else() {
    for algorithm in ALGORITHMS {
        let key = our_key(algorithm);
        let tokens = JoseTokens::new(JoseSettings::default(), &KeyRing::new(vec![key.clone()])).unwrap();
        let jwks = tokens.jwks();
        let jwk = jwks["keys"][0].as_object().unwrap();
        let mut names: Vec<&str> = jwk.keys().map(String::as_str).collect();
        names.sort_unstable();
        let expected = match algorithm {
            SigningAlgorithm::Rs256 => vec!["alg", "e", "kid", "kty", "n", "use"],
            SigningAlgorithm::Es256 => vec!["alg", "crv", "kid", "kty", "use", "x", "y"],
            SigningAlgorithm::EdDsa => vec!["alg", "crv", "kid", "kty", "use", "x"],
        };
        assert_eq!(names, expected);
        assert_eq!((&jwk["use"], &jwk["alg"]), (&json!("sig"), &json!(algorithm.as_str())));
        assert_eq!(jwk["kid"], json!(key.id.as_str()));
    }
}

#[test]
fn debug_output_shows_no_private_key() {
    for algorithm in ALGORITHMS {
        let key = our_key(algorithm);
        let ring = KeyRing::new(vec![key.clone()]);
        let shown = format!("{:?}", JoseTokens::new(JoseSettings::default(), &ring).unwrap());
        assert!(key.private_pem.lines().all(|line| line.is_empty() || !shown.contains(line)), "{shown}");
    }
}

#[test]
fn other_people_can_check_our_tokens_with_our_jwks() {
    for algorithm in ALGORITHMS {
        let key = our_key(algorithm);
        let tokens = JoseTokens::new(JoseSettings::default(), &KeyRing::new(vec![key])).unwrap();
        let token = tokens.issue(&claims(TokenKind::Access)).unwrap();
        let jwk =
            serde_json::from_value::<josekit::Map<String, _>>(tokens.jwks()["keys"][0].clone()).unwrap();
        let jwk = josekit::jwk::Jwk::from_map(jwk).unwrap();
        let verifier: Box<dyn josekit::jws::JwsVerifier> = match algorithm {
            SigningAlgorithm::Rs256 => Box::new(josekit::jws::RS256.verifier_from_jwk(&jwk).unwrap()),
            SigningAlgorithm::Es256 => Box::new(josekit::jws::ES256.verifier_from_jwk(&jwk).unwrap()),
            SigningAlgorithm::EdDsa => Box::new(josekit::jws::EdDSA.verifier_from_jwk(&jwk).unwrap()),
        };
        let (payload, _) = josekit::jwt::decode_with_verifier(token.expose(), &*verifier).unwrap();
        assert_eq!(payload.issuer(), Some("archon-auth"));
    }
}

#[test]
fn the_thumbprint_is_that_of_the_rfcs() {
    // RFC 8037 appendix A.1 and A.3.
    let pem = "-----BEGIN PRIVATE KEY-----\n\
               MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n\
               -----END PRIVATE KEY-----\n";
    let key = import(pem).unwrap();
    assert_eq!(key.id.as_str(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    assert_eq!((key.created_at, key.signs_from), (at(0), at(10)));
}

#[test]
fn every_common_spelling_of_a_private_key_is_read_as_the_same_key() {
    let rsa = our_key(SigningAlgorithm::Rs256);
    let ec = our_key(SigningAlgorithm::Es256);
    let ed = our_key(SigningAlgorithm::EdDsa);
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let sec1 = text(private(&ec).ec_key().unwrap().private_key_to_pem().unwrap());
    assert!(sec1.starts_with("-----BEGIN EC PRIVATE KEY-----"));
    let pkcs1 = text(private(&rsa).rsa().unwrap().private_key_to_pem().unwrap());
    let spellings = [
        (&rsa, rsa.private_pem.to_string()),
        (&rsa, pkcs1.clone()),
        (&rsa, pkcs1.replace('\n', "\r\n")),
        (&ec, ec.private_pem.to_string()),
        (&ec, sec1.clone()),
        (&ec, format!("{parameters}{sec1}")),
        (&ed, format!("a comment before\n{}", *ed.private_pem)),
    ];
    for (key, pem) in spellings {
        let imported = import(&pem).unwrap();
        assert_eq!((&imported.id, imported.algorithm), (&key.id, key.algorithm), "{pem}");
        assert_eq!(imported.private_pem, key.private_pem, "kept as PKCS#8");
    }
}

#[test]
fn a_key_in_a_ring_may_be_spelled_otherwise() {
    let key = our_key(SigningAlgorithm::Rs256);
    let pkcs1 = text(private(&key).rsa().unwrap().private_key_to_pem().unwrap());
    let ring = KeyRing::new(vec![SigningKey { private_pem: pkcs1.into(), ..key }]);
    let tokens = JoseTokens::new(JoseSettings::default(), &ring).unwrap();
    let token = tokens.issue(&claims(TokenKind::Access)).unwrap();
    assert!(tokens.verify(token.expose(), TokenKind::Access, at(1)).is_ok());
}

#[test]
fn keys_that_cannot_sign_are_refused_with_the_mend() {
    let rsa = private(&our_key(SigningAlgorithm::Rs256));
    let short = PKey::from_rsa(Rsa::generate(1024).unwrap()).unwrap();
    let p384 = EcKey::generate(&EcGroup::from_curve_name(Nid::SECP384R1).unwrap()).unwrap();
    let p384 = PKey::from_ec_key(p384).unwrap();
    let dsa = PKey::from_dsa(Dsa::generate(1024).unwrap()).unwrap();
    let pkcs8 = |key: &PKey<Private>| text(key.private_key_to_pem_pkcs8().unwrap());
    let encrypted = rsa.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), b"secret").unwrap();
    let encrypted_pkcs1 =
        rsa.rsa().unwrap().private_key_to_pem_passphrase(Cipher::aes_256_cbc(), b"secret").unwrap();
    let cut = pkcs8(&rsa)[..400].to_owned();
    let refused = [
        (pkcs8(&short), "1024 bits"),
        (text(rsa.public_key_to_pem().unwrap()), "public key"),
        (text(rsa.rsa().unwrap().public_key_to_pem_pkcs1().unwrap()), "public key"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n".to_owned(), "certificate"),
        (text(encrypted), "decrypt it first"),
        (text(encrypted_pkcs1), "decrypt it first"),
        (pkcs8(&p384), "P-256"),
        (pkcs8(&PKey::generate_ed448().unwrap()), "Ed25519"),
        (pkcs8(&dsa), "Ed25519"),
        (cut, "no readable private key"),
        (String::new(), "no readable private key"),
        ("garbage".to_owned(), "no readable private key"),
    ];
    for (pem, mend) in refused {
        let error = import(&pem).unwrap_err().to_string();
        assert!(error.contains(mend), "{mend}: {error}");
    }
}

#[test]
fn generated_keys_differ_and_have_the_size_asked_for() {
    let generate = |algorithm| generate_key(algorithm, RsaBits::default(), at(5), at(6)).unwrap();
    for algorithm in [SigningAlgorithm::Es256, SigningAlgorithm::EdDsa] {
        let (one, two) = (generate(algorithm), generate(algorithm));
        assert_ne!(one.id, two.id);
        assert_eq!((one.algorithm, one.created_at, one.signs_from), (algorithm, at(5), at(6)));
    }
    assert_eq!(private(&our_key(SigningAlgorithm::Rs256)).bits(), 2048);
    let larger = generate_key(SigningAlgorithm::Rs256, RsaBits::Bits3072, at(0), at(0)).unwrap();
    assert_eq!(private(&larger).bits(), 3072);
    assert!("1024".parse::<RsaBits>().is_err());
    assert_eq!("4096".parse::<RsaBits>().unwrap().get(), 4096);
}
