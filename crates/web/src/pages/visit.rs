use std::collections::BTreeMap;
use std::fmt;
use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::error::InternalError;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION, SET_COOKIE};
use actix_web::{Error, FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, web};
use archon_app::{Authenticated, Caller, ProfileError};
use archon_domain::{Bucket, OneTimeToken, Profile, ProviderDescriptor, Session};
use minijinja::{Value, context};

use super::assets::mark_of;
use super::binding::Binding;
use super::done::Done;
use super::form::{self, Form};
use super::guard::{self, Distrust};
use super::place::Place;
use super::refusal::Refusal;
use super::words::password_rules;
use super::{PageAnswer, cookies};
use crate::WebState;
use crate::incoming::Incoming;
use crate::problem::Problem;
use crate::templates::Pages;

/// Nothing but our own style sheet and icon is loaded, no script runs, and forms go nowhere else.
pub(crate) const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                                 base-uri 'none'; frame-ancestors 'none'";

/// A browser at one of the pages.
pub(crate) struct Visit {
    pub(crate) app: web::Data<WebState>,
    pub(crate) incoming: Incoming,
    pages: Pages,
    /// The secret that the browser has in its cookie, and the one that forms shown now hold.
    held: Option<String>,
    given: String,
    session: Option<String>,
    /// The `Set-Cookie` lines of the answer, one per cookie: the last word counts.
    cookies: BTreeMap<&'static str, String>,
}

/// Where a visit ends before its page is reached.
#[derive(Debug)]
pub(crate) enum Detour {
    /// In an error, which `middleware::envelope` shows as a page.
    Refused(Problem),
    /// In another answer.
    To(HttpResponse),
}

impl From<Problem> for Detour {
    fn from(problem: Problem) -> Self {
        Self::Refused(problem)
    }
}

impl From<Detour> for Error {
    fn from(detour: Detour) -> Self {
        match detour {
            Detour::Refused(problem) => problem.into(),
            Detour::To(response) => InternalError::from_response(ElsewhereError, response).into(),
        }
    }
}

/// What actix wants to know an early answer by.
#[derive(Debug)]
struct ElsewhereError;

impl fmt::Display for ElsewhereError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("answered before the page was reached")
    }
}

/// Whether an error is a page, or the way to one, and not to be shown as anything else.
pub(crate) fn is_detour(error: &Error) -> bool {
    error.as_error::<InternalError<ElsewhereError>>().is_some()
}

impl FromRequest for Visit {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let nothing = || Problem::not_found("NOT_FOUND", "This deployment shows no pages of its own");
        let app = request.app_data::<web::Data<WebState>>().cloned();
        let pages = app.as_ref().and_then(|app| app.pages.clone());
        let visit = app.zip(pages).ok_or_else(nothing);
        ready(visit.and_then(|(app, pages)| {
            let incoming = Incoming::from_request(request, payload).into_inner()?;
            Ok(Self::new(app, pages, incoming))
        }))
    }
}

impl Visit {
    fn new(app: web::Data<WebState>, pages: Pages, incoming: Incoming) -> Self {
        let headers = incoming.request().headers();
        let session = cookies::read(headers, cookies::SESSION).map(str::to_owned);
        let held =
            cookies::read(headers, cookies::FORM).filter(|secret| OneTimeToken::parse(secret).is_some());
        let held = held.map(str::to_owned);
        let mut visit =
            Self { app, incoming, pages, given: String::new(), held, session, cookies: BTreeMap::new() };
        match visit.held.clone() {
            Some(secret) => visit.given = secret,
            None => visit.give_new_secret(),
        }
        visit
    }

