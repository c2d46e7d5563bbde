//! Every `sslmode` against every kind of server.

use archon_domain::ports::Probe as _;
use archon_store_sql::{ConnectError, OpenError, PostgresOptions, SqlStore};
use tokio_postgres::Client;

use crate::certificates::{Authority, Identity};
use crate::fixture::server_url;
use crate::server::{PASSWORD, Server};

/// One role must come by TLS, one with a certificate.
const RULES: &str = "hostssl all sealed 127.0.0.1/32 scram-sha-256\nhost all sealed 127.0.0.1/32 reject\n\
                     hostssl all certified 127.0.0.1/32 cert\nhost all certified 127.0.0.1/32 reject";

/// A server with TLS, and files for its clients.
struct Fortress {
    server: Server,
    admin: Client,
    authority: Authority,
}

impl Fortress {
    async fn build() -> Self {
        let authority = Authority::new();
        let server = Server::start("", RULES, &[]);
        let admin = server.connect().await;
        let roles = format!(
            "CREATE ROLE sealed LOGIN SUPERUSER PASSWORD '{PASSWORD}'; CREATE ROLE certified LOGIN SUPERUSER"
        );
        admin.batch_execute(&roles).await.unwrap();
        let mut fortress = Self { server, admin, authority };
        let server = &fortress.server;
        server.write("authority.pem", &fortress.authority.pem());
        server.write("stranger.pem", &Authority::new().pem());
        let role = fortress.authority.issue_to_role("certified");
        server.write("certified.pem", &role.certificate);
        server.write("certified.key", &role.key);
        let forged = Authority::new().issue_to_role("certified");
        server.write("forged.pem", &forged.certificate);
        server.write("forged.key", &forged.key);
        fortress.present(fortress.authority.issue("localhost")).await;
        let store = fortress.open("archon", "localhost", "sslmode=require");
        store.migrate().await.unwrap();
        fortress
    }

    /// Lets the server present another certificate.
    async fn present(&mut self, identity: Identity) {
        self.server.write("server.pem", &identity.certificate);
        self.server.write("server.key", &identity.key);
        let path = |name| self.server.path(name).display().to_string();
        for (setting, value) in [
            ("ssl", "on".to_owned()),
            ("ssl_cert_file", path("server.pem")),
            ("ssl_key_file", path("server.key")),
            ("ssl_ca_file", path("authority.pem")),
        ] {
            self.admin.batch_execute(&format!("ALTER SYSTEM SET {setting} = '{value}'")).await.unwrap();
        }
        self.server.restart("fast");
        self.admin = self.server.connect().await;
    }

    /// A store whose URL has `{}` for the server's folder.
    fn open(&self, role: &str, host: &str, parameters: &str) -> SqlStore {
        let parameters = parameters.replace("{}", &self.server.path("").display().to_string());
        let url = format!("postgres://{role}:{PASSWORD}@{host}:{}/postgres?{parameters}", self.server.port());
        SqlStore::open_postgres(&url, PostgresOptions::default()).unwrap()
    }

    /// Whether the connection of a case goes by TLS; its name is its application's.
    async fn goes_by_tls(&self, role: &str, host: &str, parameters: &str) -> bool {
        let store = self.open(role, host, &format!("{parameters}&application_name=case"));
        store.probe().await.unwrap();
        let sql =
            "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'case'";
        let ssl = self.admin.query_one(sql, &[]).await.unwrap().get(0);
        drop(store);
        let gone =
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'case'";
        self.admin.query(gone, &[]).await.unwrap();
        ssl
    }

    /// Why a case is refused.
    async fn refusal(&self, role: &str, host: &str, parameters: &str) -> ConnectError {
        refusal(&self.open(role, host, parameters)).await
    }
}

async fn refusal(store: &SqlStore) -> ConnectError {
    match store.pending_migrations().await {
        Err(OpenError::Connect(refusal)) => {
            assert!(!refusal.to_string().contains(PASSWORD), "{refusal}");
            refusal
        }
        other => panic!("{other:?}"),
    }
}

/// Names the variant that is expected; a macro, so that a failure names its line.
macro_rules! refused {
    ($refusal:expr, $variant:ident, $advice:literal) => {
        let refusal = $refusal;
        assert!(matches!(refusal, ConnectError::$variant { .. }), "{refusal:?}");
        assert!(refusal.to_string().contains($advice), "{refusal}");
    };
}

