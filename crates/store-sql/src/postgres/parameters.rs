//! The parameters of a connection string that say how TLS is done: ours to read, for the driver knows
//! three of libpq's six modes and none of its files.

use std::borrow::Cow;
use std::path::PathBuf;

use percent_encoding::percent_decode_str;

use crate::error::OpenError;

/// How much TLS there must be; libpq's `sslmode`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// In clear.
    Disable,
    /// By TLS where the server has it, else in clear; no certificate is checked. libpq's `allow`, which
    /// would try in clear first, is taken for the same.
    Prefer,
    /// By TLS or not at all; no certificate is checked.
    Require,
    /// By TLS, with a certificate of an authority that we trust, whatever its name.
    VerifyCa,
    /// By TLS, with a certificate of an authority that we trust, for the host that we asked for.
    VerifyFull,
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Roots {
    /// The authorities of the platform.
    System,
    /// The authorities in a PEM file.
    File(PathBuf),
}

/// What a connection string says of TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TlsParameters {
    pub(super) mode: Mode,
    /// Looked at by the modes that verify.
    pub(super) roots: Roots,
    /// The PEM files of our own certificate and its private key.
    pub(super) client: Option<(PathBuf, PathBuf)>,
}

/// Splits a connection string, of either form, into what it says of TLS and the rest for the driver.
pub(super) fn split(text: &str) -> Result<(TlsParameters, String), OpenError> {
    let mut found = Found::default();
    let rest = if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        split_url(text, &mut found)?
    } else {
        split_words(text, &mut found)?
    };
    Ok((found.judge()?, rest))
}

/// The values as they stand; the last one of a name counts, as in libpq.
#[derive(Default)]
struct Found {
    mode: Option<String>,
    root: Option<String>,
    certificate: Option<String>,
    key: Option<String>,
}

impl Found {
    /// Takes a parameter that is ours; whether it was.
    fn take(&mut self, name: &str, value: &str) -> Result<bool, OpenError> {
        let place = match name {
            "sslmode" => &mut self.mode,
            "sslrootcert" => &mut self.root,
            "sslcert" => &mut self.certificate,
            "sslkey" => &mut self.key,
            "sslnegotiation" => return Ok(false),
            _ if name.contains("ssl") => {
                return Err(refusal(format!(
                    "{name} is not known here; leave it out, and say what is needed by sslmode, sslrootcert, \
                     sslcert and sslkey"
                )));
            }
            _ => return Ok(false),
        };
        *place = Some(value.to_owned()).filter(|value| !value.is_empty());
        Ok(true)
    }

    fn judge(self) -> Result<TlsParameters, OpenError> {
        let word = self.mode.as_deref().unwrap_or("prefer");
        let mut mode = match word {
            "disable" => Mode::Disable,
            "allow" | "prefer" => Mode::Prefer,
            "require" => Mode::Require,
            "verify-ca" => Mode::VerifyCa,
            "verify-full" => Mode::VerifyFull,
            other => {
                return Err(refusal(format!(
                    "sslmode={other} is none of disable, allow, prefer, require, verify-ca and verify-full"
                )));
            }
        };
        let verifies = matches!(mode, Mode::VerifyCa | Mode::VerifyFull);
        let roots = match self.root.as_deref() {
            None => Roots::System,
            Some("system") if verifies => Roots::System,
            Some(_) if matches!(mode, Mode::Disable | Mode::Prefer) => {
                return Err(refusal(format!(
                    "sslrootcert would not be looked at with sslmode={word}; use sslmode=verify-full"
                )));
            }
            Some("system") => {
                return Err(refusal("sslrootcert=system needs sslmode=verify-full".to_owned()));
            }
            Some(path) => Roots::File(path.into()),
        };
        // As libpq does: who names an authority wants it asked.
        if mode == Mode::Require && self.root.is_some() {
            mode = Mode::VerifyCa;
        }
        let client = match (self.certificate, self.key) {
            (None, None) => None,
            (Some(_), Some(_)) if mode == Mode::Disable => {
                return Err(refusal(
                    "sslcert and sslkey need TLS; use sslmode=verify-full, or leave them out".to_owned(),
                ));
            }
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            (Some(_), None) => return Err(refusal("sslcert needs sslkey, its private key".to_owned())),
            (None, Some(_)) => return Err(refusal("sslkey needs sslcert, its certificate".to_owned())),
        };
        Ok(TlsParameters { mode, roots, client })
    }
}

fn refusal(reason: String) -> OpenError {
    OpenError::Tls(reason)
}

/// `postgres://user:password@host/database?name=value&...`
fn split_url(url: &str, found: &mut Found) -> Result<String, OpenError> {
    // The driver ends the credentials at the first @, so a ? before it belongs to the password.
    let parameters = url.find('@').map_or(0, |at| at + 1);
    let Some(question) = url[parameters..].find('?').map(|offset| parameters + offset) else {
        return Ok(url.to_owned());
    };
    let mut rest = Vec::new();
    for pair in url[question + 1..].split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !found.take(&decoded(name)?, &decoded(value)?)? {
            rest.push(pair);
        }
    }
    let separator = if rest.is_empty() { "" } else { "?" };
    Ok(format!("{}{separator}{}", &url[..question], rest.join("&")))
}

