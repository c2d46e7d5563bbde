//! Whose metadata and ID tokens are believed.

use crate::SettingError;
use crate::oidc::Issuer;

/// The tenant of Microsoft's personal accounts (Microsoft identity platform, "ID token claims reference").
const PERSONAL_ACCOUNTS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// What stands for the tenant's id in the metadata of many tenants (Microsoft identity platform, "OpenID Connect
/// on the Microsoft identity platform").
const ANY_TENANT: &str = "{tenantid}";

/// Which issuer a provider's metadata may name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum IssuerRule {
    Exactly(String),
    Microsoft { authority: String, tenants: Tenants },
}

/// Which tenants a configuration means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Tenants {
    Common,
    Organizations,
    Consumers,
    ById(String),
    ByDomain,
}

/// Which issuer a provider's ID tokens may name, by its metadata.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenIssuer {
    One(String),
    /// One tenant's issuer of Microsoft's.
    Tenant {
        authority: String,
        id: String,
    },
    /// Any tenant's issuer of Microsoft's.
    AnyTenant {
        authority: String,
        personal_accounts: bool,
    },
}

impl IssuerRule {
    /// The rule for a setting.
    pub(super) fn of(issuer: &Issuer) -> Result<Self, SettingError> {
        match issuer {
            Issuer::Exactly(issuer) => Ok(Self::Exactly(issuer.clone())),
            Issuer::Microsoft { authority, tenant } => {
                let authority = authority.trim_end_matches('/').to_owned();
                Ok(Self::Microsoft { authority, tenants: Tenants::named(tenant)? })
            }
        }
    }

    /// Which ID tokens may be believed of a provider whose metadata names `issuer`; the reason where the metadata
    /// itself may not be (OpenID Connect Discovery section 4.3).
    pub(super) fn admit(&self, issuer: &str) -> Result<TokenIssuer, String> {
        match self {
            Self::Exactly(expected) if issuer == expected => Ok(TokenIssuer::One(issuer.to_owned())),
            Self::Exactly(expected) if issuer.trim_end_matches('/') == expected.trim_end_matches('/') => {
                Err("the metadata's issuer differs from the configured one by a slash at its end".to_owned())
            }
            Self::Exactly(_) => Err("the metadata is of another issuer than the configured one".to_owned()),
            Self::Microsoft { authority, tenants } => {
                let foreign = || "the metadata is of another issuer than the configured tenant's".to_owned();
                let tenant = tenant_of(authority, issuer).ok_or_else(foreign)?;
                tenants.admit(authority, tenant).ok_or_else(foreign)
            }
        }
    }
}

impl Tenants {
    fn named(tenant: &str) -> Result<Self, SettingError> {
        match tenant {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" => Ok(Self::Consumers),
            id if is_tenant_id(id) => Ok(Self::ById(id.to_ascii_lowercase())),
            domain if is_domain(domain) => Ok(Self::ByDomain),
            _ => Err(SettingError::new(
                "tenant",
                "must be a tenant's id, one of its domains, or common, organizations or consumers",
            )),
        }
    }

    fn admit(&self, authority: &str, tenant: &str) -> Option<TokenIssuer> {
        let authority = authority.to_owned();
        match self {
            Self::Common | Self::Organizations if tenant == ANY_TENANT => {
                Some(TokenIssuer::AnyTenant { authority, personal_accounts: *self == Self::Common })
            }
            Self::Common | Self::Organizations => None,
            _ if !is_tenant_id(tenant) => None,
            Self::Consumers if !tenant.eq_ignore_ascii_case(PERSONAL_ACCOUNTS) => None,
            Self::ById(id) if !tenant.eq_ignore_ascii_case(id) => None,
            Self::Consumers | Self::ById(_) | Self::ByDomain => {
                Some(TokenIssuer::Tenant { authority, id: tenant.to_owned() })
            }
        }
    }
}

impl TokenIssuer {
    /// Whether an ID token or a callback may name `issuer`.
    pub(super) fn admits(&self, issuer: &str) -> bool {
        match self {
            Self::One(expected) => issuer == expected,
            Self::Tenant { authority, id } => tenant_of(authority, issuer).is_some_and(|tenant| tenant == id),
            Self::AnyTenant { authority, personal_accounts } => {
                tenant_of(authority, issuer).is_some_and(|tenant| {
                    let personal = tenant.eq_ignore_ascii_case(PERSONAL_ACCOUNTS);
                    is_tenant_id(tenant) && (*personal_accounts || !personal)
                })
            }
        }
    }

    /// Whether the claim `tid` of an ID token of `issuer` is its tenant's; where there are no tenants, anything is.
    pub(super) fn is_tenant(&self, issuer: &str, tid: Option<&str>) -> bool {
        match self {
            Self::One(_) => true,
            Self::Tenant { authority, .. } | Self::AnyTenant { authority, .. } => {
                tid.is_some() && tenant_of(authority, issuer) == tid
            }
        }
    }

    /// What we call the user whom `issuer` calls `subject`. A subject is unique within its issuer only (OpenID
    /// Connect Core section 2), so the tenant's id goes in front where there is an issuer per tenant.
    pub(super) fn subject(&self, issuer: &str, subject: &str) -> String {
        match self {
            Self::One(_) => subject.to_owned(),
            Self::Tenant { authority, .. } | Self::AnyTenant { authority, .. } => {
                let tenant = tenant_of(authority, issuer).unwrap_or_default().to_ascii_lowercase();
                format!("{tenant}/{subject}")
            }
        }
    }

