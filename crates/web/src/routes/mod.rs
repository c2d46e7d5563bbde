//! Which path does what, in one table.

mod account;
pub(crate) mod admin;
mod console;
mod docs;
mod email;
mod health;
mod identities;
mod keys;
mod log_in;
mod oauth;
mod password;
mod sessions;

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::{FromRequest, Handler, HttpResponse, Resource, Responder, Route, web};
use archon_domain::Bucket;

use crate::WebState;
use crate::answer::Answer;
use crate::charged::CONFIRMATIONS;
use crate::pages;
use crate::problem::Problem;

pub(crate) use account::{__path_delete, __path_export, __path_profile, __path_register, __path_update};
pub(crate) use docs::{__path_document, __path_page, OpenApiDocument};
pub(crate) use email::{__path_resend, __path_verify};
pub(crate) use health::{__path_health, __path_live, __path_ready};
pub(crate) use identities::{__path_begin_link, __path_identities, __path_link, __path_unlink};
pub(crate) use keys::__path_jwks;
pub(crate) use log_in::{__path_log_in, __path_log_out, __path_refresh};
pub(crate) use oauth::{__path_authorize, __path_callback, __path_providers};
pub(crate) use password::{__path_change, __path_confirm_reset, __path_reset};
pub(crate) use sessions::{__path_end, __path_end_others, __path_list};

/// One path and what its methods do.
struct Endpoint {
    path: &'static str,
    bucket: Option<Bucket>,
    methods: Vec<&'static str>,
    routes: Vec<Route>,
}

/// Every path of the service. The bucket says whose budget the path draws on; `None` is never limited.
fn endpoints() -> impl Iterator<Item = Endpoint> {
    api().into_iter().chain(admin::endpoints()).chain(people()).chain(console::endpoints())
}

/// The paths that programs call.
fn api() -> Vec<Endpoint> {
    let (default, oauth) = (Some(Bucket::Default), Some(Bucket::Oauth));
    vec![
        Endpoint::new("/auth/register", Some(Bucket::Register)).post(account::register),
        Endpoint::new("/auth/login", Some(Bucket::Login)).post(log_in::log_in),
        Endpoint::new("/auth/refresh", Some(Bucket::Refresh)).post(log_in::refresh),
        Endpoint::new("/auth/logout", default).post(log_in::log_out),
        Endpoint::new("/auth/me", default)
            .get(account::profile)
            .patch(account::update)
            .delete(account::delete),
        Endpoint::new("/auth/me/export", default).get(account::export),
        Endpoint::new("/auth/sessions", default).get(sessions::list).delete(sessions::end_others),
        Endpoint::new("/auth/sessions/{session_id}", default).delete(sessions::end),
        Endpoint::new("/auth/password", default).put(password::change),
        Endpoint::new("/auth/password/reset", Some(Bucket::PasswordReset)).post(password::reset),
        Endpoint::new("/auth/password/reset/confirm", Some(CONFIRMATIONS)).post(password::confirm_reset),
        Endpoint::new("/auth/email/verify", default).post(email::verify),
        Endpoint::new("/auth/email/verify/resend", Some(Bucket::EmailResend)).post(email::resend),
        Endpoint::new("/auth/oauth/providers", default).get(oauth::providers),
        Endpoint::new("/auth/oauth/{provider}/authorize", oauth).get(oauth::authorize),
        Endpoint::new("/auth/oauth/{provider}/callback", oauth).get(oauth::callback),
        Endpoint::new("/auth/me/identities", default).get(identities::identities),
        Endpoint::new("/auth/me/identities/{provider}", default).delete(identities::unlink),
        Endpoint::new("/auth/me/identities/{provider}/authorize", oauth).post(identities::begin_link),
        Endpoint::new("/auth/me/identities/{provider}/callback", oauth).post(identities::link),
        Endpoint::new("/auth/health", None).get(health::health),
        Endpoint::new("/auth/health/live", None).get(health::live),
        Endpoint::new("/auth/health/ready", None).get(health::ready),
        Endpoint::new("/.well-known/jwks.json", None).get(keys::jwks),
        Endpoint::new("/auth/openapi.json", default).get(docs::document),
        Endpoint::new("/auth/docs", default).get(docs::page),
        Endpoint::new("/auth/docs/{file}", default).get(docs::asset),
    ]
}

