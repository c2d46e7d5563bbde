use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::http::header::AUTHORIZATION;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use archon_app::{Administrator, Authenticate, Authenticated, Caller, ProfileError};
use archon_domain::{
    Bucket, Client, ClientNetwork, Email, Profile, RateDecision, RateKey, TokenKind, UserAgent,
};

use crate::WebState;
use crate::body::{self, RequestBody};
use crate::problem::Problem;
use crate::urlencoded::query_fields;

/// A request on its way through a handler: who sends it, what it holds, what it costs.
pub(crate) struct Incoming {
    request: HttpRequest,
    payload: Payload,
    client: Client,
}

/// That a request has been charged to a budget, and how that stands; `None` for a client that is not limited.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charged(pub(crate) Option<(Bucket, RateDecision)>);

/// The user a request has proved to come from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProvedUser(pub(crate) archon_domain::UserId);

/// The id of a request, in its extensions from the outermost middleware on.
#[derive(Debug, Clone)]
pub(crate) struct RequestId(pub(crate) String);

impl FromRequest for Incoming {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let client = client_of(request);
        ready(Ok(Self { request: request.clone(), payload: payload.take(), client }))
    }
}

/// Who sends a request.
pub(crate) fn client_of(request: &HttpRequest) -> Client {
    let state = request.app_data::<web::Data<WebState>>();
    let peer = request.peer_addr().map_or(std::net::Ipv4Addr::UNSPECIFIED.into(), |peer| peer.ip());
    let proxies = state.map(|state| &state.policy.trusted_proxies);
    let address = proxies.map_or(peer, |proxies| proxies.client_address(peer, request.headers()));
    let user_agent = request.headers().get(actix_web::http::header::USER_AGENT);
    let user_agent = user_agent.map(|value| String::from_utf8_lossy(value.as_bytes()));
    Client {
        address,
        user_agent: UserAgent::new(user_agent.as_deref().unwrap_or_default()),
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default(),
    }
}

impl Incoming {
    /// Who sends the request.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    /// Reads and checks the body.
    pub(crate) async fn body<B: RequestBody>(&mut self, app: &WebState) -> Result<B, Problem> {
        body::read(self.request.headers(), &mut self.payload, app.auth.policy()).await
    }

    /// Reads and checks a body that may be absent.
    pub(crate) async fn optional_body<B: RequestBody>(&mut self, app: &WebState) -> Result<B, Problem> {
        body::read_optional(self.request.headers(), &mut self.payload, app.auth.policy()).await
    }

    /// Checks the query like the fields of a body.
    pub(crate) fn query<B: RequestBody>(&self, app: &WebState) -> Result<B, Problem> {
        body::judge(query_fields(self.request.query_string()), app.auth.policy())
    }

    /// Receives the fields of an HTML form, still encoded.
    pub(crate) async fn form(&mut self) -> Result<Vec<u8>, Problem> {
        body::receive(self.request.headers(), &mut self.payload, "application/x-www-form-urlencoded").await
    }

    /// The request itself.
    pub(crate) fn request(&self) -> &HttpRequest {
        &self.request
    }

    /// Says who the request comes from and charges it to their `default` budget.
    pub(crate) async fn caller(&self, app: &WebState) -> Result<Caller, Problem> {
        self.caller_in(app, Bucket::Default).await
    }

    /// Says who the request comes from and charges it to their budget of `bucket`.
    pub(crate) async fn caller_in(&self, app: &WebState, bucket: Bucket) -> Result<Caller, Problem> {
        Ok(self.authenticated(app, bucket, false).await?.caller)
    }

    /// The administrator that the request comes from, who is charged for it as a [`caller`](Self::caller) is.
    pub(crate) async fn administrator(&self, app: &WebState) -> Result<Administrator, Problem> {
        let caller = self.caller(app).await?;
        Ok(app.auth.administrator(caller).await?)
    }

    /// The profile of whoever the request comes from, who is charged for it as a [`caller`](Self::caller) is.
    pub(crate) async fn profile(&self, app: &WebState) -> Result<Profile, Problem> {
        let authenticated = self.authenticated(app, Bucket::Default, true).await?;
        Ok(*authenticated.profile.ok_or(ProfileError::AccountGone)?)
    }

    async fn authenticated(
        &self,
        app: &WebState,
        bucket: Bucket,
        profile: bool,
    ) -> Result<Authenticated, Problem> {
        self.prove(app, self.bearer_token()?, TokenKind::Access, bucket, profile).await
    }

