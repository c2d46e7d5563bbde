//! Settings with which no provider could be spoken to.

use archon_domain::ports::IdentityProvider as _;
use archon_oauth_oidc::{GithubProvider, GithubSettings, Issuer, OidcProvider, OidcSettings};

use crate::support::{CLIENT_SECRET, credentials, descriptor, http};

fn generic() -> OidcSettings {
    OidcSettings::generic(descriptor(), "https://id.example", credentials())
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let fault = |change: &dyn Fn(&mut OidcSettings)| {
        let mut settings = generic();
        change(&mut settings);
        OidcProvider::new(settings, http()).unwrap_err().setting
    };
    assert_eq!(fault(&|settings| settings.credentials.client_id.clear()), "client_id");
    assert_eq!(fault(&|settings| settings.credentials.client_secret = " ".to_owned()), "client_secret");
    assert_eq!(fault(&|settings| settings.scopes = vec!["email".to_owned()]), "scopes");
    assert_eq!(fault(&|settings| settings.issuer = Issuer::Exactly("id.example".to_owned())), "issuer");
    assert_eq!(
        fault(&|settings| settings.issuer = Issuer::Exactly("ldap://id.example".to_owned())),
        "issuer"
    );
    let with_user = "https://ada:secret@id.example/token".to_owned();
    assert_eq!(fault(&|settings| settings.endpoints.token = Some(with_user.clone())), "endpoints.token");

    let mut settings = GithubSettings::new(credentials());
    settings.api_url = "github".to_owned();
    assert_eq!(GithubProvider::new(settings, http()).unwrap_err().setting, "api_url");
}

#[test]
fn the_well_known_providers_are_described_and_hide_their_secrets() {
    let google = OidcProvider::new(OidcSettings::google(credentials()), http()).unwrap();
    let microsoft = OidcProvider::new(OidcSettings::microsoft("common", credentials()), http()).unwrap();
    let github = GithubProvider::new(GithubSettings::new(credentials()), http()).unwrap();
    let names = [google.descriptor(), microsoft.descriptor(), github.descriptor()]
        .map(|descriptor| (descriptor.name.as_str(), descriptor.display_name.as_str()));
    assert_eq!(names, [("google", "Google"), ("microsoft", "Microsoft"), ("github", "GitHub")]);
    let shown = format!("{google:?} {microsoft:?} {github:?}");
    assert!(!shown.contains(CLIENT_SECRET), "{shown}");
}
