//! A provider that says what a test has it say, and a browser's way to it and back.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use archon_domain::ports::IdentityProvider;
use archon_domain::{
    AuthorizationResponse, Email, ExternalIdentity, Instant, OauthFlow, OneTimeToken, PersonName,
    ProviderDescriptor, ProviderError, ProviderFault, ProviderStep,
};
use archon_testkit::TestServer;
use async_trait::async_trait;
use reqwest::Method;

use super::browser::{Browser, Page};

/// What a browser says of a request that another site has led it to.
pub(crate) const FROM_ELSEWHERE: [(&str, &str); 1] = [("sec-fetch-site", "cross-site")];

/// A provider at whom everybody is who the test says.
pub(crate) struct Double {
    descriptor: ProviderDescriptor,
    says: Mutex<Result<ExternalIdentity, ProviderError>>,
    flows: Mutex<Vec<OauthFlow>>,
}

impl Double {
    /// A provider at whom the user is `subject` with the address `email`, which it vouches for.
    pub(crate) fn new(descriptor: ProviderDescriptor, subject: &str, email: &str) -> Arc<Self> {
        let nobody = ProviderError::new(ProviderStep::UserInfo, ProviderFault::Refused, "nobody is there");
        let double = Self { descriptor, says: Mutex::new(Err(nobody)), flows: Mutex::default() };
        double.says(subject, Some(email), true);
        Arc::new(double)
    }

    pub(crate) fn google(subject: &str, email: &str) -> Arc<Self> {
        Self::new(ProviderDescriptor::google(), subject, email)
    }

    /// Who the user is from now on.
    pub(crate) fn says(&self, subject: &str, email: Option<&str>, email_verified: bool) {
        let identity = ExternalIdentity {
            provider: self.descriptor.name.clone(),
            subject: subject.to_owned(),
            email: email.and_then(|email| Email::parse(email).ok()),
            email_verified,
            name: PersonName::parse("Ada at the provider").ok(),
        };
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = Ok(identity);
    }

    /// What goes wrong from now on.
    pub(crate) fn fails(&self, fault: ProviderFault) {
        let error = ProviderError::new(ProviderStep::TokenExchange, fault, "for the log only");
        *self.says.lock().unwrap_or_else(PoisonError::into_inner) = Err(error);
    }

    /// Where the flow that began last comes back to.
    pub(crate) fn redirect_uri(&self) -> Option<String> {
        let flows = self.flows.lock().unwrap_or_else(PoisonError::into_inner);
        flows.last().map(|flow| flow.redirect_uri.clone())
    }

    fn answer(&self) -> Result<ExternalIdentity, ProviderError> {
        self.says.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl IdentityProvider for Double {
    fn descriptor(&self) -> &ProviderDescriptor {
        &self.descriptor
    }

    async fn authorization_url(
        &self,
        flow: &OauthFlow,
        state: &OneTimeToken,
        _: Instant,
    ) -> Result<String, ProviderError> {
        if let Err(error) = self.answer() {
            let away = ProviderError::new(ProviderStep::Discovery, error.fault(), "for the log only");
            return Err(away);
        }
        self.flows.lock().unwrap_or_else(PoisonError::into_inner).push(flow.clone());
        Ok(format!("https://{}.example/authorize?a=1&state={}", self.descriptor.name, state.expose()))
    }

    async fn identify(
        &self,
        _: &OauthFlow,
        response: &AuthorizationResponse,
        _: Instant,
    ) -> Result<ExternalIdentity, ProviderError> {
        match response.code.as_str() {
            "good" => self.answer(),
            _ => Err(ProviderError::new(ProviderStep::TokenExchange, ProviderFault::Refused, "unknown code")),
        }
    }
}

/// A service whose users can log in with this provider.
pub(crate) async fn served_with(provider: &Arc<Double>) -> anyhow::Result<TestServer> {
    TestServer::builder().provider(provider.clone()).start().await
}

/// The state that a provider is sent with a browser.
pub(crate) fn state_in(address: &str) -> anyhow::Result<String> {
    let (_, state) = address.split_once("state=").with_context(|| format!("no state in {address}"))?;
    Ok(state.to_owned())
}

impl Browser {
    /// Follows the button to log in with Google; the state that the provider is sent.
    pub(crate) async fn go_to_google(&mut self) -> anyhow::Result<String> {
        let page = self.open("/auth/pages/sign-in").await?;
        let answer = self.open(page.html.link("Continue with Google")?).await?;
        anyhow::ensure!(answer.status == 303, "{}", answer.body);
        state_in(answer.header("location"))
    }

    /// Comes back from Google with a code that is good.
    pub(crate) async fn return_from_google(&mut self, state: &str) -> anyhow::Result<Page> {
        self.come_back(&format!("/auth/pages/oauth/google/callback?code=good&state={state}")).await
    }

    /// Is led somewhere by another site.
    pub(crate) async fn come_back(&mut self, path: &str) -> anyhow::Result<Page> {
        self.send(Method::GET, path, &FROM_ELSEWHERE, None).await
    }

    /// Presses the button that links Google; the state that the provider is sent.
    pub(crate) async fn go_and_link(&mut self) -> anyhow::Result<String> {
        let page = self.open("/auth/pages/identities").await?;
        let answer = self.submit(&page, "/auth/pages/identities/link", &[]).await?;
        answer.assert_is(200, "Continue at Google");
        state_in(answer.html.link("Continue at Google")?)
    }

    /// Comes back from there.
    pub(crate) async fn return_to_link(&mut self, state: &str) -> anyhow::Result<Page> {
        self.come_back(&format!("/auth/pages/identities/google/callback?code=good&state={state}")).await
    }
}
