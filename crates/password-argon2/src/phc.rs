use archon_domain::PasswordHash;
use archon_domain::ports::HashError;
use argon2::password_hash::phc::{Ident, Output, ParamsString, PasswordHash as Phc, Salt};
use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;

use crate::memory::Memory;
use crate::parameters::{Argon2Parameters, is_absurd};

/// A stored hash, read and found computable.
pub(crate) struct StoredHash {
    algorithm: Algorithm,
    version: Version,
    params: Params,
    salt: Salt,
    output: Output,
}

impl StoredHash {
    /// Reads a PHC string of any Argon2 variant.
    pub(crate) fn parse(hash: &PasswordHash) -> Result<Self, HashError> {
        Self::read(hash.expose()).filter(Self::is_computable).ok_or(HashError::UnreadableHash)
    }

    fn read(text: &str) -> Option<Self> {
        let phc = Phc::new(text).ok()?;
        // Without a version the string is from before version 1.3 had a name of its own.
        let version = phc.version.map_or(Ok(Version::V0x10), Version::try_from).ok()?;
        let algorithm = phc.algorithm.as_str().parse().ok()?;
        let params = Params::try_from(&phc).ok()?;
        // Parameters that are left out would quietly take the library's defaults.
        let complete = ["m", "t", "p"].iter().all(|name| phc.params.get_decimal(*name).is_some());
        let (salt, output) = (phc.salt?, phc.hash?);
        complete.then_some(Self { algorithm, version, params, salt, output })
    }

    /// Whether the hash can be computed at a price that this service pays.
    fn is_computable(&self) -> bool {
        let salt_is_long_enough = self.salt.as_ref().len() >= argon2::MIN_SALT_LEN;
        salt_is_long_enough && !is_absurd(&self.params)
    }

    /// Whether it is the hash of the password, compared in constant time.
    pub(crate) fn matches(&self, password: &[u8], memory: &mut Memory) -> Result<bool, HashError> {
        let argon2 = Argon2::new(self.algorithm, self.version, self.params.clone());
        let expected = self.output.as_bytes();
        let output = memory.hash(&argon2, password, self.salt.as_ref(), expected.len())?;
        Ok(output.ct_eq(expected).into())
    }

    /// Whether a hash of today would look different, its salt and output aside.
    pub(crate) fn is_outdated(&self, today: &Params) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.params != *today
            || self.salt.as_ref().len() < Argon2Parameters::SALT_BYTES
    }
}

/// Hashes a password under a fresh salt.
pub(crate) fn hash(password: &[u8], params: &Params, memory: &mut Memory) -> Result<PasswordHash, HashError> {
    let salt: [u8; Argon2Parameters::SALT_BYTES] = random()?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
    let output = memory.hash(&argon2, password, &salt, Argon2Parameters::OUTPUT_BYTES)?;
    write(params, &salt, &output)
}

/// A hash that no password has: what an unknown user's password is compared with.
pub(crate) fn dummy(params: &Params) -> Result<PasswordHash, HashError> {
    let salt: [u8; Argon2Parameters::SALT_BYTES] = random()?;
    let output: [u8; Argon2Parameters::OUTPUT_BYTES] = random()?;
    write(params, &salt, &output)
}

fn write(params: &Params, salt: &[u8], output: &[u8]) -> Result<PasswordHash, HashError> {
    let failed = |error: argon2::password_hash::phc::Error| HashError::Failed(error.to_string());
    let phc = Phc {
        algorithm: Ident::new(Algorithm::Argon2id.as_str()).map_err(failed)?,
        version: Some(Version::V0x13.into()),
        params: ParamsString::try_from(params).map_err(|error| HashError::Failed(error.to_string()))?,
        salt: Some(Salt::new(salt).map_err(failed)?),
        hash: Some(Output::new(output).map_err(failed)?),
    };
    Ok(PasswordHash::new(phc.to_string()))
}

fn random<const N: usize>() -> Result<[u8; N], HashError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| HashError::Failed(error.to_string()))?;
    Ok(bytes)
}