    /// Whether the claim `email_verified` says that the address is the user's.
    ///
    /// Not with Microsoft, where an administrator of any tenant can write any address into `email`, and accounts
    /// elsewhere were taken over by it ("nOAuth", Descope 2023; Microsoft identity platform, "Migrate away from
    /// using email claims for user identification or authorization"). There the optional claim `xms_edov` says
    /// whether the owner of the address's domain was verified.
    pub(super) fn vouches_by_email_verified(&self) -> bool {
        matches!(self, Self::One(_))
    }
}

/// The tenant in an issuer of Microsoft's, `{authority}/{tenant}/v2.0`.
fn tenant_of<'a>(authority: &str, issuer: &'a str) -> Option<&'a str> {
    let tenant = issuer.strip_prefix(authority)?.strip_prefix('/')?.strip_suffix("/v2.0")?;
    (!tenant.contains('/')).then_some(tenant)
}

/// Whether a text has the form of a tenant's id, a UUID.
fn is_tenant_id(text: &str) -> bool {
    let groups: Vec<&str> = text.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_domain(text: &str) -> bool {
    let character = |character: char| character.is_ascii_alphanumeric() || matches!(character, '-' | '.');
    text.contains('.') && !text.starts_with('.') && !text.ends_with('.') && text.chars().all(character)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const AUTHORITY: &str = "https://login.example";
    const ACME: &str = "11111111-2222-3333-4444-555555555555";

    fn microsoft(tenant: &str) -> IssuerRule {
        let (authority, tenant) = (AUTHORITY.to_owned(), tenant.to_owned());
        IssuerRule::of(&Issuer::Microsoft { authority, tenant }).unwrap()
    }

    fn issuer(tenant: &str) -> String {
        format!("{AUTHORITY}/{tenant}/v2.0")
    }

    #[test]
    fn metadata_must_name_the_very_issuer_that_is_configured() {
        let rule = IssuerRule::of(&Issuer::Exactly("https://id.example".to_owned())).unwrap();
        assert!(rule.admit("https://id.example").is_ok());
        assert!(rule.admit("https://id.example/").unwrap_err().contains("slash"));
        assert!(rule.admit("https://evil.example").unwrap_err().contains("another issuer"));
    }

    #[test]
    fn common_admits_every_tenant_and_organizations_none_of_persons() {
        for (tenant, personal) in [("common", true), ("organizations", false)] {
            let tokens = microsoft(tenant).admit(&issuer(ANY_TENANT)).unwrap();
            assert!(tokens.admits(&issuer(ACME)));
            assert_eq!(tokens.admits(&issuer(PERSONAL_ACCOUNTS)), personal, "{tenant}");
            for wrong in [ANY_TENANT, "common", "a/b", "", &format!("evil/{ACME}")] {
                assert!(!tokens.admits(&issuer(wrong)), "{wrong}");
            }
            assert!(!tokens.admits(&format!("https://evil.example/{ACME}/v2.0")));
            assert!(microsoft(tenant).admit(&issuer(ACME)).is_err(), "{tenant}");
        }
    }

    #[test]
    fn one_tenant_admits_itself_alone() {
        let tokens = microsoft(ACME).admit(&issuer(ACME)).unwrap();
        assert!(tokens.admits(&issuer(ACME)) && !tokens.admits(&issuer(PERSONAL_ACCOUNTS)));
        assert!(microsoft(ACME).admit(&issuer(PERSONAL_ACCOUNTS)).is_err());
        assert!(microsoft(ACME).admit(&issuer(ANY_TENANT)).is_err());
        // The metadata of a domain names the tenant's id.
        assert!(microsoft("acme.example").admit(&issuer(ACME)).unwrap().admits(&issuer(ACME)));
        assert!(microsoft("consumers").admit(&issuer(PERSONAL_ACCOUNTS)).is_ok());
        assert!(microsoft("consumers").admit(&issuer(ACME)).is_err());
    }

    #[test]
    fn the_tenant_of_a_token_is_that_of_its_issuer() {
        let tokens = microsoft("common").admit(&issuer(ANY_TENANT)).unwrap();
        assert!(tokens.is_tenant(&issuer(ACME), Some(ACME)));
        assert!(!tokens.is_tenant(&issuer(ACME), Some(PERSONAL_ACCOUNTS)));
        assert!(!tokens.is_tenant(&issuer(ACME), None));
        assert_eq!(tokens.subject(&issuer(ACME), "s"), format!("{ACME}/s"));
    }

    proptest! {
        #[test]
        fn nobody_but_a_tenant_of_the_authority_is_admitted(tenant in "[0-9a-f./{}-]{0,40}", tail in "\\PC{0,20}") {
            let tokens = microsoft("common").admit(&issuer(ANY_TENANT)).unwrap();
            let (admitted, acme) = (tokens.admits(&issuer(&tenant)), issuer(ACME));
            prop_assert!(!admitted || is_tenant_id(&tenant));
            for other in [format!("{acme}{tail}"), format!("{tail}{acme}")] {
                prop_assert_eq!(tokens.admits(&other), other == acme);
            }
        }
    }

    #[test]
    fn what_names_no_tenant_is_refused() {
        for tenant in ["", "Common", "../common", "a b.example", ".example"] {
            let issuer = Issuer::Microsoft { authority: AUTHORITY.to_owned(), tenant: tenant.to_owned() };
            assert!(IssuerRule::of(&issuer).is_err(), "{tenant:?}");
        }
    }
}
