use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::ports::Entropy;

/// `BYTES` random bytes as URL-safe characters.
pub(crate) fn generate<const BYTES: usize>(entropy: &dyn Entropy) -> String {
    let mut random = [0; BYTES];
    entropy.fill(&mut random);
    URL_SAFE_NO_PAD.encode(random)
}

/// Takes a text that could have come from [`generate`] with as many bytes.
pub(crate) fn parse<const BYTES: usize>(text: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    (bytes.len() == BYTES).then(|| text.to_owned())
}
