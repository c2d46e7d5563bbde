use archon_domain::ports::TokenIssuer as _;
use archon_domain::{SealedToken, SignedToken, TokenKind};

use crate::fixture::{claims, tokens};

#[test]
fn two_seals_open_to_the_same_successor_with_the_right_predecessor_only() {
    let tokens = tokens();
    let predecessor = tokens.issue(&claims(TokenKind::Refresh)).unwrap();
    let successor = SignedToken::new("header.payload.signature");
    let seal = || tokens.seal(&successor, predecessor.expose()).unwrap();
    let (one, two) = (seal(), seal());
    assert_ne!(one, two, "each seal has a nonce of its own");
    for sealed in [&one, &two] {
        assert_eq!(tokens.unseal(sealed, predecessor.expose()).unwrap(), successor);
        assert!(tokens.unseal(sealed, successor.expose()).is_err());
        assert!(tokens.unseal(sealed, "").is_err());
        let shortened = &predecessor.expose()[..predecessor.expose().len() - 1];
        assert!(tokens.unseal(sealed, shortened).is_err());
    }
    let clear = String::from_utf8_lossy(one.as_bytes()).into_owned();
    assert!(!clear.contains("payload"));
}

#[test]
fn a_seal_that_was_changed_or_cut_does_not_open() {
    let tokens = tokens();
    let sealed = tokens.seal(&SignedToken::new("successor"), "predecessor").unwrap();
    let bytes = sealed.as_bytes();
    for index in 0..bytes.len() {
        let mut changed = bytes.to_vec();
        changed[index] ^= 1;
        assert!(tokens.unseal(&SealedToken::new(changed), "predecessor").is_err(), "byte {index}");
        let cut = SealedToken::new(bytes[..index].to_vec());
        assert!(tokens.unseal(&cut, "predecessor").is_err(), "cut at {index}");
    }
}
