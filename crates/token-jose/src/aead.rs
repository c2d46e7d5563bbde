//! Authenticated encryption of short texts: AES-256-GCM under a key derived by HKDF-SHA256.

use openssl::error::ErrorStack;
use openssl::md::Md;
use openssl::pkey::Id;
use openssl::pkey_ctx::PkeyCtx;
use openssl::rand::rand_bytes;
use openssl::symm::{Cipher, decrypt_aead, encrypt_aead};
use zeroize::Zeroizing;

/// Bytes of a GCM nonce (NIST SP 800-38D section 8.2).
const NONCE_BYTES: usize = 12;

/// Bytes of a GCM tag.
const TAG_BYTES: usize = 16;

/// Locks `plain` under `secret`: nonce, tag, ciphertext. `label` keeps this use of the secret apart from
/// any other and is authenticated with it.
pub(crate) fn lock(secret: &[u8], label: &[u8], plain: &[u8]) -> Result<Vec<u8>, ErrorStack> {
    let key = derive_key(secret, label)?;
    // One secret may lock many texts: the nonce is random.
    let mut nonce = [0; NONCE_BYTES];
    rand_bytes(&mut nonce)?;
    let mut tag = [0; TAG_BYTES];
    let ciphertext = encrypt_aead(Cipher::aes_256_gcm(), &*key, Some(&nonce), label, plain, &mut tag)?;
    Ok([&nonce[..], &tag[..], &ciphertext].concat())
}

/// Opens what [`lock`] has made; `None` when it was locked under another secret or label, or was changed.
pub(crate) fn unlock(
    secret: &[u8],
    label: &[u8],
    locked: &[u8],
) -> Result<Option<Zeroizing<Vec<u8>>>, ErrorStack> {
    let parts = locked.split_at_checked(NONCE_BYTES);
    let parts = parts.and_then(|(nonce, rest)| Some((nonce, rest.split_at_checked(TAG_BYTES)?)));
    let Some((nonce, (tag, ciphertext))) = parts else { return Ok(None) };
    let key = derive_key(secret, label)?;
    let opened = decrypt_aead(Cipher::aes_256_gcm(), &*key, Some(nonce), label, ciphertext, tag);
    Ok(opened.ok().map(Zeroizing::new))
}

/// HKDF-SHA256 (RFC 5869).
fn derive_key(secret: &[u8], label: &[u8]) -> Result<Zeroizing<[u8; 32]>, ErrorStack> {
    let mut context = PkeyCtx::new_id(Id::HKDF)?;
    context.derive_init()?;
    context.set_hkdf_md(Md::sha256())?;
    context.set_hkdf_key(secret)?;
    context.add_hkdf_info(label)?;
    let mut key = Zeroizing::new([0; 32]);
    context.derive(Some(&mut *key))?;
    Ok(key)
}
