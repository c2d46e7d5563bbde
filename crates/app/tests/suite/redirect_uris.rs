//! The list of addresses that providers may send users back to with a code.

use archon_app::{RedirectUriError, RedirectUris};
use proptest::prelude::*;

fn list(entry: &str) -> Result<RedirectUris, RedirectUriError> {
    RedirectUris::parse([entry])
}

#[test]
fn addresses_match_to_the_letter() {
    let entry = "https://app.example.com/callback?a=1";
    let uris = list(entry).unwrap();
    assert!(uris.allow(entry));
    for other in [
        "",
        "https://app.example.com/callback",
        "https://app.example.com/callback?a=1&b=2",
        "https://app.example.com/callback/?a=1",
        "https://app.example.com/Callback?a=1",
        "https://APP.example.com/callback?a=1",
        "https://app.example.com:443/callback?a=1",
        "https://app.example.com/x/../callback?a=1",
        "https://app.example.com/callback?a=1#",
        "https://app.example.com.evil.example/callback?a=1",
        "https://app.example.com@evil.example/callback?a=1",
        "http://app.example.com/callback?a=1",
        " https://app.example.com/callback?a=1",
        "https://app.example.com/callback?a=1\n",
    ] {
        assert!(!uris.allow(other), "{other}");
    }
    assert!(!RedirectUris::default().allow(""));
}

#[test]
fn the_port_of_a_loopback_address_is_the_clients_choice() {
    for (entry, host) in [
        ("http://127.0.0.1/callback", "127.0.0.1"),
        ("http://127.0.0.1:8080/callback", "127.0.0.1"),
        ("http://[::1]:1/callback", "[::1]"),
    ] {
        let uris = list(entry).unwrap();
        for port in ["", ":1", ":8080", ":65535", ":00080"] {
            let uri = format!("http://{host}{port}/callback");
            assert!(uris.allow(&uri), "{uri} by {entry}");
        }
        for wrong in [
            format!("http://{host}:/callback"),
            format!("http://{host}:0/callback"),
            format!("http://{host}:65536/callback"),
            format!("http://{host}:-1/callback"),
            format!("http://{host}:80/callback/"),
            format!("http://{host}:80"),
            format!("http://{host}:80callback"),
            format!("http://{host}:80@evil.example/callback"),
            format!("http://{host}@evil.example/callback"),
            format!("http://{host}.evil.example/callback"),
            format!("https://{host}:80/callback"),
            "http://localhost:80/callback".to_owned(),
            "http://127.0.0.2:80/callback".to_owned(),
        ] {
            assert!(!uris.allow(&wrong), "{wrong} by {entry}");
        }
    }
    assert!(list("http://127.0.0.1").unwrap().allow("http://127.0.0.1:3000"));
}

#[test]
fn the_port_of_localhost_and_of_other_hosts_is_as_it_is_written() {
    for entry in
        ["http://localhost:3000/callback", "http://127.0.0.2:3000/callback", "https://a.example:3000/"]
    {
        let uris = list(entry).unwrap();
        assert!(uris.allow(entry));
        assert!(!uris.allow(&entry.replace("3000", "3001")) && !uris.allow(&entry.replace(":3000", "")));
    }
}

#[test]
fn an_app_can_have_a_scheme_of_its_own() {
    assert!(list("com.example.app:/callback").unwrap().allow("com.example.app:/callback"));
    assert!(!list("com.example.app:/callback").unwrap().allow("com.example.app:/callback2"));
}

#[test]
fn what_codes_must_not_be_sent_to_is_no_entry() {
    for (entry, reason) in [
        ("", "is no absolute URL"),
        ("/callback", "is no absolute URL"),
        ("app.example.com/callback", "is no absolute URL"),
        ("https://", "is no absolute URL"),
        ("https:app.example.com/callback", "small letters"),
        ("HTTPS://app.example.com/callback", "small letters"),
        ("http://app.example.com/callback", "is for 127.0.0.1"),
        ("http://localhost.evil.example/callback", "is for 127.0.0.1"),
        ("http://128.0.0.1/callback", "is for 127.0.0.1"),
        ("https://app.example.com/callback#fragment", "fragment"),
        ("https://app.example.com/callback#", "fragment"),
        ("https://user@app.example.com/callback", "a user"),
        ("https://:secret@app.example.com/callback", "a user"),
        ("https://*.example.com/callback", "wildcard"),
        ("https://app.example.com/*", "wildcard"),
        ("https://app.example.com/call back", "no spaces"),
        ("https://app.example.com/callback\n", "no spaces"),
        ("https:\\\\app.example.com\\callback", "no spaces"),
        ("https://äpp.example.com/callback", "ASCII"),
        ("javascript:alert(1)", "own scheme"),
        ("data:text/html,x", "own scheme"),
        ("file:///etc/passwd", "own scheme"),
        ("myapp://callback", "own scheme"),
        ("vbscript:x", "own scheme"),
    ] {
        let error = list(entry).expect_err(entry);
        assert_eq!(error.entry, entry);
        assert!(error.to_string().contains(reason), "{entry}: {error}");
    }
    let long = format!("https://app.example.com/{}", "a".repeat(RedirectUris::MAX_BYTES));
    assert!(list(&long).unwrap_err().reason.contains("longer"));
}

#[test]
fn the_first_wrong_entry_is_named() {
    let error = RedirectUris::parse(["https://a.example/", "http://b.example/", "x"]).unwrap_err();
    assert_eq!(error.entry, "http://b.example/");
}

proptest! {
    #[test]
    fn no_text_panics_and_every_entry_matches_itself(entry in "\\PC{0,40}", uri in "\\PC{0,40}") {
        if let Ok(uris) = list(&entry) {
            prop_assert!(uris.allow(&entry));
            prop_assert!(uri == entry || !uris.allow(&uri) || entry.starts_with("http://"));
        }
    }

    #[test]
    fn an_address_that_differs_does_not_match(at in 0..36usize, letter in "[ -~]") {
        let entry = "https://app.example.com/callback?a=b";
        let mut other = entry.to_owned();
        other.replace_range(at..=at, &letter);
        prop_assert_eq!(list(entry).unwrap().allow(&other), other == entry);
    }

    #[test]
    fn what_matches_a_loopback_address_is_one(port in "[0-9]{0,6}", between in "[:@./\\\\#?a-z]{0,3}") {
        let uri = format!("http://127.0.0.1{between}{port}/callback");
        if list("http://127.0.0.1/callback").unwrap().allow(&uri) {
            let url = url::Url::parse(&uri).unwrap();
            prop_assert_eq!((url.host_str(), url.path()), (Some("127.0.0.1"), "/callback"));
            prop_assert!(url.username().is_empty() && url.query().is_none());
        }
    }
}
