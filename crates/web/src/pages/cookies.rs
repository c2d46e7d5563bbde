//! The cookies of the pages.
//!
//! By its prefix `__Host-` a browser takes them from this very host alone, by HTTPS (or from localhost), and for
//! all paths (RFC 6265bis section 4.1.3.2): no neighbouring host can plant one.

use actix_web::http::header::{COOKIE, HeaderMap};

/// Holds the page token of whoever is signed in.
pub(super) const SESSION: &str = "__Host-archon-session";

/// Holds the secret that every form must repeat.
pub(super) const FORM: &str = "__Host-archon-form";

/// Ties a flow with a provider to the browser that began it.
pub(super) const PROVIDER: &str = "__Host-archon-provider";

/// The value of a cookie that a browser has sent; `None` where it has sent none, or several.
pub(super) fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(COOKIE).filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut values = pairs.filter(|(present, _)| *present == name).map(|(_, value)| value);
    values.next().filter(|value| !value.is_empty() && values.next().is_none())
}

/// The `Set-Cookie` line of a cookie that lives for so many seconds, or else until the browser is closed.
pub(super) fn write(name: &str, value: &str, max_age: Option<i64>) -> String {
    // Lax, not Strict: who follows a link from a mail is to arrive signed in.
    let line = format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax");
    max_age.map_or_else(|| line.clone(), |seconds| format!("{line}; Max-Age={seconds}"))
}

/// The `Set-Cookie` line that takes a cookie away.
pub(super) fn clear(name: &str) -> String {
    write(name, "", Some(0))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn session(lines: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(COOKIE, HeaderValue::from_static(line));
        }
        read(&headers, SESSION).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        assert_eq!(session(&["a=b; __Host-archon-session=x.y; c=d"]).as_deref(), Some("x.y"));
        assert_eq!(session(&["a=b", "__Host-archon-session=x"]).as_deref(), Some("x"));
        assert_eq!(session(&["x__Host-archon-session=x; __host-archon-session=y"]), None);
        assert_eq!(session(&["__Host-archon-session="]), None);
        assert_eq!(session(&["__Host-archon-session"]), None);
    }

    #[test]
    fn of_two_cookies_of_one_name_neither_counts() {
        assert_eq!(session(&["__Host-archon-session=x; __Host-archon-session=y"]), None);
        assert_eq!(session(&["__Host-archon-session=x", "__Host-archon-session=x"]), None);
    }
}
