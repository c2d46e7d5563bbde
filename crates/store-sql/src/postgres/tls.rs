//! What TLS asks of the server's certificate, by mode; rustls with aws-lc-rs.

use std::path::Path;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::parameters::{Mode, Roots, TlsParameters};
use crate::error::{OpenError, chain};

/// Reads the certificates and keys; a change of the files counts from the next start.
pub(super) fn connector(parameters: &TlsParameters) -> Result<MakeRustlsConnect, OpenError> {
    // Named, not the process's default: whoever links this crate need not install one.
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match parameters.mode {
        Mode::Disable | Mode::Prefer | Mode::Require => {
            Arc::new(Lenient { provider: provider.clone(), authorities: None })
        }
        Mode::VerifyCa => {
            let authorities = Some(authorities(&parameters.roots, &provider)?);
            Arc::new(Lenient { provider: provider.clone(), authorities })
        }
        Mode::VerifyFull => authorities(&parameters.roots, &provider)?,
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| OpenError::Tls(cause.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier);
    let mut config = match &parameters.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let private =
                PrivateKeyDer::from_pem_file(key).map_err(|cause| unreadable("sslkey", key, cause))?;
            let pair = builder.with_client_auth_cert(certificates("sslcert", certificate)?, private);
            pair.map_err(|cause| OpenError::Tls(format!("sslcert and sslkey do not fit together: {cause}")))?
        }
    };
    // What sslnegotiation=direct asks for, and older servers pass over.
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn authorities(
    roots: &Roots,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, OpenError> {
    let mut store = RootCertStore::empty();
    match roots {
        // Platforms carry some that nothing can read; the others count.
        Roots::System => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Roots::File(path) => {
            for certificate in certificates("sslrootcert", path)? {
                store.add(certificate).map_err(|cause| unreadable("sslrootcert", path, cause))?;
            }
        }
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider.clone()).build();
    verifier.map_err(|_| {
        OpenError::Tls(
            "this machine has no trusted certificate authorities: install its package of them \
             (ca-certificates), or name a file by sslrootcert"
                .to_owned(),
        )
    })
}

fn certificates(parameter: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, OpenError> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let certificates = read.map_err(|cause| unreadable(parameter, path, cause))?;
    if certificates.is_empty() {
        return Err(unreadable(parameter, path, rustls::pki_types::pem::Error::NoItemsFound));
    }
    Ok(certificates)
}

fn unreadable(parameter: &str, path: &Path, cause: impl std::error::Error) -> OpenError {
    OpenError::Tls(format!(
        "{parameter}: the file {} cannot be used ({}); it must be PEM, not encrypted, and readable by this user",
        path.display(),
        chain(&cause)
    ))
}

/// Asks less than rustls does by itself: no name, or nothing at all. The other side must still hold the
/// certificate's key.
#[derive(Debug)]
struct Lenient {
    provider: Arc<CryptoProvider>,
    /// Whose certificates are taken; `None` for anybody's.
    authorities: Option<Arc<WebPkiServerVerifier>>,
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        match authorities.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            // The name is what is looked at last: everything else was found in order.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) => Ok(ServerCertVerified::assertion()),
            verdict => verdict,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