#[tokio::test]
async fn each_mode_asks_as_much_of_the_server_as_it_says() {
    let mut fortress = Fortress::build().await;
    for (host, parameters, by_tls) in [
        ("localhost", "sslmode=disable", false),
        ("localhost", "", true),
        ("localhost", "sslmode=allow", true),
        ("localhost", "sslmode=prefer", true),
        ("localhost", "sslmode=require", true),
        ("127.0.0.1", "sslmode=require&sslrootcert={}/authority.pem", true),
        ("127.0.0.1", "sslmode=verify-ca&sslrootcert={}/authority.pem", true),
        ("localhost", "sslmode=verify-full&sslrootcert={}/authority.pem", true),
    ] {
        let went_by_tls = fortress.goes_by_tls("archon", host, parameters).await;
        assert_eq!(went_by_tls, by_tls, "{host} {parameters}");
    }
    let full = "sslmode=verify-full&sslrootcert={}/authority.pem";
    refused!(fortress.refusal("archon", "127.0.0.1", full).await, WrongName, "sslmode=verify-ca");
    for mode in ["require", "verify-ca", "verify-full"] {
        let strange = format!("sslmode={mode}&sslrootcert={{}}/stranger.pem");
        refused!(fortress.refusal("archon", "localhost", &strange).await, Untrusted, "sslrootcert");
    }
    // Nobody that this machine trusts made the certificate.
    for parameters in ["sslmode=verify-full", "sslmode=verify-full&sslrootcert=system", "sslmode=verify-ca"] {
        refused!(fortress.refusal("archon", "localhost", parameters).await, Untrusted, "sslrootcert");
    }

    let own = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    fortress.present(Identity { certificate: own.cert.pem(), key: own.signing_key.serialize_pem() }).await;
    assert!(fortress.goes_by_tls("archon", "localhost", "sslmode=require").await);
    refused!(fortress.refusal("archon", "localhost", full).await, Untrusted, "sslrootcert");

    fortress.present(fortress.authority.issue_expired("localhost")).await;
    assert!(fortress.goes_by_tls("archon", "localhost", "sslmode=require").await);
    refused!(fortress.refusal("archon", "localhost", full).await, Expired, "renew it");
    let authority = full.replace("full", "ca");
    refused!(fortress.refusal("archon", "localhost", &authority).await, Expired, "renew it");
}

#[tokio::test]
async fn a_server_that_asks_for_tls_or_a_certificate_gets_it_or_is_understood() {
    let fortress = Fortress::build().await;
    refused!(fortress.refusal("sealed", "localhost", "sslmode=disable").await, Rules, "sslmode");
    assert!(fortress.goes_by_tls("sealed", "localhost", "sslmode=require").await);

    let shown = |name: &str| {
        format!(
            "sslmode=verify-full&sslrootcert={{}}/authority.pem&sslcert={{}}/{name}.pem&sslkey={{}}/{name}.key"
        )
    };
    assert!(fortress.goes_by_tls("certified", "localhost", &shown("certified")).await);
    refused!(fortress.refusal("certified", "localhost", "sslmode=require").await, Rules, "sslcert");
    refused!(fortress.refusal("certified", "localhost", &shown("forged")).await, TlsBroken, "sslcert");

    refused!(wrong(&fortress, ":nonsense@", "/postgres").await, Password, "check both");
    refused!(wrong(&fortress, ":not-a-secret@", "/nowhere").await, NoDatabase, "create it");
    refused!(wrong(&fortress, "@", "/postgres").await, Password, "check both");
}

/// Why a server refuses these credentials or this database.
async fn wrong(fortress: &Fortress, credentials: &str, database: &str) -> ConnectError {
    let url = format!("postgres://archon{credentials}localhost:{}{database}", fortress.server.port());
    refusal(&SqlStore::open_postgres(&url, PostgresOptions::default()).unwrap()).await
}

#[tokio::test]
async fn a_server_without_tls_is_used_in_clear_only_where_that_is_allowed() {
    let open = |parameters: &str| {
        let url = format!("{}?{parameters}", server_url());
        SqlStore::open_postgres(&url, PostgresOptions::default()).unwrap()
    };
    for mode in ["disable", "allow", "prefer"] {
        open(&format!("sslmode={mode}")).pending_migrations().await.unwrap();
    }
    for mode in ["require", "verify-ca", "verify-full"] {
        refused!(refusal(&open(&format!("sslmode={mode}"))).await, NoTls, "ssl = on");
    }
}

#[test]
fn files_that_cannot_be_used_are_named_when_the_store_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).unwrap();
        folder.path().join(name).display().to_string()
    };
    let authority = Authority::new();
    let (one, other) = (authority.issue_to_role("one"), authority.issue_to_role("other"));
    let (certificate, key) = (file("one.pem", &one.certificate), file("other.key", &other.key));
    let empty = file("empty.pem", "no certificate at all");
    for (parameters, advice) in [
        (format!("sslmode=verify-full&sslrootcert={empty}"), empty.as_str()),
        (format!("sslmode=require&sslcert={certificate}&sslkey={empty}"), empty.as_str()),
        (format!("sslmode=require&sslcert={certificate}&sslkey={key}"), "do not fit together"),
    ] {
        let url = format!("postgres://u:{PASSWORD}@localhost/db?{parameters}");
        let message = SqlStore::open_postgres(&url, PostgresOptions::default()).unwrap_err().to_string();
        assert!(message.contains(advice) && !message.contains(PASSWORD), "{parameters}: {message}");
    }
}
