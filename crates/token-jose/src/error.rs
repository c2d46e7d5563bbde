use archon_domain::KeyId;
use thiserror::Error;

/// Why a key cannot be made or used, in words for the operator who chose it.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The text holds no private key that can be read.
    #[error(
        "the PEM holds no readable private key: name a PKCS#8, PKCS#1 or SEC1 file that begins \
         with -----BEGIN PRIVATE KEY-----, -----BEGIN RSA PRIVATE KEY----- or -----BEGIN EC PRIVATE KEY-----"
    )]
    Unreadable(#[source] openssl::error::ErrorStack),
    /// The PEM is the public half or a certificate.
    #[error(
        "the PEM holds a public key or a certificate: tokens are signed with the private key, name its file"
    )]
    PublicKey,
    /// The PEM asks for a passphrase.
    #[error(
        "the PEM is encrypted: decrypt it first, for example with `openssl pkey -in key.pem -out plain.pem`"
    )]
    Encrypted,
    /// An RSA key that RFC 7518 section 3.3 forbids.
    #[error("the RSA key has {bits} bits: RS256 needs 2048 or more")]
    TooShort {
        /// The size of the modulus.
        bits: u32,
    },
    /// A kind of key that signs none of RS256, ES256 and EdDSA.
    #[error("the key is of no kind that signs tokens: use RSA (2048 bits or more), EC P-256 or Ed25519")]
    Unsupported,
    /// The parts of the key contradict each other.
    #[error("the private key is damaged: its parts do not fit together")]
    Inconsistent,
    /// A key of the ring cannot be used.
    #[error("the signing key {id} cannot be used")]
    InRing {
        /// Which key.
        id: KeyId,
        /// What is wrong with it.
        #[source]
        source: Box<KeyError>,
    },
    /// A key of the ring signs with another algorithm than it says.
    #[error("the key signs with {actual}, but is stored as {stored}")]
    WrongAlgorithm {
        /// The algorithm that is stored with it.
        stored: &'static str,
        /// The algorithm that its kind asks for.
        actual: &'static str,
    },
    /// Two keys of the ring have the same id.
    #[error("two signing keys have this id")]
    Duplicate,
    /// A clock skew outside of 0 to 30 seconds.
    #[error("the clock skew of {seconds} s is out of range: 0 to 30 s are allowed")]
    SkewOutOfRange {
        /// The skew that was asked for.
        seconds: i64,
    },
    /// OpenSSL failed at what should always work.
    #[error("OpenSSL failed")]
    Library(#[from] openssl::error::ErrorStack),
    /// josekit refused a key that was checked before.
    #[error("the key cannot be used for signing")]
    Refused(#[source] josekit::JoseError),
}
