use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, Certificate, CertificateStore, Tls, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::extension::ClientId;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

use super::{SmtpSettings, causes, said};
use crate::PostmanError;

/// Where a mail server is and how it is spoken to.
pub(super) struct Server {
    host: String,
    port: u16,
    tls: Tls,
    /// How we call ourselves.
    hello: ClientId,
    credentials: Option<Credentials>,
    may_log_in_in_clear: bool,
    connect_timeout: Duration,
}

/// What the query of the URL says.
#[derive(Default)]
struct Options {
    tls: Option<Encryption>,
    ca_file: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Encryption {
    None,
    Opportunistic,
    Required,
    /// From the first byte on.
    Implicit,
}

impl Server {
    pub(super) fn new(settings: &SmtpSettings) -> Result<Self, PostmanError> {
        let unusable = |reason: String| PostmanError::SmtpUrl { reason };
        let url = Url::parse(&settings.url).map_err(|error| unusable(error.to_string()))?;
        let host = match url.host() {
            Some(Host::Ipv6(address)) => address.to_string(),
            Some(host) if !host.to_string().is_empty() => host.to_string(),
            _ => return Err(unusable("it names no host".to_owned())),
        };
        let options = options(&url).map_err(unusable)?;
        let credentials = credentials(&url).map_err(unusable)?;
        let encryption = encryption(&url, &options, credentials.is_some()).map_err(unusable)?;
        let ca_file = options.ca_file.as_deref().or(settings.ca_file.as_deref());
        Ok(Self {
            port: url.port().unwrap_or(encryption.usual_port()),
            tls: encryption.with_parameters(&host, ca_file)?,
            host,
            hello: hello(&url),
            credentials,
            may_log_in_in_clear: encryption == Encryption::None,
            connect_timeout: settings.connect_timeout,
        })
    }

    /// Opens a connection that is ready for mails; says in the server's words why it could not.
    pub(super) async fn connect(&self) -> Result<AsyncSmtpConnection, String> {
        let implicit = match &self.tls {
            Tls::Wrapper(parameters) => Some(parameters.clone()),
            Tls::None | Tls::Opportunistic(_) | Tls::Required(_) => None,
        };
        let place = (self.host.as_str(), self.port);
        let connecting = AsyncSmtpConnection::connect_tokio1(
            place,
            Some(self.connect_timeout),
            &self.hello,
            implicit,
            None,
        );
        let mut connection = connecting.await.map_err(|error| said(&error))?;
        self.encrypt(&mut connection).await?;
        self.log_in(&mut connection).await?;
        Ok(connection)
    }

    async fn encrypt(&self, connection: &mut AsyncSmtpConnection) -> Result<(), String> {
        let parameters = match &self.tls {
            Tls::Required(parameters) => parameters,
            Tls::Opportunistic(parameters) if connection.can_starttls() => parameters,
            Tls::Opportunistic(_) | Tls::Wrapper(_) | Tls::None => return Ok(()),
        };
        let started = connection.starttls(parameters.clone(), &self.hello).await;
        started.map_err(|error| said(&error))
    }

    async fn log_in(&self, connection: &mut AsyncSmtpConnection) -> Result<(), String> {
        let Some(credentials) = &self.credentials else { return Ok(()) };
        if !connection.is_encrypted() && !self.may_log_in_in_clear {
            return Err("the server offers no STARTTLS, and the password is not sent in clear".to_owned());
        }
        let authenticated = connection.auth(DEFAULT_MECHANISMS, credentials).await;
        authenticated.map(drop).map_err(|error| format!("the log-in failed: {}", said(&error)))
    }
}

impl Encryption {
    /// RFC 5321, RFC 6409 and RFC 8314.
    const fn usual_port(self) -> u16 {
        match self {
            Self::None => 25,
            Self::Opportunistic | Self::Required => 587,
            Self::Implicit => 465,
        }
    }

