//! Use cases with what they are charged to: the same on the pages as on the API.

use archon_app::{
    BeginOauth, BegunOauth, Caller, LogIn, LoggedIn, ProviderCallback, RedirectTarget, Register, Registered,
    RequestPasswordReset, ResetPassword,
};
use archon_domain::{Bucket, LinkedIdentity, OauthPurpose, User};

use crate::WebState;
use crate::bodies::{CallbackBody, LogInBody, RegisterBody, ResetConfirmBody, ResetRequestBody};
use crate::incoming::Incoming;
use crate::problem::Problem;

/// The budget that confirmations draw on. A token of 256 random bits needs no limit to its guessing. But who has
/// one of their own can confirm it with their latest passwords for as long as it works, and have the service hash
/// up to six times for each refusal: of every client's free hashes, log-ins' budget is the measure.
pub(crate) const CONFIRMATIONS: Bucket = Bucket::Login;

/// Opens an account on the budget of the client.
pub(crate) async fn open_account(
    app: &WebState,
    incoming: &Incoming,
    body: RegisterBody,
) -> Result<Registered, Problem> {
    incoming.charge_client(app, Bucket::Register).await?;
    app.auth.admit_client(&incoming.client())?;
    let RegisterBody { email, password, name, metadata } = body;
    let command = Register { email, password, name, metadata, client: incoming.client() };
    app.complete(|auth| async move { auth.register(command).await }).await
}

/// Logs in on the budget of the client.
pub(crate) async fn open_session(
    app: &WebState,
    incoming: &Incoming,
    body: LogInBody,
) -> Result<LoggedIn, Problem> {
    incoming.charge_client(app, Bucket::Login).await?;
    let LogInBody { email, password, remember_me } = body;
    let command = LogIn { email, password, remember_me, client: incoming.client() };
    app.complete(|auth| async move { auth.log_in(command).await }).await
}

/// Asks for a reset on the budgets of the client and of the address.
pub(crate) async fn ask_for_reset(
    app: &WebState,
    incoming: &Incoming,
    body: ResetRequestBody,
) -> Result<(), Problem> {
    incoming.charge_client(app, Bucket::PasswordReset).await?;
    app.auth.admit_client(&incoming.client())?;
    incoming.charge_target(app, Bucket::PasswordReset, &body.email).await?;
    let command = RequestPasswordReset { email: body.email, client: incoming.client() };
    app.complete(|auth| async move { auth.request_password_reset(command).await }).await
}

/// Sets a new password by a token.
pub(crate) async fn complete_reset(
    app: &WebState,
    incoming: &Incoming,
    body: ResetConfirmBody,
) -> Result<User, Problem> {
    incoming.charge_client(app, CONFIRMATIONS).await?;
    let ResetConfirmBody { token, new_password } = body;
    let command = ResetPassword { token, new: new_password, client: incoming.client() };
    app.complete(|auth| async move { auth.reset_password(command).await }).await
}

/// Begins a log-in with a provider on the budget of the client.
pub(crate) async fn begin_oauth(
    app: &WebState,
    incoming: &Incoming,
    provider: String,
    redirect: RedirectTarget,
) -> Result<BegunOauth, Problem> {
    incoming.charge_client(app, Bucket::Oauth).await?;
    let client = incoming.client();
    app.auth.admit_client(&client)?;
    let command = BeginOauth { provider, redirect, purpose: OauthPurpose::LogIn, client };
    app.complete(|auth| async move { auth.begin_oauth(command).await }).await
}

/// Logs in with what a provider has sent back, on the budget of the client.
pub(crate) async fn finish_oauth(
    app: &WebState,
    incoming: &Incoming,
    provider: String,
    body: CallbackBody,
) -> Result<LoggedIn, Problem> {
    let callback = received(app, incoming, provider, body).await?;
    app.complete(|auth| async move { auth.log_in_with_provider(callback).await }).await
}

/// Links a provider by what it has sent back, on the budget of the client.
pub(crate) async fn finish_linking(
    app: &WebState,
    incoming: &Incoming,
    caller: Caller,
    provider: String,
    body: CallbackBody,
) -> Result<LinkedIdentity, Problem> {
    let callback = received(app, incoming, provider, body).await?;
    app.complete(|auth| async move { auth.link_provider(&caller, callback).await }).await
}

async fn received(
    app: &WebState,
    incoming: &Incoming,
    provider: String,
    body: CallbackBody,
) -> Result<ProviderCallback, Problem> {
    incoming.charge_client(app, Bucket::Oauth).await?;
    let (state, client) = (body.state.clone(), incoming.client());
    Ok(ProviderCallback { provider, state, outcome: body.outcome(), client })
}
