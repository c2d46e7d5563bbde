//! JSON Web Tokens, key rings and key files, by josekit.
//!
//! [`JoseTokens`] signs and checks tokens, [`generate_key`] and [`import_pem`] make keys, and
//! [`FileKeyStore`] keeps them in a directory, [`EncryptedKeyStore`] encrypted in another store.

mod aead;
mod claims;
mod encrypted_key_store;
mod error;
mod file_key_store;
mod header;
mod key_ring;
mod keys;
mod public_key;
mod seal;
mod tokens;

pub use encrypted_key_store::EncryptedKeyStore;
pub use error::KeyError;
pub use file_key_store::FileKeyStore;
pub use keys::{RsaBits, generate_key, import_pem};
pub use tokens::{JoseSettings, JoseTokens};
