use utoipa::openapi::header::HeaderBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Header, RefOr, Required};
use utoipa::{Modify, OpenApi};

use crate::bodies::ProblemBody;
use crate::routes;

/// The OpenAPI 3.1 document of the service, made from the handlers' own types.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    Document::openapi()
}

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Archon Auth",
        description = "A self-hosted authentication service: accounts, log-in, rotating tokens, sessions.\n\n\
            Every error has the same envelope; with `Accept: application/problem+json` it comes as RFC 9457 says. \
            Limited routes carry `X-RateLimit-Limit`, `X-RateLimit-Remaining`, `X-RateLimit-Reset`, `RateLimit` and \
            `RateLimit-Policy`; 429 and 503 carry `Retry-After`.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    paths(
        routes::register, routes::profile, routes::update, routes::delete, routes::export,
        routes::log_in, routes::refresh, routes::log_out,
        routes::list, routes::end, routes::end_others,
        routes::change, routes::reset, routes::confirm_reset,
        routes::verify, routes::resend,
        routes::providers, routes::authorize, routes::callback,
        routes::identities, routes::begin_link, routes::link, routes::unlink,
        routes::admin::users::find_users, routes::admin::users::show_user, routes::admin::users::disable_user,
        routes::admin::users::enable_user, routes::admin::users::unlock_user, routes::admin::users::set_roles,
        routes::admin::users::delete_user,
        routes::admin::sessions::user_sessions, routes::admin::sessions::end_user_sessions,
        routes::admin::sessions::end_user_session,
        routes::admin::events::find_events,
        routes::admin::alerts::find_alerts, routes::admin::alerts::show_alert, routes::admin::alerts::failed_notices,
        routes::admin::alerts::retry_notice, routes::admin::alerts::retry_notices,
        routes::admin::blocked_addresses::blocked_addresses, routes::admin::blocked_addresses::block_address,
        routes::admin::blocked_addresses::lift_block,
        routes::admin::mail::mail_queue, routes::admin::mail::failed_mails, routes::admin::mail::retry_mail,
        routes::admin::mail::retry_mails,
        routes::admin::keys::list_keys, routes::admin::keys::rotate_keys,
        routes::health, routes::live, routes::ready,
        routes::jwks,
        routes::document, routes::page,
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "account", description = "Open, show, change, export and delete an account"),
        (name = "log-in", description = "Log in, go on, log out"),
        (name = "sessions", description = "Where the user is logged in"),
        (name = "password", description = "Change the password, or set a new one when it is forgotten"),
        (name = "e-mail", description = "Prove that an address is the user's"),
        (name = "providers", description = "Log in with a provider, and link providers to an account"),
        (name = "administration", description = "Look after users, events, mails and keys, as an administrator"),
        (name = "keys", description = "Verify tokens elsewhere"),
        (name = "health", description = "How the service is"),
        (name = "documentation", description = "This document"),
    ),
    modifiers(&Bearer, &OptionalBodies, &Headers),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.bearer_format = Some("JWT".to_owned());
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

struct OptionalBodies;

impl Modify for OptionalBodies {
    /// utoipa describes an optional body as one that may be null; ours may be absent, and is an object else.
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let deletion = document.paths.paths.get_mut("/auth/me").and_then(|item| item.delete.as_mut());
        if let Some(RefOr::T(body)) = deletion.and_then(|operation| operation.request_body.as_mut()) {
            body.required = Some(Required::False);
        }
    }
}

struct Headers;

impl Modify for Headers {
    /// Every response says which request it answers, those of limited routes how the budget stands, and
    /// those that ask for patience for how long.
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        for (path, item) in &mut document.paths.paths {
            let limited = routes::bucket_of(Some(path)).is_some();
            let operations =
                [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete];
            for operation in operations.into_iter().flatten() {
                for (status, response) in &mut operation.responses.responses {
                    if let RefOr::T(response) = response {
                        let headers = headers_of(limited, status).into_iter();
                        response.headers.extend(headers.map(|(name, header)| (name, RefOr::T(header))));
                    }
                }
            }
        }
    }
}

fn headers_of(limited: bool, status: &str) -> Vec<(String, Header)> {
    let text = |name: &str, description: &str| header(name, Type::String, description);
    let number = |name: &str, description: &str| header(name, Type::Integer, description);
    let mut headers = vec![text("X-Request-ID", "The request's id, as in the log and in errors")];
    if limited {
        headers.extend([
            number("X-RateLimit-Limit", "Requests per window"),
            number("X-RateLimit-Remaining", "Requests left now"),
            number("X-RateLimit-Reset", "When the whole budget is there again, in seconds since 1970"),
            text("RateLimit", "The same as draft-ietf-httpapi-ratelimit-headers-10 says"),
            text("RateLimit-Policy", "The quota as that draft says"),
        ]);
    }
    match status {
        "401" => headers.push(text("WWW-Authenticate", "What is missing or wrong (RFC 6750)")),
        "429" | "502" | "503" => headers.push(number("Retry-After", "Seconds to wait before the next try")),
        _ => {}
    }
    headers
}

fn header(name: &str, kind: Type, description: &str) -> (String, Header) {
    let schema = ObjectBuilder::new().schema_type(kind).build();
    (name.to_owned(), HeaderBuilder::new().schema(Some(schema)).description(Some(description)).build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_document_lists_exactly_the_paths_and_methods_that_are_served() {
        let document: serde_json::Value = serde_json::to_value(openapi()).unwrap();
        let mut documented = BTreeSet::new();
        for (path, item) in document["paths"].as_object().unwrap() {
            for method in item.as_object().unwrap().keys() {
                documented.insert((path.clone(), method.to_uppercase()));
            }
        }
        let served: BTreeSet<_> = routes::table()
            .into_iter()
            // Pages for people, and the files they are made of, are no part of the API.
            .filter(|(path, _)| {
                *path != "/auth/docs/{file}"
                    && !crate::pages::is_page(path)
                    && !crate::console::is_console(path)
            })
            .flat_map(|(path, methods)| {
                methods.into_iter().map(move |method| (path.to_owned(), method.to_owned()))
            })
            .collect();
        assert_eq!(documented, served);
    }

    #[test]
    fn the_document_is_openapi_3_1() {
        let document = serde_json::to_value(openapi()).unwrap();
        assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    }
}