/// The pages that people see, and their files.
fn people() -> Vec<Endpoint> {
    let (default, oauth) = (Some(Bucket::Default), Some(Bucket::Oauth));
    vec![
        Endpoint::new("/auth/pages", default).get(pages::index),
        Endpoint::new("/auth/pages/", default).get(pages::index),
        Endpoint::new("/auth/pages/sign-in", Some(Bucket::Login))
            .get(pages::show_sign_in)
            .post(pages::sign_in),
        Endpoint::new("/auth/pages/sign-out", default).post(pages::sign_out),
        Endpoint::new("/auth/pages/register", Some(Bucket::Register))
            .get(pages::show_register)
            .post(pages::register),
        Endpoint::new("/auth/pages/forgot-password", Some(Bucket::PasswordReset))
            .get(pages::show_forgotten)
            .post(pages::forget),
        Endpoint::new("/auth/pages/reset-password", Some(CONFIRMATIONS))
            .get(pages::show_reset)
            .post(pages::reset),
        Endpoint::new("/auth/pages/verify-email", default).get(pages::show_verify).post(pages::verify),
        Endpoint::new("/auth/pages/resend-verification", Some(Bucket::EmailResend)).post(pages::resend),
        Endpoint::new("/auth/pages/sessions", default).get(pages::list),
        Endpoint::new("/auth/pages/sessions/end", default).post(pages::end_one),
        Endpoint::new("/auth/pages/sessions/end-others", default).post(pages::end_others),
        Endpoint::new("/auth/pages/change-password", default).get(pages::show_change).post(pages::change),
        Endpoint::new("/auth/pages/identities", default).get(pages::list_identities),
        Endpoint::new("/auth/pages/identities/link", oauth).post(pages::begin_link),
        Endpoint::new("/auth/pages/identities/unlink", default).post(pages::unlink),
        Endpoint::new("/auth/pages/identities/{provider}/callback", oauth).get(pages::finish_link),
        Endpoint::new("/auth/pages/oauth/{provider}", oauth).get(pages::begin_sign_in),
        Endpoint::new("/auth/pages/oauth/{provider}/callback", oauth).get(pages::finish_sign_in),
        Endpoint::new("/auth/pages/assets/{file}", default).get(pages::mark),
        Endpoint::new("/auth/pages/page.css", default).get(pages::style),
        Endpoint::new("/auth/pages/icon.svg", default).get(pages::icon),
    ]
}

static BUCKETS: LazyLock<HashMap<&'static str, Option<Bucket>>> =
    LazyLock::new(|| endpoints().map(|endpoint| (endpoint.path, endpoint.bucket)).collect());

/// Whose budget a path draws on; unknown paths draw on `default`, so that scanning them is limited.
pub(crate) fn bucket_of(pattern: Option<&str>) -> Option<Bucket> {
    pattern.and_then(|pattern| BUCKETS.get(pattern).copied()).unwrap_or(Some(Bucket::Default))
}

/// Every path with its methods, for the test that holds the OpenAPI document against it.
#[cfg(test)]
pub(crate) fn table() -> Vec<(&'static str, Vec<&'static str>)> {
    endpoints().map(|endpoint| (endpoint.path, endpoint.methods)).collect()
}

impl Endpoint {
    fn new(path: &'static str, bucket: Option<Bucket>) -> Self {
        Self { path, bucket, methods: Vec::new(), routes: Vec::new() }
    }

    fn on<F, Args>(mut self, method: &'static str, route: Route, handler: F) -> Self
    where
        F: Handler<Args>,
        Args: FromRequest + 'static,
        F::Output: Responder + 'static,
    {
        self.methods.push(method);
        self.routes.push(route.to(handler));
        self
    }

    /// The resource, which answers every other method with 405 and the methods that work.
    fn resource(self) -> Resource {
        let with_head = self.methods.iter().flat_map(|method| match *method {
            "GET" => vec!["GET", "HEAD"],
            other => vec![other],
        });
        let allow = with_head.collect::<Vec<_>>().join(", ");
        let refuse = move || {
            let problem = Problem::method_not_allowed(allow.clone());
            async move { Err::<HttpResponse, Problem>(problem) }
        };
        let resource = web::resource(self.path).default_service(web::to(refuse));
        self.routes.into_iter().fold(resource, Resource::route)
    }
}

macro_rules! methods {
    ($($name:ident = $word:literal),*) => {
        impl Endpoint {
            $(fn $name<F, Args>(self, handler: F) -> Self
            where
                F: Handler<Args>,
                Args: FromRequest + 'static,
                F::Output: Responder + 'static,
            {
                self.on($word, web::$name(), handler)
            })*
        }
    };
}

methods!(get = "GET", post = "POST", put = "PUT", patch = "PATCH", delete = "DELETE");

/// Adds every path to an application; those of the pages and of the console only where the service shows them.
pub(crate) fn configure(config: &mut web::ServiceConfig, state: &WebState) {
    for endpoint in endpoints().filter(|endpoint| state.shows(endpoint.path)) {
        config.service(endpoint.resource());
    }
    config.default_service(web::to(not_found));
}

async fn not_found() -> Answer {
    Err(Problem::not_found(
        "NOT_FOUND",
        "There is nothing at this path; GET /auth/openapi.json lists what there is",
    ))
}
