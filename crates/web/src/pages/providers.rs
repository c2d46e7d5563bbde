use actix_web::web;
use archon_app::{BegunOauth, RedirectTarget};
use archon_domain::Session;

use super::PageAnswer;
use super::place::Place;
use super::refusal::Refusal;
use super::sign_in::values;
use super::visit::Visit;
use crate::charged::{begin_oauth, finish_oauth};
use crate::problem::Problem;

/// Sends the browser to a provider. Only from a page of ours: elsewhere nobody begins what the user did not ask
/// for, and the page to sign in is shown instead.
pub(crate) async fn begin_sign_in(mut visit: Visit, path: web::Path<String>) -> PageAnswer {
    let provider = visit.listed(path)?;
    let next = Place::after_sign_in(&visit.query("next").unwrap_or_default());
    if visit.is_from_elsewhere() {
        return Ok(visit.go(Place::SignIn.before(next)));
    }
    if visit.has_session() {
        return Ok(visit.go(next.path()));
    }
    match begin(&visit, &provider).await {
        Ok(begun) => {
            visit.bind(&begun.state, next);
            Ok(visit.go(begun.authorization_url))
        }
        Err(problem) => refused(&visit, &provider, &problem, next),
    }
}

async fn begin(visit: &Visit, provider: &str) -> Result<BegunOauth, Problem> {
    let redirect = visit.address_of(&format!("/auth/pages/oauth/{provider}/callback"));
    begin_oauth(&visit.app, &visit.incoming, provider.to_owned(), RedirectTarget::Own(redirect)).await
}

/// Signs in whom a provider has sent back to this browser.
pub(crate) async fn finish_sign_in(mut visit: Visit, path: web::Path<String>) -> PageAnswer {
    let provider = visit.listed(path)?;
    let next = visit.bound_for();
    match finish(&mut visit, &provider).await {
        Ok(session) => {
            visit.sign_in(&session)?;
            Ok(visit.go(next.path()))
        }
        Err(problem) => refused(&visit, &provider, &problem, next),
    }
}

async fn finish(visit: &mut Visit, provider: &str) -> Result<Session, Problem> {
    visit.unbind()?;
    let brought_back = visit.incoming.query(&visit.app)?;
    Ok(finish_oauth(&visit.app, &visit.incoming, provider.to_owned(), brought_back).await?.session)
}

fn refused(visit: &Visit, provider: &str, problem: &Problem, next: Place) -> PageAnswer {
    let refusal = Refusal::by(visit.name_of(provider), problem, visit.app.auth.now());
    // Who signs in as usual is to link the provider next.
    let next = if problem.code == "ACCOUNT_EXISTS" { Place::Identities } else { next };
    visit.refused("sign-in.html", problem, refusal, values(visit, next))
}
