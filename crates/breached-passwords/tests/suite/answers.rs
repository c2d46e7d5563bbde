//! What is asked, and what is made of good answers.

use archon_breached_passwords::{RangeQuery, RangeQuerySettings};
use archon_domain::Password;
use archon_domain::ports::BreachedPasswords as _;

use crate::mirror::{Mirror, answer};
use crate::{OTHER, SUFFIX, breached, query};

async fn contains(body: &str) -> bool {
    let mirror = Mirror::start(answer("200 OK", body)).await;
    query(&mirror.url).contains(&breached()).await.unwrap()
}

#[tokio::test]
async fn a_hash_that_is_named_is_breached() {
    assert!(contains(&format!("{OTHER}:3\r\n{SUFFIX}:9659365\r\n")).await);
    assert!(contains(&format!("{OTHER}:3\n{SUFFIX}:1")).await);
    assert!(contains(&format!("{}\n{OTHER}\n\n", SUFFIX.to_lowercase())).await);
}

#[tokio::test]
async fn a_hash_that_is_not_named_is_not() {
    assert!(!contains(&format!("{OTHER}:3\r\n{OTHER}:0")).await);
    assert!(!contains("").await);
}

#[tokio::test]
async fn padding_does_not_count() {
    assert!(!contains(&format!("{OTHER}:3\r\n{SUFFIX}:0\r\n")).await);
}

#[tokio::test]
async fn the_server_is_shown_five_digits_and_nothing_else() {
    let mirror = Mirror::start(answer("200 OK", format!("{OTHER}:3"))).await;
    let asked = query(&mirror.url);
    for _ in 0..2 {
        asked.contains(&breached()).await.unwrap();
    }
    let host = mirror.url.trim_start_matches("http://").trim_end_matches("/range");
    let whole = format!(
        "GET /range/5BAA6 HTTP/1.1\r\nadd-padding: true\r\naccept: */*\r\nuser-agent: archon-auth/{}\r\n\
         host: {host}\r\n\r\n",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(mirror.requests(), [whole.clone(), whole]);
    assert_eq!(mirror.connections(), 1, "a connection is kept for the next look-up");
}

#[tokio::test]
async fn passwords_are_normalised_before_they_are_hashed() {
    let mirror = Mirror::start(answer("200 OK", "")).await;
    query(&mirror.url).contains(&Password::new("cafe\u{301}")).await.unwrap();
    assert!(mirror.requests()[0].starts_with("GET /range/F4244 "), "{:?}", mirror.requests());
}

#[tokio::test]
async fn the_url_may_end_with_a_slash_and_begin_with_a_user() {
    let mirror = Mirror::start(answer("200 OK", format!("{SUFFIX}:1"))).await;
    let url = mirror.url.replace("http://", "http://archon:mirror%20key@") + "/";
    assert!(query(&url).contains(&breached()).await.unwrap());
    let request = mirror.requests().remove(0);
    assert!(request.starts_with("GET /range/5BAA6 "), "{request}");
    assert!(request.contains("\r\nauthorization: Basic YXJjaG9uOm1pcnJvciBrZXk=\r\n"), "{request}");
}

#[test]
fn a_url_that_cannot_be_used_is_refused() {
    let refusals = [
        ("", "relative URL without a base"),
        ("api.pwnedpasswords.com/range", "relative URL without a base"),
        ("https://", "empty host"),
        ("ftp://pwned.internal/range", "it is neither http nor https"),
        ("file:///srv/pwned.txt", "it is neither http nor https"),
        ("https://pwned.internal/range?mode=ntlm", "nothing may follow its path: neither ? nor #"),
        ("https://archon:topsecret@pwned.internal/range#", "nothing may follow its path: neither ? nor #"),
    ];
    for (url, reason) in refusals {
        let error = RangeQuery::new(RangeQuerySettings::new(url)).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!(
                "the URL of the breached passwords cannot be used: write it up to the five digits that are \
                 looked up, such as https://api.pwnedpasswords.com/range: {reason}"
            )
        );
        assert!(!format!("{error:?}").contains("topsecret"));
    }
}
