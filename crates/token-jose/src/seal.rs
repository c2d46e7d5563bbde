use archon_domain::{SealedToken, SignedToken, TokenError};
use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::Id;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

/// Keeps these keys apart from any other use of a token; also authenticated with each seal.
const LABEL: &[u8] = b"archon-auth refresh token successor v1";

/// Bytes of a GCM nonce (NIST SP 800-38D section 8.2).
const NONCE_BYTES: usize = 12;

/// Bytes of a GCM tag.
const TAG_BYTES: usize = 16;

/// AES-256-GCM under a key that only the predecessor's holder can derive; nonce, tag, ciphertext.
pub(crate) fn seal(successor: &SignedToken, predecessor: &str) -> Result<SealedToken, TokenError> {
    let failed = |error: ErrorStack| TokenError(Box::new(error));
    let key = derive_key(predecessor).map_err(failed)?;
    // One predecessor may seal several candidates of which one rotation wins: the nonce is random.
    let mut nonce = [0; NONCE_BYTES];
    rand_bytes(&mut nonce).map_err(failed)?;
    let mut tag = [0; TAG_BYTES];
    let plain = successor.expose().as_bytes();
    let sealed = encrypt_aead(Cipher::aes_256_gcm(), &*key, Some(&nonce), LABEL, plain, &mut tag);
    let ciphertext = sealed.map_err(failed)?;
    Ok(SealedToken::new([&nonce[..], &tag[..], &ciphertext].concat()))
}

/// Opens what [`seal`] has locked.
pub(crate) fn unseal(sealed: &SealedToken, predecessor: &str) -> Result<SignedToken, TokenError> {
    let cannot = || TokenError("the sealed token was locked under another token or was changed".into());
    let (nonce, rest) = sealed.as_bytes().split_at_checked(NONCE_BYTES).ok_or_else(cannot)?;
    let (tag, ciphertext) = rest.split_at_checked(TAG_BYTES).ok_or_else(cannot)?;
    let key = derive_key(predecessor).map_err(|error| TokenError(Box::new(error)))?;
    let opened = decrypt_aead(Cipher::aes_256_gcm(), &*key, Some(nonce), LABEL, ciphertext, tag);
    let plain = opened.map_err(|_| cannot())?;
    Ok(SignedToken::new(String::from_utf8(plain).map_err(|_| cannot())?))
}

/// HKDF-SHA256 (RFC 5869) over the token's text: its signature is what nobody else can know.
fn derive_key(predecessor: &str) -> Result<Zeroizing<[u8; 32]>, ErrorStack> {
    let mut context = PkeyCtx::new_id(Id::HKDF)?;
    context.derive_init()?;
    context.set_hkdf_md(Md::sha256())?;
    context.set_hkdf_key(predecessor.as_bytes())?;
    context.add_hkdf_info(LABEL)?;
    let mut key = Zeroizing::new([0; 32]);
    context.derive(Some(&mut *key))?;
    Ok(key)
}
