use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use archon_app::VerifyEmailError;
use archon_domain::{Bucket, OneTimeToken};
use serde::Deserialize;

use super::page;
use crate::WebState;
use crate::answer::Answer;
use crate::incoming::Incoming;
use crate::problem::Problem;

/// The token of a verification link, in the query and in the form.
#[derive(Deserialize)]
pub(crate) struct Link {
    #[serde(default)]
    token: String,
}

/// Asks whether the address is to be verified.
pub(crate) async fn show(link: web::Query<Link>) -> Answer {
    // A token that parses holds URL-safe characters only, and so needs no escaping.
    let Some(token) = OneTimeToken::parse(&link.token) else { return Ok(invalid()) };
    let form = format!(
        "<p>Press the button to confirm that this e-mail address is yours.</p>\
         <form method=\"post\" action=\"/auth/pages/verify-email\">\
         <input type=\"hidden\" name=\"token\" value=\"{}\">\
         <button>Confirm my e-mail address</button></form>",
        token.expose()
    );
    Ok(page(StatusCode::OK, "Confirm your e-mail address", &form))
}

/// Verifies the address.
pub(crate) async fn confirm(app: web::Data<WebState>, request: HttpRequest, link: web::Form<Link>) -> Answer {
    let incoming = Incoming::without_body(&request);
    incoming.charge_client(&app, Bucket::Default).await?;
    let (client, token) = (incoming.client(), link.into_inner().token);
    let verified = app.complete(|auth| async move {
        match auth.verify_email(&token, &client).await {
            Ok(_) => Ok(true),
            Err(VerifyEmailError::InvalidToken) => Ok(false),
            Err(VerifyEmailError::Fault(fault)) => Err(Problem::from(fault)),
        }
    });
    Ok(if verified.await? {
        page(StatusCode::OK, "Your e-mail address is confirmed", "<p>You can close this page.</p>")
    } else {
        invalid()
    })
}

fn invalid() -> HttpResponse {
    let way_out = "<p>The link was used before, is too old or is not complete. If your address is not \
                   confirmed yet, ask for a new mail in the application you registered with.</p>";
    page(StatusCode::BAD_REQUEST, "This link does not work", way_out)
}
