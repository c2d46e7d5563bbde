use std::str::FromStr;

use archon_domain::{Instant, SigningAlgorithm, SigningKey};
use openssl::ec::{EcGroup, EcKey};
use openssl::nid::Nid;
use openssl::pkey::{Id, PKey, Private};
use openssl::rsa::Rsa;
use zeroize::Zeroizing;

use crate::KeyError;
use crate::public_key::PublicKey;

/// The size of a new RSA key; signing with 4096 bits takes about six times as long as with 2048.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RsaBits {
    /// 2048 bits, good until 2030 (NIST SP 800-57 part 1).
    #[default]
    Bits2048,
    /// 3072 bits.
    Bits3072,
    /// 4096 bits.
    Bits4096,
}

impl RsaBits {
    /// The number of bits.
    #[must_use]
    pub const fn get(self) -> u32 {
        match self {
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
            Self::Bits4096 => 4096,
        }
    }
}

impl FromStr for RsaBits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "2048" => Ok(Self::Bits2048),
            "3072" => Ok(Self::Bits3072),
            "4096" => Ok(Self::Bits4096),
            other => Err(format!("{other:?} is no size of an RSA key: use 2048, 3072 or 4096")),
        }
    }
}

/// Makes a key pair from OpenSSL's random generator; its id is its thumbprint (RFC 7638).
///
/// An RSA key takes some hundred milliseconds, so call this off the request threads.
///
/// # Errors
/// When OpenSSL fails.
pub fn generate_key(
    algorithm: SigningAlgorithm,
    rsa_bits: RsaBits,
    created_at: Instant,
    signs_from: Instant,
) -> Result<SigningKey, KeyError> {
    let key = match algorithm {
        SigningAlgorithm::Rs256 => PKey::from_rsa(Rsa::generate(rsa_bits.get())?)?,
        SigningAlgorithm::Es256 => {
            PKey::from_ec_key(EcKey::generate(&*EcGroup::from_curve_name(Nid::X9_62_PRIME256V1)?)?)?
        }
        SigningAlgorithm::EdDsa => PKey::generate_ed25519()?,
    };
    signing_key(&key, created_at, signs_from)
}

/// Reads a private key that an operator brings; what it signs follows from its kind, its id is its
/// thumbprint (RFC 7638), and the PEM is kept as PKCS#8.
///
/// # Errors
/// What is wrong with the key, and what to do about it.
pub fn import_pem(pem: &str, created_at: Instant, signs_from: Instant) -> Result<SigningKey, KeyError> {
    let key = parse_private_pem(pem)?;
    check_consistency(&key)?;
    signing_key(&key, created_at, signs_from)
}

/// Reads the private key of a PEM text.
pub(crate) fn parse_private_pem(pem: &str) -> Result<PKey<Private>, KeyError> {
    // Asked for a passphrase, OpenSSL would prompt on the terminal and hang a service.
    if pem.contains("ENCRYPTED") {
        return Err(KeyError::Encrypted);
    }
    if !pem.contains("PRIVATE KEY-----")
        && (pem.contains("PUBLIC KEY-----") || pem.contains("CERTIFICATE-----"))
    {
        return Err(KeyError::PublicKey);
    }
    PKey::private_key_from_pem_callback(pem.as_bytes(), |_| Ok(0)).map_err(KeyError::Unreadable)
}

fn check_consistency(key: &PKey<Private>) -> Result<(), KeyError> {
    let consistent = match key.id() {
        Id::RSA => key.rsa()?.check_key().unwrap_or(false),
        Id::EC => key.ec_key()?.check_key().is_ok(),
        // The public half of Ed25519 is computed from the private one.
        _ => true,
    };
    if consistent { Ok(()) } else { Err(KeyError::Inconsistent) }
}

fn signing_key(
    key: &PKey<Private>,
    created_at: Instant,
    signs_from: Instant,
) -> Result<SigningKey, KeyError> {
    let public = PublicKey::of(key)?;
    let pem = Zeroizing::new(key.private_key_to_pem_pkcs8()?);
    // PEM is ASCII, so nothing is ever replaced here.
    let private_pem = Zeroizing::new(String::from_utf8_lossy(&pem).into_owned());
    Ok(SigningKey {
        id: public.thumbprint(),
        algorithm: public.algorithm(),
        private_pem,
        created_at,
        signs_from,
    })
}
