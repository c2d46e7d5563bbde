//! Whether a form comes from a page of ours, shown to the browser that sends it (OWASP Cross-Site Request Forgery
//! Prevention Cheat Sheet: fetch metadata, verifying origin, double-submit cookie).
//!
//! The secret in the cookie need not be signed: by its prefix no other host can plant the cookie.

use actix_web::http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use subtle::ConstantTimeEq as _;

/// Why a form is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Distrust {
    /// The browser says that another site has sent it.
    OtherSite,
    /// The browser has not sent the cookie back.
    NoCookie,
    /// The form does not repeat the cookie's secret.
    NotOurs,
}

impl Distrust {
    /// The word that the template and the log know it by.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::OtherSite => "other_site",
            Self::NoCookie => "no_cookie",
            Self::NotOurs => "not_ours",
        }
    }
}

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Asks where the browser says that the form comes from. Old browsers say nothing, and then the cookie decides
/// alone.
///
/// `Origin` is compared with the configured origin, and with `Host`: the browser writes both, and an attacker's
/// page can choose neither. A proxy may put another name into `Host`; then the configured origin counts. What
/// proxies add (`X-Forwarded-Host`) is not asked, since whoever reaches the service past its proxy writes that.
/// `null` says nothing, as browsers send it from our own pages too, for their `Referrer-Policy: no-referrer`.
pub(super) fn check_source(headers: &HeaderMap, own_origin: &str) -> Result<(), Distrust> {
    let same_site =
        headers.get_all(&SEC_FETCH_SITE).all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    let host = headers.get(HOST).map_or(&b""[..], |host| host.as_bytes());
    let is_ours = |origin: &[u8]| {
        let after_scheme = |scheme: &[u8]| origin.strip_prefix(scheme);
        let origin_host = after_scheme(b"https://").or_else(|| after_scheme(b"http://"));
        origin == b"null"
            || origin.eq_ignore_ascii_case(own_origin.as_bytes())
            || origin_host.is_some_and(|named| !named.is_empty() && named.eq_ignore_ascii_case(host))
    };
    let our_origin = headers.get_all(ORIGIN).all(|origin| is_ours(origin.as_bytes()));
    if same_site && our_origin { Ok(()) } else { Err(Distrust::OtherSite) }
}

/// Asks whether the form repeats the cookie's secret.
pub(super) fn check_token(cookie: Option<&str>, field: &str) -> Result<(), Distrust> {
    let cookie = cookie.ok_or(Distrust::NoCookie)?;
    if bool::from(cookie.as_bytes().ct_eq(field.as_bytes())) { Ok(()) } else { Err(Distrust::NotOurs) }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const OURS: &str = "https://auth.example.com";

    fn is_trusted(pairs: &[(HeaderName, &'static str)]) -> bool {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        check_source(&headers, OURS).is_ok()
    }

    #[test]
    fn the_fetch_metadata_of_another_site_is_refused() {
        for site in ["same-origin", "none"] {
            assert!(is_trusted(&[(SEC_FETCH_SITE, site)]));
        }
        for site in ["cross-site", "same-site", "", "anything"] {
            assert!(!is_trusted(&[(SEC_FETCH_SITE, site)]));
            assert!(!is_trusted(&[(SEC_FETCH_SITE, "same-origin"), (SEC_FETCH_SITE, site)]));
        }
        assert!(is_trusted(&[]));
    }

    #[test]
    fn an_origin_is_ours_by_configuration_or_by_the_host_that_the_browser_asked() {
        assert!(is_trusted(&[(ORIGIN, OURS), (HOST, "10.0.0.1:8181")]));
        assert!(is_trusted(&[(ORIGIN, "http://localhost:8181"), (HOST, "localhost:8181")]));
        assert!(is_trusted(&[(ORIGIN, "null"), (HOST, "localhost:8181")]));
        let host = (HOST, "localhost:8181");
        for origin in [
            "https://evil.example",
            "https://auth.example.com.evil.example",
            "https://auth.example.com:8443",
            "http://localhost",
            "http://localhost:8182",
            "ftp://localhost:8181",
            "localhost:8181",
            "http://",
            "",
        ] {
            assert!(!is_trusted(&[(ORIGIN, origin), host.clone()]), "{origin}");
            assert!(!is_trusted(&[(ORIGIN, OURS), (ORIGIN, origin), host.clone()]), "{origin}");
        }
        assert!(!is_trusted(&[(ORIGIN, "http://"), (HOST, "")]));
    }

    #[test]
    fn the_form_must_repeat_the_secret() {
        assert_eq!(check_token(Some("secret"), "secret"), Ok(()));
        assert_eq!(check_token(None, "secret"), Err(Distrust::NoCookie));
        for field in ["", "secre", "secrets", "SECRET"] {
            assert_eq!(check_token(Some("secret"), field), Err(Distrust::NotOurs));
        }
    }
}