    fn with_parameters(self, host: &str, ca_file: Option<&Path>) -> Result<Tls, PostmanError> {
        Ok(match self {
            Self::None => Tls::None,
            Self::Opportunistic => Tls::Opportunistic(parameters(host, ca_file)?),
            Self::Required => Tls::Required(parameters(host, ca_file)?),
            Self::Implicit => Tls::Wrapper(parameters(host, ca_file)?),
        })
    }
}

fn parameters(host: &str, ca_file: Option<&Path>) -> Result<TlsParameters, PostmanError> {
    let mut builder = TlsParametersBuilder::new(host.to_owned());
    if let Some(path) = ca_file {
        let unusable = |reason: String| PostmanError::CaFile { path: path.to_owned(), reason };
        let pem = fs::read(path).map_err(|error| unusable(error.to_string()))?;
        if !String::from_utf8_lossy(&pem).contains("-----BEGIN CERTIFICATE-----") {
            return Err(unusable("there is no certificate in it".to_owned()));
        }
        let authorities = Certificate::from_pem(&pem).map_err(|error| unusable(causes(&error)))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(authorities);
        return builder.build().map_err(|error| unusable(causes(&error)));
    }
    builder.build().map_err(|error| PostmanError::SmtpUrl { reason: causes(&error) })
}

/// A password is not sent in clear unless told, so that leaving things out is safe.
fn encryption(url: &Url, options: &Options, has_password: bool) -> Result<Encryption, String> {
    match (url.scheme(), options.tls) {
        ("smtps", None) => Ok(Encryption::Implicit),
        ("smtps", Some(_)) => Err("smtps:// is TLS from the first byte on: leave tls out".to_owned()),
        ("smtp", Some(told)) => Ok(told),
        ("smtp", None) if has_password => Ok(Encryption::Required),
        ("smtp", None) => Ok(Encryption::Opportunistic),
        (scheme, _) => Err(format!("{scheme}:// is neither smtp:// nor smtps://")),
    }
}

fn options(url: &Url) -> Result<Options, String> {
    let mut options = Options::default();
    for (name, value) in url.query_pairs() {
        match (&*name, &*value) {
            ("tls", "required") => options.tls = Some(Encryption::Required),
            ("tls", "opportunistic") => options.tls = Some(Encryption::Opportunistic),
            ("tls", "none") => options.tls = Some(Encryption::None),
            ("tls", _) => return Err("tls is required, opportunistic or none".to_owned()),
            ("ca_file", path) if !path.is_empty() => options.ca_file = Some(PathBuf::from(path)),
            _ => return Err("after the question mark there may be tls and ca_file".to_owned()),
        }
    }
    Ok(options)
}

fn credentials(url: &Url) -> Result<Option<Credentials>, String> {
    let decoded = |text: &str| {
        let decoded = percent_decode_str(text).decode_utf8();
        decoded.map(String::from).map_err(|_| "user or password is no UTF-8".to_owned())
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        (_, None) => Err("there is a user and no password".to_owned()),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

/// The path of the URL, or else the name of the machine (RFC 5321 section 4.1.1.1).
fn hello(url: &Url) -> ClientId {
    match url.path().trim_matches('/') {
        "" => ClientId::default(),
        name => ClientId::Domain(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(url: &str) -> Result<Server, PostmanError> {
        Server::new(&SmtpSettings::new(url))
    }

    #[test]
    fn a_password_is_never_sent_in_clear_unless_told() {
        let decided = [
            ("smtp://u:p@mail.example:2525", "Required", 2525),
            ("smtp://u:p@mail.example?tls=none", "None", 25),
            ("smtp://u:p@mail.example?tls=opportunistic", "Opportunistic", 587),
            ("smtp://localhost:1025", "Opportunistic", 1025),
            ("smtp://localhost/me.example", "Opportunistic", 587),
            ("smtp://localhost?tls=required", "Required", 587),
            ("smtps://u:p@mail.example", "Implicit", 465),
        ];
        for (url, expected, port) in decided {
            let server = server(url).unwrap();
            let tls = format!("{:?}", server.tls).replace("Wrapper", "Implicit");
            assert_eq!((tls.as_str(), server.port), (expected, port), "{url}");
            assert_eq!(server.may_log_in_in_clear, expected == "None", "{url}");
        }
    }

    #[test]
    fn hosts_names_and_credentials_are_read() {
        let server = server("smtp://a%40b:p%3Ass%C3%A4@[::1]:25/auth.example.com").unwrap();
        assert_eq!(server.host, "::1");
        assert_eq!(server.hello, ClientId::Domain("auth.example.com".to_owned()));
        assert_eq!(server.credentials, Some(Credentials::new("a@b".to_owned(), "p:ssä".to_owned())));
    }

    #[test]
    fn an_unusable_url_is_refused_without_showing_its_password() {
        let urls = [
            "",
            "mail.example",
            "http://u:secret@mail.example",
            "smtp://u:secret@h?tls=maybe",
            "smtps://u:secret@h?tls=none",
            "smtp://u:secret@h?ca_file=",
            "smtp://u:secret@h?password=secret",
            "smtp://u:secret@h:port",
            "smtp://u:secret%FF@h",
            "smtp://secret@h",
            "smtp://",
        ];
        for url in urls {
            let error = server(url).err().unwrap().to_string();
            assert!(error.contains("smtps://") && !error.contains("secret"), "{error}");
        }
        assert!(!format!("{:?}", SmtpSettings::new("smtp://u:secret@h")).contains("secret"));
    }

    #[test]
    fn an_unusable_ca_file_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("authorities.pem");
        let told = |url: String| server(&url).err().unwrap().to_string();
        let url = format!("smtps://mail.example?ca_file={}", path.display());
        assert!(told(url.clone()).contains("authorities.pem"), "{}", told(url));
        for content in ["", "no PEM", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
            std::fs::write(&path, content).unwrap();
            assert!(told(url.clone()).contains("authorities.pem"), "{content}: {}", told(url));
        }
    }
}
