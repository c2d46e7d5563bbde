use actix_web::web;
use archon_app::{BegunOauth, Caller, RedirectTarget, UnlinkError};
use archon_domain::{Bucket, LinkedIdentity, Profile};
use minijinja::{Value, context};

use super::PageAnswer;
use super::assets::mark_of;
use super::done::Done;
use super::place::Place;
use super::refusal::Refusal;
use super::visit::{Detour, Visit};
use super::words::date;
use crate::charged::finish_linking;
use crate::problem::Problem;

const TEMPLATE: &str = "identities.html";

/// The news that the list can be shown with.
const NEWS: [Done; 2] = [Done::ProviderLinked, Done::ProviderUnlinked];

/// The ways in which the user can log in.
pub(crate) async fn list_identities(mut visit: Visit) -> PageAnswer {
    let (caller, profile) = visit.user(Place::Identities).await?;
    let done = visit.done(&NEWS).map(Done::sentence);
    let values = values(&visit, &caller, &profile).await?;
    visit.show(TEMPLATE, context! { done, ..values })
}

/// Leads the browser to a provider, to link it.
pub(crate) async fn begin_link(mut visit: Visit) -> PageAnswer {
    let provider = visit.form(Place::Identities).await?.take("provider");
    let (caller, profile) = visit.user(Place::Identities).await?;
    if profile.email_verified_at.is_none() {
        // The page says so, and has no such button.
        return Ok(visit.go(Place::Identities.path()));
    }
    match begin(&visit, &caller, &provider).await {
        Ok(begun) => {
            visit.bind(&begun.state, Place::Identities);
            let name = visit.name_of(&provider);
            visit.show("leave.html", context! { provider => name, url => begun.authorization_url })
        }
        Err(problem) => refused(&visit, &caller, &profile, &provider, &problem).await,
    }
}

async fn begin(visit: &Visit, caller: &Caller, provider: &str) -> Result<BegunOauth, Problem> {
    visit.incoming.charge_client(&visit.app, Bucket::Oauth).await?;
    let address = visit.address_of(&format!("/auth/pages/identities/{provider}/callback"));
    let (caller, provider) = (caller.clone(), provider.to_owned());
    let own = RedirectTarget::Own(address);
    visit.app.complete(|auth| async move { auth.begin_linking(&caller, provider, own).await }).await
}

/// Links the identity that the browser brings back from a provider.
pub(crate) async fn finish_link(mut visit: Visit, path: web::Path<String>) -> PageAnswer {
    let provider = visit.listed(path)?;
    let (caller, profile) = visit.user(Place::Identities).await?;
    match finish(&mut visit, caller.clone(), &provider).await {
        Ok(_) => Ok(visit.go(Place::Identities.after(Done::ProviderLinked))),
        Err(problem) => refused(&visit, &caller, &profile, &provider, &problem).await,
    }
}

async fn finish(visit: &mut Visit, caller: Caller, provider: &str) -> Result<LinkedIdentity, Problem> {
    visit.unbind()?;
    let brought_back = visit.incoming.query(&visit.app)?;
    finish_linking(&visit.app, &visit.incoming, caller, provider.to_owned(), brought_back).await
}

/// Unlinks a provider. One that is not linked is unlinked already, whoever did it.
pub(crate) async fn unlink(mut visit: Visit) -> PageAnswer {
    let provider = visit.form(Place::Identities).await?.take("provider");
    let (caller, profile) = visit.user(Place::Identities).await?;
    let (user, name) = (caller.clone(), provider.clone());
    let unlink = visit.app.complete(|auth| async move {
        match auth.unlink_provider(&user, &name).await {
            Ok(()) | Err(UnlinkError::NotLinked) => Ok(()),
            Err(error) => Err(Problem::from(error)),
        }
    });
    match unlink.await {
        Ok(()) => Ok(visit.go(Place::Identities.after(Done::ProviderUnlinked))),
        Err(problem) => refused(&visit, &caller, &profile, &provider, &problem).await,
    }
}

async fn refused(
    visit: &Visit,
    caller: &Caller,
    profile: &Profile,
    provider: &str,
    problem: &Problem,
) -> PageAnswer {
    let refusal = Refusal::by(visit.name_of(provider), problem, visit.app.auth.now());
    visit.refused(TEMPLATE, problem, refusal, values(visit, caller, profile).await?)
}

/// What the page shows: the password, what is linked, and what could be.
async fn values(visit: &Visit, caller: &Caller, profile: &Profile) -> Result<Value, Detour> {
    let auth = &visit.app.auth;
    let identities = auth.identities(caller).await.map_err(Problem::from)?;
    let has_password = auth.has_password(caller).await.map_err(Problem::from)?;
    let mut names: Vec<&str> = visit.providers().iter().map(|provider| &*provider.name).collect();
    for identity in &identities {
        if !names.contains(&&*identity.provider) {
            names.push(&identity.provider);
        }
    }
    let providers: Vec<Value> = names.iter().map(|name| row(visit, name, &identities)).collect();
    Ok(context! {
        providers,
        has_password,
        email => profile.email.as_typed(),
        verified => profile.email_verified_at.is_some(),
    })
}

/// A provider with who the user is there.
fn row(visit: &Visit, provider: &str, identities: &[LinkedIdentity]) -> Value {
    let identity = |identity: &LinkedIdentity| {
        context! {
            email => &identity.email,
            since => date(identity.created_at),
            since_at => identity.created_at.to_rfc3339(),
        }
    };
    let here = identities.iter().filter(|identity| identity.provider == provider);
    context! {
        name => provider,
        display_name => visit.name_of(provider),
        mark => mark_of(provider),
        identities => here.map(identity).collect::<Vec<_>>(),
    }
}