    /// A field of the address's query.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        form::query(self.incoming.request().query_string(), name)
    }

    /// Which of these things the address says were done.
    pub(crate) fn done(&self, expected: &[Done]) -> Option<Done> {
        let code = self.query("done")?;
        expected.iter().find(|done| done.code() == code).copied()
    }

    /// What a new password must be like, in a sentence.
    pub(crate) fn password_rules(&self) -> String {
        password_rules(&self.app.auth.policy().passwords)
    }

    /// Whether the browser has a session, good or not.
    pub(crate) fn has_session(&self) -> bool {
        self.session.is_some()
    }

    /// The providers that one can log in with.
    pub(crate) fn providers(&self) -> Vec<&ProviderDescriptor> {
        let listed = self.app.auth.providers().into_iter();
        listed.filter_map(|(descriptor, enabled)| enabled.then_some(descriptor)).collect()
    }

    /// What templates see of them.
    pub(crate) fn ways_in(&self) -> Vec<Value> {
        let way_in = |provider: &ProviderDescriptor| {
            context! {
                name => &provider.name,
                display_name => &provider.display_name,
                mark => mark_of(&provider.name),
            }
        };
        self.providers().into_iter().map(way_in).collect()
    }

    /// What people call a provider.
    pub(crate) fn name_of<'a>(&'a self, provider: &'a str) -> &'a str {
        self.app.auth.provider_display_name(provider)
    }

    /// The provider that an address names.
    ///
    /// # Errors
    /// 404 for one that is not listed: pages show no name that anybody can put into an address.
    pub(crate) fn listed(&self, path: web::Path<String>) -> Result<String, Problem> {
        let name = path.into_inner();
        let is_listed = self.app.auth.providers().iter().any(|(provider, _)| provider.name == name);
        if is_listed { Ok(name) } else { Err(Problem::not_found("NOT_FOUND", "There is no such provider")) }
    }

    /// Where a provider is to send this browser back to.
    pub(crate) fn address_of(&self, path: &str) -> String {
        format!("{}{path}", self.pages.policy.origin)
    }

    /// Whether the browser says that the way here began on another site.
    pub(crate) fn is_from_elsewhere(&self) -> bool {
        guard::check_source(self.incoming.request().headers(), &self.pages.policy.origin).is_err()
    }

    /// Reads the form of a page and makes sure that it was shown to this browser.
    ///
    /// # Errors
    /// The page that says why the form is not believed, with a way back to `place`.
    pub(crate) async fn form(&mut self, place: Place) -> Result<Form, Detour> {
        let source = guard::check_source(self.incoming.request().headers(), &self.pages.policy.origin);
        source.map_err(|distrust| self.distrusted(distrust, place, ""))?;
        let mut form = Form::parse(&self.incoming.form().await?)?;
        let repeated = form.take("form_token");
        let shown_here = guard::check_token(self.held.as_deref(), &repeated);
        shown_here.map_err(|distrust| {
            let token = form.take("token");
            self.distrusted(distrust, place, &token)
        })?;
        Ok(form)
    }

    fn distrusted(&self, distrust: Distrust, place: Place, token: &str) -> Detour {
        tracing::info!(reason = distrust.word(), "a form was not believed");
        let token = OneTimeToken::parse(token);
        let values = context! {
            reason => distrust.word(),
            again => place.path(),
            token => token.as_ref().map(OneTimeToken::expose),
        };
        match self.page(StatusCode::FORBIDDEN, "distrust.html", values) {
            Ok(page) => Detour::To(page),
            Err(detour) => detour,
        }
    }

    /// Whose browser this is; charged to their budget of `bucket`.
    ///
    /// # Errors
    /// The way to sign in, and from there to `place`, for nobody; the session cookie goes only if it was refused.
    pub(crate) async fn caller(&mut self, place: Place, bucket: Bucket) -> Result<Caller, Detour> {
        Ok(self.prove(place, bucket, false).await?.caller)
    }

    /// The same with what they are shown of their account.
    pub(crate) async fn user(&mut self, place: Place) -> Result<(Caller, Profile), Detour> {
        let Authenticated { caller, profile, .. } = self.prove(place, Bucket::Default, true).await?;
        let profile = profile.ok_or(ProfileError::AccountGone);
        let profile = profile.map_err(|error| self.refused_session(place, error.into()))?;
        Ok((caller, *profile))
    }

    async fn prove(&mut self, place: Place, bucket: Bucket, profile: bool) -> Result<Authenticated, Detour> {
        let Some(token) = self.session.clone() else {
            return Err(Detour::To(self.go(Place::SignIn.before(place))));
        };
        let proved = self.incoming.visitor(&self.app, &token, bucket, profile).await;
        let authenticated = proved.map_err(|problem| self.refused_session(place, problem))?;
        self.renew(&authenticated.caller)?;
        Ok(authenticated)
    }

    /// What becomes of a session that was not let in. Only a refusal ends it: who cannot be recognised while a
    /// store is away, or has asked too often, stays signed in.
    fn refused_session(&mut self, place: Place, problem: Problem) -> Detour {
        if problem.status != StatusCode::UNAUTHORIZED {
            return problem.into();
        }
        self.cookies.insert(cookies::SESSION, cookies::clear(cookies::SESSION));
        let over = Done::SessionOver.code();
        Detour::To(self.go(format!("{}&done={over}", Place::SignIn.before(place))))
    }

    /// Gives the browser a new token once more than half of the old one's life has gone and the session
    /// outlives it.
    fn renew(&mut self, caller: &Caller) -> Result<(), Problem> {
        let lifetime = self.app.auth.policy().tokens.refresh_for;
        let expires_at = caller.token.expires_at;
        let is_old = (expires_at - self.app.auth.now()) * 2 < lifetime;
        let can_be_longer = caller.session.absolute_expires_at.timestamp() > expires_at.timestamp();
        if is_old && can_be_longer { self.remember(&caller.session) } else { Ok(()) }
    }

    fn remember(&mut self, session: &Session) -> Result<(), Problem> {
        let page = self.app.auth.page_token(session)?;
        let max_age = session.remembered.then_some(page.expires_in);
        let line = cookies::write(cookies::SESSION, page.token.expose(), max_age);
        self.cookies.insert(cookies::SESSION, line);
        Ok(())
    }

    /// Signs the browser in to a session.
    pub(crate) fn sign_in(&mut self, session: &Session) -> Result<(), Problem> {
        self.remember(session)?;
        self.give_new_secret();
        Ok(())
    }

    /// Lets the browser forget its session.
    pub(crate) fn sign_out(&mut self) {
        self.cookies.insert(cookies::SESSION, cookies::clear(cookies::SESSION));
        self.give_new_secret();
    }

    /// Ties a flow with a provider to this browser. One that was begun before in it can end no more.
    pub(crate) fn bind(&mut self, state: &OneTimeToken, next: Place) {
        let lifetime = self.app.auth.policy().oauth.state_for.num_seconds();
        let value = Binding::value(state, next);
        self.cookies.insert(cookies::PROVIDER, cookies::write(cookies::PROVIDER, &value, Some(lifetime)));
    }

    /// Where the user wanted to go who went to a provider.
    pub(crate) fn bound_for(&self) -> Place {
        self.binding().map_or(Place::Sessions, |binding| binding.next)
    }

    /// Makes sure that this browser has begun the flow that it brings back, and lets it do so once.
    ///
    /// # Errors
    /// 400 where another browser has begun it. The flow that this one has begun, if any, goes on: else any site
    /// could break it off.
    pub(crate) fn unbind(&mut self) -> Result<(), Problem> {
        let state = self.query("state").unwrap_or_default();
        if !self.binding().is_some_and(|binding| binding.is_of(&state)) {
            tracing::info!("a callback was not believed: this browser has not begun its flow");
            return Err(Problem::bad_request("INVALID_STATE", "Invalid state parameter"));
        }
        self.cookies.insert(cookies::PROVIDER, cookies::clear(cookies::PROVIDER));
        Ok(())
    }

    fn binding(&self) -> Option<Binding> {
        cookies::read(self.incoming.request().headers(), cookies::PROVIDER).and_then(Binding::parse)
    }

    /// A form that was open before the user changed must not work after.
    fn give_new_secret(&mut self) {
        self.given = self.app.auth.new_form_token();
        self.cookies.insert(cookies::FORM, cookies::write(cookies::FORM, &self.given, None));
    }

    /// The page of a template.
    pub(crate) fn page(&self, status: StatusCode, template: &str, values: Value) -> PageAnswer {
        let values = context! { form_token => &self.given, ..values };
        let html = self.pages.render(template, values)?;
        let mut response = HttpResponseBuilder::new(status);
        response.content_type("text/html; charset=utf-8").insert_header((CONTENT_SECURITY_POLICY, POLICY));
        Ok(self.with_cookies(response).body(html))
    }

    /// A page that is simply shown.
    pub(crate) fn show(&self, template: &str, values: Value) -> PageAnswer {
        self.page(StatusCode::OK, template, values)
    }

    /// The page of a form that was refused, with what was typed and what is wrong with it.
    pub(crate) fn again(&self, template: &str, form: &Form, problem: &Problem, values: Value) -> PageAnswer {
        let refusal = Refusal::of(problem, self.app.auth.now());
        self.refused(template, problem, refusal, context! { typed => form.typed(), ..values })
    }

    /// A page that says first what was refused.
    pub(crate) fn refused(
        &self,
        template: &str,
        problem: &Problem,
        refusal: Refusal,
        values: Value,
    ) -> PageAnswer {
        problem.log_failure();
        let now = self.app.auth.now();
        let values = context! { refusal => refusal.into_value(), ..values };
        let mut response = self.page(problem.status, template, values)?;
        problem.describe(response.headers_mut(), now);
        Ok(response)
    }

    /// The way to another address of the service, for the browser to ask for by GET.
    pub(crate) fn go(&self, path: impl Into<String>) -> HttpResponse {
        let mut response = HttpResponse::SeeOther();
        response.insert_header((LOCATION, path.into()));
        self.with_cookies(response).finish()
    }

    fn with_cookies(&self, mut response: HttpResponseBuilder) -> HttpResponseBuilder {
        for cookie in self.cookies.values() {
            response.append_header((SET_COOKIE, cookie.as_str()));
        }
        response
    }
}
