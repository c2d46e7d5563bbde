use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, web};
use archon_domain::{Bucket, ClientNetwork, Instant, RateDecision, RateKey};

use crate::WebState;
use crate::incoming::{Charged, ProvedUser, client_of};
use crate::problem::Problem;
use crate::routes::bucket_of;

/// Charges requests that no handler has charged (refused ones, and those of routes open to all) to their
/// client's `default` budget, and tells every client how its budget stands.
pub(crate) async fn rate_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let bucket = bucket_of(request.match_pattern().as_deref());
    let response = next.call(request).await?.map_into_boxed_body();
    let Some(bucket) = bucket else { return Ok(response) };
    let request = response.request().clone();
    let state = request.app_data::<web::Data<WebState>>().cloned();
    let Some(state) = state else { return Ok(response) };
    let charged = request.extensions().get::<Charged>().copied();
    let (mut response, standing) = match charged {
        Some(Charged(standing)) => (response, standing),
        None => charge_late(&state, &request, response, bucket).await,
    };
    if let Some((bucket, decision)) = standing {
        tell(response.headers_mut(), bucket, &decision, state.auth.now());
    }
    Ok(response)
}

/// Charges a request that has been answered already: harmless, since such answers changed nothing. Returns
/// the answer, and the budget to tell of: the route's, or `default` where that is used up.
async fn charge_late(
    state: &WebState,
    request: &HttpRequest,
    response: ServiceResponse,
    bucket: Bucket,
) -> (ServiceResponse, Option<(Bucket, RateDecision)>) {
    let client = client_of(request);
    let address = client.address;
    let network = RateKey::Network(ClientNetwork::of(address));
    let charged = match state.limits.take(Bucket::Default, &network, address).await {
        Ok(decision) => decision,
        Err(fault) => return (response.error_response(Problem::from(fault)), None),
    };
    if let Some(refused) = charged.filter(|decision| !decision.allowed) {
        state.auth.record_refusal_by_limit(Bucket::Default, &network, &refused, &client).await;
        let response = response.error_response(Problem::rate_limited(&refused));
        return (response, Some((Bucket::Default, refused)));
    }
    if bucket == Bucket::Default {
        return (response, charged.map(|decision| (bucket, decision)));
    }
    let user = request.extensions().get::<ProvedUser>().copied();
    let key = user.filter(|_| bucket == Bucket::EmailResend).map_or(network, |user| RateKey::User(user.0));
    let standing = state.limits.peek(bucket, &key, address).await.unwrap_or_default();
    (response, standing.map(|decision| (bucket, decision)))
}

/// `X-RateLimit-*`, and the fields of draft-ietf-httpapi-ratelimit-headers-10.
fn tell(headers: &mut HeaderMap, bucket: Bucket, decision: &RateDecision, now: Instant) {
    let quota = decision.quota;
    let name = bucket.as_str();
    let resets_at = ceil_seconds(decision.resets_at);
    let resets_in = (resets_at - now.timestamp()).max(0);
    let fields = [
        ("x-ratelimit-limit", quota.limit.to_string()),
        ("x-ratelimit-remaining", decision.remaining.to_string()),
        ("x-ratelimit-reset", resets_at.to_string()),
        ("ratelimit-policy", format!("\"{name}\";q={};w={}", quota.limit, quota.window.num_seconds())),
        ("ratelimit", format!("\"{name}\";r={};t={resets_in}", decision.remaining)),
    ];
    for (field, value) in fields {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(HeaderName::from_static(field), value);
        }
    }
}

/// The first whole second at or after an instant.
fn ceil_seconds(at: Instant) -> i64 {
    at.timestamp() + i64::from(at.timestamp_subsec_nanos() > 0)
}
