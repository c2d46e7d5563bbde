use std::sync::LazyLock;

use actix_cors::Cors;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Condition, from_fn};
use actix_web::{App, Error, web};

use crate::WebState;
use crate::middleware::{envelope, head_as_get, rate_headers};
use crate::openapi::openapi;
use crate::routes::{OpenApiDocument, configure};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi().to_json().unwrap_or_default());

/// The whole HTTP application: paths, middleware, state.
#[must_use]
pub fn server_app(
    state: web::Data<WebState>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    let origins = &state.policy.allowed_origins;
    let document = web::Data::new(OpenApiDocument(&DOCUMENT));
    let cors = Condition::new(!origins.is_empty(), cors(origins));
    App::new()
        .configure(|config| configure(config, &state))
        .app_data(state)
        .app_data(document)
        .wrap(from_fn(rate_headers))
        .wrap(from_fn(head_as_get))
        .wrap(cors)
        .wrap(from_fn(envelope))
}

fn cors(origins: &[String]) -> Cors {
    let exposed = [
        "x-request-id",
        "retry-after",
        "ratelimit",
        "ratelimit-policy",
        "x-ratelimit-limit",
        "x-ratelimit-remaining",
        "x-ratelimit-reset",
        "www-authenticate",
    ];
    let cors = Cors::default()
        .allowed_methods(["GET", "POST", "PUT", "PATCH", "DELETE"])
        .allowed_headers(["authorization", "content-type", "x-request-id"])
        .expose_headers(exposed)
        .max_age(600);
    origins.iter().fold(cors, |cors, origin| cors.allowed_origin(origin))
}
