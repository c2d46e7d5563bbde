use archon_domain::{SealedToken, SignedToken, TokenError};
use openssl::error::ErrorStack;

use crate::aead;

/// Keeps these keys apart from any other use of a token.
const LABEL: &[u8] = b"archon-auth refresh token successor v1";

/// Locks a token under its predecessor, whose signature is what nobody else can know.
pub(crate) fn seal(successor: &SignedToken, predecessor: &str) -> Result<SealedToken, TokenError> {
    let locked = aead::lock(predecessor.as_bytes(), LABEL, successor.expose().as_bytes());
    locked.map(SealedToken::new).map_err(failed)
}

/// Opens what [`seal`] has locked.
pub(crate) fn unseal(sealed: &SealedToken, predecessor: &str) -> Result<SignedToken, TokenError> {
    let cannot = || TokenError("the sealed token was locked under another token or was changed".into());
    let opened = aead::unlock(predecessor.as_bytes(), LABEL, sealed.as_bytes()).map_err(failed)?;
    let plain = String::from_utf8(opened.ok_or_else(cannot)?.to_vec()).map_err(|_| cannot())?;
    Ok(SignedToken::new(plain))
}

fn failed(error: ErrorStack) -> TokenError {
    TokenError(Box::new(error))
}
