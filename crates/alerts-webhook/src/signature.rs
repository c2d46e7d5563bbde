use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::WebhookError;

/// How a secret begins whose rest is base64.
const ENCODED: &str = "whsec_";

/// What signs messages: the secret that the receiver has as well.
pub(crate) struct SigningSecret(Zeroizing<Vec<u8>>);

impl fmt::Debug for SigningSecret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SigningSecret(***)")
    }
}

impl SigningSecret {
    /// Fewest bytes of a secret, as Standard Webhooks has it.
    const SHORTEST: usize = 24;

    /// Reads `whsec_` and base64, or plain text.
    pub(crate) fn parse(text: &str) -> Result<Self, WebhookError> {
        let refused = |reason| Err(WebhookError::Secret { reason });
        let key = match text.strip_prefix(ENCODED) {
            Some(encoded) => match STANDARD.decode(encoded) {
                Ok(key) => key,
                Err(_) => return refused("must be base64 after whsec_"),
            },
            None => text.as_bytes().to_vec(),
        };
        if key.len() < Self::SHORTEST {
            return refused("must have at least 24 bytes; make one with: openssl rand -base64 32");
        }
        Ok(Self(Zeroizing::new(key)))
    }

    /// The signature of a message: `v1,` and HMAC-SHA256 in base64, of its id, the time of the try in seconds since
    /// 1970, and its body.
    pub(crate) fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Result<String, String> {
        // HMAC takes keys of any length (RFC 2104 section 3).
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|error| error.to_string())?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        Ok(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries.
    #[test]
    fn a_message_is_signed_as_the_standard_says() {
        let secret = SigningSecret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let signature =
            secret.sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signature.unwrap(), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn secrets_are_plain_or_encoded_and_not_short() {
        let why = |text: &str| SigningSecret::parse(text).unwrap_err().to_string();
        assert!(SigningSecret::parse("24 characters of my own!").is_ok());
        assert!(why("23 characters of my own").contains("24 bytes"));
        assert!(why("whsec_not base64").contains("base64"));
        assert!(why("whsec_c2hvcnQ=").contains("24 bytes"), "24 characters that say five bytes");
        assert_eq!(
            format!("{:?}", SigningSecret::parse("24 characters of my own!").unwrap()),
            "SigningSecret(***)"
        );
    }

    #[test]
    fn an_encoded_secret_is_the_plain_one() {
        let plain = "24 characters of my own!";
        let encoded = format!("whsec_{}", STANDARD.encode(plain));
        let sign = |text: &str| SigningSecret::parse(text).unwrap().sign("id", 7, b"body").unwrap();
        assert_eq!(sign(plain), sign(&encoded));
        assert_ne!(sign(plain), sign("24 characters of others!"));
    }
}