fn decoded(text: &str) -> Result<Cow<'_, str>, OpenError> {
    let decoded = percent_decode_str(text).decode_utf8();
    decoded.map_err(|_| OpenError::Url("a parameter is not UTF-8".to_owned()))
}

/// `name=value name = 'a value'`, with backslashes before quotes and backslashes.
fn split_words(text: &str, found: &mut Found) -> Result<String, OpenError> {
    let mut rest = String::new();
    let mut remaining = text.trim_start();
    while !remaining.is_empty() {
        let unreadable = || OpenError::Url("it is no list of name=value either".to_owned());
        let (name, after) = remaining.split_once('=').ok_or_else(unreadable)?;
        let name = name.trim_end();
        let (value, after) = word(after.trim_start()).ok_or_else(unreadable)?;
        if !found.take(name, &value)? {
            let escaped = value.replace('\\', r"\\").replace('\'', r"\'");
            rest.push_str(&format!("{name}='{escaped}' "));
        }
        remaining = after.trim_start();
    }
    Ok(rest)
}

/// The value at the start of a text, and what follows it; nothing where a quote is not closed.
fn word(text: &str) -> Option<(String, &str)> {
    let quoted = text.starts_with('\'');
    let mut value = String::new();
    let mut characters = text.char_indices().skip(usize::from(quoted));
    while let Some((position, character)) = characters.next() {
        match character {
            '\\' => value.push(characters.next()?.1),
            '\'' if quoted => return Some((value, &text[position + 1..])),
            space if !quoted && space.is_whitespace() => return Some((value, &text[position..])),
            other => value.push(other),
        }
    }
    (!quoted).then_some((value, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> (TlsParameters, String) {
        split(text).unwrap()
    }

    #[test]
    fn both_forms_say_the_same_and_keep_the_rest() {
        let client = Some(("/a b/c.pem".into(), "/k".into()));
        let expected = TlsParameters { mode: Mode::VerifyFull, roots: Roots::File("/r".into()), client };
        let url = "postgres://u:p%40?x@h/db?application_name=a&sslmode=verif%79-full&sslrootcert=/r\
                   &connect_timeout=3&sslcert=/a%20b/c.pem&sslkey=/k";
        let rest = "postgres://u:p%40?x@h/db?application_name=a&connect_timeout=3".to_owned();
        assert_eq!(parameters(url), (expected.clone(), rest));
        let words = r"host=h sslmode = 'verify-full' password='it\'s \\' sslcert='/a b/c.pem' sslkey=/k sslrootcert=/r dbname=d";
        let rest = r"host='h' password='it\'s \\' dbname='d' ".to_owned();
        assert_eq!(parameters(words), (expected, rest));
    }

    #[test]
    fn modes_and_their_defaults() {
        let said = |tail: &str| parameters(&format!("postgres://h/db{tail}")).0;
        for (tail, mode) in [
            ("", Mode::Prefer),
            ("?sslmode=", Mode::Prefer),
            ("?sslmode=allow", Mode::Prefer),
            ("?sslmode=verify-full&sslmode=disable", Mode::Disable),
            ("?sslmode=require", Mode::Require),
            ("?sslmode=require&sslrootcert=/r", Mode::VerifyCa),
            ("?sslmode=verify-ca", Mode::VerifyCa),
            ("?sslmode=verify-full&sslrootcert=system", Mode::VerifyFull),
        ] {
            assert_eq!(said(tail).mode, mode, "{tail}");
        }
        assert_eq!(said("?sslmode=verify-full").roots, Roots::System);
    }

    #[test]
    fn what_cannot_be_meant_is_refused_with_what_to_do_and_without_the_password() {
        for (tail, advice) in [
            ("sslmode=verify", "none of disable, allow, prefer, require, verify-ca and verify-full"),
            ("sslrootcert=/r", "use sslmode=verify-full"),
            ("sslmode=disable&sslrootcert=/r", "use sslmode=verify-full"),
            ("sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
            ("sslmode=disable&sslcert=/c&sslkey=/k", "leave them out"),
            ("sslcert=/c", "needs sslkey"),
            ("sslkey=/k", "needs sslcert"),
            ("sslcrl=/c", "sslmode, sslrootcert, sslcert and sslkey"),
        ] {
            let message = split(&format!("postgres://u:hunter2@h/db?{tail}")).unwrap_err().to_string();
            assert!(message.contains(advice) && !message.contains("hunter2"), "{tail}: {message}");
        }
        for text in ["host=h password='hunter2", "hunter2", "host=h password='hunter2\\"] {
            let message = split(text).unwrap_err().to_string();
            assert!(message.contains("must look like") && !message.contains("hunter2"), "{message}");
        }
    }
}