    /// Says whose browser the request comes from, by the token of its cookie, and charges it to their budget
    /// of `bucket`; finds their profile as well if asked to.
    pub(crate) async fn visitor(
        &self,
        app: &WebState,
        token: &str,
        bucket: Bucket,
        profile: bool,
    ) -> Result<Authenticated, Problem> {
        self.prove(app, token, TokenKind::Page, bucket, profile).await
    }

    async fn prove(
        &self,
        app: &WebState,
        token: &str,
        kind: TokenKind,
        bucket: Bucket,
        profile: bool,
    ) -> Result<Authenticated, Problem> {
        let quota = app.limits.quota_for(bucket, self.client.address);
        let budget = quota.map(|quota| (bucket, quota));
        let request = Authenticate { token, kind, client: self.client(), budget, profile };
        let authenticated = app.auth.authenticate(request).await?;
        let caller = &authenticated.caller;
        self.request.extensions_mut().insert(ProvedUser(caller.user));
        let span = tracing::Span::current();
        span.record("user_id", tracing::field::display(caller.user));
        span.record("session_id", tracing::field::display(&caller.session.id));
        self.charged(app, bucket, &RateKey::User(caller.user), authenticated.decision).await?;
        Ok(authenticated)
    }

    /// Charges the request to its client's budget of `bucket`.
    pub(crate) async fn charge_client(&self, app: &WebState, bucket: Bucket) -> Result<(), Problem> {
        self.charge(app, bucket, &RateKey::Network(ClientNetwork::of(self.client.address))).await
    }

    /// Charges the request, whoever sends it, to the budget of the address that a mail would go to.
    pub(crate) async fn charge_target(
        &self,
        app: &WebState,
        bucket: Bucket,
        target: &Email,
    ) -> Result<(), Problem> {
        let key = RateKey::Email(target.key().clone());
        let decision = app.limits.take_whoever_asks(bucket, &key).await?;
        self.charged(app, bucket, &key, decision).await
    }

    async fn charge(&self, app: &WebState, bucket: Bucket, key: &RateKey) -> Result<(), Problem> {
        let decision = app.limits.take(bucket, key, self.client.address).await?;
        self.charged(app, bucket, key, decision).await
    }

    /// Notes what a charge came to, and refuses the request when the budget is spent.
    async fn charged(
        &self,
        app: &WebState,
        bucket: Bucket,
        key: &RateKey,
        decision: Option<RateDecision>,
    ) -> Result<(), Problem> {
        self.note(bucket, decision);
        let Some(refused) = decision.filter(|decision| !decision.allowed) else { return Ok(()) };
        app.auth.record_refusal_by_limit(bucket, key, &refused, &self.client).await;
        Err(Problem::rate_limited(&refused))
    }

    /// Notes how a budget stands. Of two charges the one that leaves less is noted.
    fn note(&self, bucket: Bucket, decision: Option<RateDecision>) {
        let mut extensions = self.request.extensions_mut();
        let before = extensions.get::<Charged>().and_then(|charged| charged.0);
        let now = decision.map(|decision| (bucket, decision));
        let tighter =
            before.into_iter().chain(now).min_by_key(|(_, decision)| (decision.allowed, decision.remaining));
        extensions.insert(Charged(tighter));
    }

    /// The token of an `Authorization: Bearer` header (RFC 6750 section 2.1).
    fn bearer_token(&self) -> Result<&str, Problem> {
        let missing = || {
            Problem::unauthorized("TOKEN_MISSING", "An access token is needed")
                .way_out("authorization", "Send the header Authorization: Bearer <access_token>")
        };
        let mut headers = self.request.headers().get_all(AUTHORIZATION);
        let header = headers.next().ok_or_else(missing)?;
        if headers.next().is_some() {
            let way_out = "Send one Authorization header, not several";
            return Err(Problem::unauthorized("TOKEN_INVALID", "Invalid token")
                .way_out("authorization", way_out)
                .bearer("invalid_request", way_out));
        }
        let text = header.to_str().map_err(|_| missing())?;
        let (scheme, token) = text.split_once(' ').ok_or_else(missing)?;
        if scheme.eq_ignore_ascii_case("bearer") { Ok(token.trim()) } else { Err(missing()) }
    }
}
