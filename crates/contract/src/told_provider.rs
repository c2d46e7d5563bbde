use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use archon_domain::ports::IdentityProvider;
use archon_domain::{
    AuthorizationResponse, Email, ExternalIdentity, Instant, OauthFlow, OneTimeToken, PersonName,
    ProviderDescriptor, ProviderError, ProviderFault, ProviderStep,
};
use async_trait::async_trait;

/// A provider of log-ins that says what it was told, for tests of what becomes of that. Its codes work again and
/// again.
pub struct ToldProvider {
    descriptor: ProviderDescriptor,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    codes: HashMap<String, Result<ExternalIdentity, ProviderError>>,
    away: Option<ProviderError>,
    flows: Vec<OauthFlow>,
}

impl ToldProvider {
    /// A provider of this name, which knows nobody.
    #[must_use]
    pub fn new(name: &str) -> Arc<Self> {
        let display_name = format!("The {name}");
        let descriptor = ProviderDescriptor { name: name.to_owned(), display_name, icon_url: None };
        Arc::new(Self { descriptor, told: Mutex::default() })
    }

    /// Whoever brings `code` is `subject`, whose address it vouches for.
    pub fn vouch(&self, code: &str, subject: &str, address: &str) {
        self.tell(code, subject, Some(address), true);
    }

    /// Whoever brings `code` is `subject`, with an address that it does not vouch for, or none.
    pub fn tell_unvouched(&self, code: &str, subject: &str, address: Option<&str>) {
        self.tell(code, subject, address, false);
    }

    /// Whoever brings `code` is sent away with this.
    pub fn fail(&self, code: &str, step: ProviderStep, fault: ProviderFault) {
        let error = ProviderError::new(step, fault, "it was told so");
        self.told().codes.insert(code.to_owned(), Err(error));
    }

    /// Nobody can be sent to it until it is back.
    pub fn go_away(&self, fault: ProviderFault) {
        self.told().away = Some(ProviderError::new(ProviderStep::Discovery, fault, "it was told so"));
    }

    /// Every flow that has begun, the first begun first.
    #[must_use]
    pub fn flows(&self) -> Vec<OauthFlow> {
        self.told().flows.clone()
    }

    fn tell(&self, code: &str, subject: &str, address: Option<&str>, vouched: bool) {
        let identity = ExternalIdentity {
            provider: self.descriptor.name.clone(),
            subject: subject.to_owned(),
            email: address.map(|address| Email::parse(address).unwrap()),
            email_verified: vouched,
            name: Some(PersonName::parse("Ada at the Provider").unwrap()),
        };
        self.told().codes.insert(code.to_owned(), Ok(identity));
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl IdentityProvider for ToldProvider {
    fn descriptor(&self) -> &ProviderDescriptor {
        &self.descriptor
    }

    async fn authorization_url(
        &self,
        flow: &OauthFlow,
        state: &OneTimeToken,
        _: Instant,
    ) -> Result<String, ProviderError> {
        let mut told = self.told();
        if let Some(error) = &told.away {
            return Err(error.clone());
        }
        told.flows.push(flow.clone());
        let (name, challenge) = (&self.descriptor.name, flow.pkce_challenge());
        let state = state.expose();
        Ok(format!("https://{name}.example/authorize?state={state}&code_challenge={challenge}"))
    }

    async fn identify(
        &self,
        flow: &OauthFlow,
        response: &AuthorizationResponse,
        _: Instant,
    ) -> Result<ExternalIdentity, ProviderError> {
        let told = self.told();
        assert!(told.flows.contains(flow), "the flow is the one that has begun");
        let unknown =
            || Err(ProviderError::new(ProviderStep::TokenExchange, ProviderFault::Refused, "unknown"));
        told.codes.get(&response.code).cloned().unwrap_or_else(unknown)
    }
}
