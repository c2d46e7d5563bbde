//! What the machine has to say: certificate authorities and proxies, which the environment names. Each test
//! starts itself once more, in an environment of its own.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::thread;

use archon_breached_passwords::{RangeQuery, RangeQuerySettings};
use archon_domain::ports::BreachedPasswords as _;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::mirror::{Mirror, answer};
use crate::{SUFFIX, breached};

/// The variable that makes a test look up instead, at the URL that it names.
const URL: &str = "BREACHED_PASSWORDS_TEST_URL";

/// What a look-up says in a process with these authorities and variables.
fn look_up_elsewhere(test: &str, url: &str, authorities: &Path, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env_remove("SSL_CERT_DIR")
        .env("SSL_CERT_FILE", authorities)
        .env(URL, url)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, said) = text.split_once("<<").unwrap();
    said.split_once(">>").unwrap().0.to_owned()
}

/// The other process: `false` where this is none.
fn looks_up_here() -> bool {
    let Ok(url) = std::env::var(URL) else { return false };
    let said = match RangeQuery::new(RangeQuerySettings::new(url)) {
        Err(error) => error.to_string(),
        Ok(query) => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            match runtime.block_on(query.contains(&breached())) {
                Ok(is_breached) => is_breached.to_string(),
                Err(error) => error.to_string(),
            }
        }
    };
    std::io::stdout().write_all(format!("<<{said}>>").as_bytes()).unwrap();
    true
}

/// A server with a certificate for `localhost` that vouches for itself: its URL, and the certificate in a file.
fn tls_server() -> (String, tempfile::NamedTempFile) {
    let CertifiedKey { cert, signing_key } = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://localhost:{}/range", listener.local_addr().unwrap().port());
    let config = Arc::new(config);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = stream.unwrap();
            let mut stream = Stream::new(&mut connection, &mut stream);
            let mut head = [0; 1024];
            // A client that does not trust the certificate leaves before it asks.
            if stream.read(&mut head).is_ok() {
                let body = format!("{SUFFIX}:1");
                let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
                let _ = stream.write_all(answer.as_bytes());
            }
        }
    });
    let mut authority = tempfile::NamedTempFile::new().unwrap();
    authority.write_all(cert.pem().as_bytes()).unwrap();
    (url, authority)
}

#[test]
fn certificates_are_judged_by_the_machines_authorities() {
    if looks_up_here() {
        return;
    }
    let test = "machine::certificates_are_judged_by_the_machines_authorities";
    let (url, authority) = tls_server();
    assert_eq!(look_up_elsewhere(test, &url, authority.path(), &[]), "true");

    let (_, stranger) = tls_server();
    let said = look_up_elsewhere(test, &url, stranger.path(), &[]);
    assert!(said.contains("invalid peer certificate: "), "{said}");
    let by_address = url.replace("localhost", "127.0.0.1");
    let said = look_up_elsewhere(test, &by_address, authority.path(), &[]);
    assert!(said.contains("invalid peer certificate: certificate not valid for name"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_https_needs_a_machine_with_authorities() {
    if tokio::task::spawn_blocking(looks_up_here).await.unwrap() {
        return;
    }
    let test = "machine::only_https_needs_a_machine_with_authorities";
    let nobody = tempfile::NamedTempFile::new().unwrap();
    let mirror = Mirror::start(answer("200 OK", format!("{SUFFIX}:1"))).await;
    assert_eq!(look_up_elsewhere(test, &mirror.url, nobody.path(), &[]), "true");
    assert_eq!(
        look_up_elsewhere(test, "https://pwned.internal/range", nobody.path(), &[]),
        "the URL of the breached passwords cannot be asked: builder error: unexpected error: No CA certificates \
         were loaded from the system; for https this machine needs trusted certificate authorities: install its \
         package of them (ca-certificates), or name a file of them by the environment variable SSL_CERT_FILE"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_of_the_environment_is_asked_unless_the_server_is_here() {
    if tokio::task::spawn_blocking(looks_up_here).await.unwrap() {
        return;
    }
    let test = "machine::a_proxy_of_the_environment_is_asked_unless_the_server_is_here";
    let nobody = tempfile::NamedTempFile::new().unwrap();
    let proxy = Mirror::start(answer("200 OK", format!("{SUFFIX}:1"))).await;
    let variables = [("http_proxy", proxy.url.trim_end_matches("/range"))];
    let said = look_up_elsewhere(test, "http://pwned.invalid/range", nobody.path(), &variables);
    assert_eq!(said, "true");
    assert!(proxy.requests()[0].starts_with("GET http://pwned.invalid/range/5BAA6 HTTP/1.1\r\n"));

    let mirror = Mirror::start(answer("200 OK", "")).await;
    assert_eq!(look_up_elsewhere(test, &mirror.url, nobody.path(), &variables), "false");
    assert_eq!((proxy.requests().len(), mirror.requests().len()), (1, 1));
}
