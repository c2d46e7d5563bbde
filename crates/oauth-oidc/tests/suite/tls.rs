//! Providers behind TLS, as all real ones are.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::thread;

use archon_domain::ports::IdentityProvider as _;
use archon_oauth_oidc::{OidcProvider, OidcSettings, ProviderHttpError};
use openssl::pkey::PKey;
use openssl::ssl::{SslAcceptor, SslMethod};
use openssl::x509::X509;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use serde_json::json;

use crate::support::{credentials, descriptor, flow, http, http_trusting, now, state};

/// A server that has metadata for whoever believes its certificate, and for as long as the test runs; `token_endpoint`
/// is made of its address. Returns the address and the authority in PEM.
fn serve_metadata(token_endpoint: fn(&str) -> String) -> (String, String) {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();

    let mut acceptor = SslAcceptor::mozilla_modern_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_private_key(&PKey::private_key_from_pem(key.serialize_pem().as_bytes()).unwrap()).unwrap();
    acceptor.set_certificate(&X509::from_pem(certificate.pem().as_bytes()).unwrap()).unwrap();
    let acceptor = acceptor.build();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let metadata = json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": token_endpoint(&url),
        "jwks_uri": format!("{url}/jwks"),
    })
    .to_string();
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            // Who does not believe the certificate hangs up.
            let Ok(mut stream) = acceptor.accept(stream) else { continue };
            let _ = stream.read(&mut [0; 4096]);
            let length = metadata.len();
            let _ = write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{metadata}");
        }
    });
    (url, authority.pem())
}

#[tokio::test]
async fn a_certificate_is_believed_if_its_authority_is() {
    let (url, authority) = serve_metadata(|url| format!("{url}/token"));
    let settings = OidcSettings::generic(descriptor(), &url, credentials());

    let stranger = OidcProvider::new(settings.clone(), http()).unwrap();
    let error = stranger.authorization_url(&flow(), &state(), now()).await.unwrap_err().to_string();
    let expected = "discovery: the provider is unavailable: no connection: invalid peer certificate";
    assert!(error.starts_with(expected), "{error}");

    let trusting = http_trusting(Some(authority.into_bytes())).unwrap();
    let provider = OidcProvider::new(settings, trusting).unwrap();
    let way = provider.authorization_url(&flow(), &state(), now()).await.unwrap();
    assert!(way.starts_with(&format!("{url}/authorize?")), "{way}");
}

/// What is found over TLS is not spoken to without.
#[tokio::test]
async fn an_endpoint_without_tls_is_refused_where_the_metadata_had_it() {
    let (url, authority) = serve_metadata(|url| url.replacen("https", "http", 1));
    let settings = OidcSettings::generic(descriptor(), &url, credentials());
    let trusting = http_trusting(Some(authority.into_bytes())).unwrap();
    let provider = OidcProvider::new(settings, trusting).unwrap();
    let error = provider.authorization_url(&flow(), &state(), now()).await.unwrap_err().to_string();
    assert!(error.ends_with("the metadata's token_endpoint cannot be used"), "{error}");
}

#[test]
fn authorities_that_cannot_be_read_are_an_error() {
    let garbage = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_vec();
    let error = http_trusting(Some(garbage)).unwrap_err();
    assert!(matches!(error, ProviderHttpError::Client(_) | ProviderHttpError::Authorities(_)), "{error}");
}
