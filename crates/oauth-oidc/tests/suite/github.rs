//! GitHub, by the shapes of its documented answers ("Authorizing OAuth apps", "Get the authenticated user", "List
//! email addresses for the authenticated user", "Rate limits for the REST API").

use std::collections::BTreeMap;

use archon_domain::ports::IdentityProvider as _;
use archon_domain::{
    AuthorizationResponse, ExternalIdentity, ProviderError, ProviderFault, ProviderStep, Span,
};
use archon_oauth_oidc::{GithubProvider, GithubSettings};
use openidconnect::url::{Url, form_urlencoded};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::stub::{Reply, Stub};
use crate::support::{CLIENT_ID, CLIENT_SECRET, REDIRECT_URI, callback, credentials, flow, http, now, state};

const TOKEN: &str = "/login/oauth/access_token";

/// A stand-in for github.com and api.github.com.
struct Github {
    stub: Stub,
    provider: GithubProvider,
}

impl Github {
    async fn start() -> Self {
        let stub = Stub::start().await;
        let mut settings = GithubSettings::new(credentials());
        settings.web_url = stub.url.clone();
        settings.api_url = format!("{}/", stub.url);
        stub.always(
            TOKEN,
            Reply::json(&json!({
                "access_token": "gho_16C7e42F292c6912E7710c838347Ae178B4a",
                "scope": "user:email",
                "token_type": "bearer",
            })),
        );
        let github = Self { provider: GithubProvider::new(settings, http()).unwrap(), stub };
        github.profile(json!(null), json!("monalisa octocat"));
        github.addresses(json!([{
            "email": "octocat@github.com", "verified": true, "primary": true, "visibility": "public",
        }]));
        github
    }

    /// What `GET /user` answers.
    fn profile(&self, email: Value, name: Value) {
        let user = json!({
            "login": "octocat", "id": 583231, "node_id": "MDQ6VXNlcjU4MzIzMQ==",
            "avatar_url": "https://avatars.githubusercontent.com/u/583231", "gravatar_id": "",
            "url": "https://api.github.com/users/octocat", "html_url": "https://github.com/octocat",
            "type": "User", "user_view_type": "public", "site_admin": false,
            "name": name, "company": null, "blog": "", "location": null, "email": email, "hireable": null,
            "bio": null, "twitter_username": null, "notification_email": null,
            "public_repos": 8, "public_gists": 8, "followers": 20, "following": 0,
            "created_at": "2011-01-25T18:44:36Z", "updated_at": "2026-10-22T11:05:12Z",
        });
        self.stub.always("/user", Reply::json(&user));
    }

    /// What `GET /user/emails` answers.
    fn addresses(&self, addresses: Value) {
        self.stub.always("/user/emails", Reply::json(&addresses));
    }

    async fn identify(&self) -> Result<ExternalIdentity, ProviderError> {
        self.provider.identify(&flow(), &callback(), now()).await
    }

    /// The address that is found and whether GitHub vouches for it.
    async fn address(&self) -> (Option<String>, bool) {
        let identity = self.identify().await.unwrap();
        (identity.email.map(|email| email.as_typed().to_owned()), identity.email_verified)
    }
}

fn some(address: &str) -> Option<String> {
    Some(address.to_owned())
}

#[tokio::test]
async fn the_way_to_github_has_the_challenge_and_no_nonce() {
    let github = Github::start().await;
    let url = github.provider.authorization_url(&flow(), &state(), now()).await.unwrap();
    let url = Url::parse(&url).unwrap();
    assert_eq!(url.path(), "/login/oauth/authorize");
    let pairs: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs["scope"], "user:email");
    assert_eq!(pairs["code_challenge"], flow().pkce_challenge());
    assert!(!pairs.contains_key("nonce"));
    assert_eq!(github.stub.visits(), 0);
}

#[tokio::test]
async fn the_user_is_known_by_number_and_asked_for_as_documented() {
    let github = Github::start().await;
    let identity = github.identify().await.unwrap();
    assert_eq!((identity.provider.as_str(), identity.subject.as_str()), ("github", "583231"));
    assert_eq!(identity.name.unwrap().as_str(), "monalisa octocat");

    let exchange = github.stub.requests(TOKEN).remove(0);
    let form: BTreeMap<String, String> =
        form_urlencoded::parse(exchange.body.as_bytes()).into_owned().collect();
    let expected = [
        ("client_id", CLIENT_ID),
        ("client_secret", CLIENT_SECRET),
        ("code", "a-code"),
        ("redirect_uri", REDIRECT_URI),
        ("code_verifier", &flow().pkce_verifier),
    ];
    assert_eq!(form, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    assert_eq!(exchange.header("accept"), "application/json");
    for path in ["/user", "/user/emails"] {
        let request = github.stub.requests(path).remove(0);
        assert_eq!(request.header("authorization"), "Bearer gho_16C7e42F292c6912E7710c838347Ae178B4a");
        assert_eq!(request.header("accept"), "application/vnd.github+json");
        assert_eq!(request.header("x-github-api-version"), "2022-11-28");
        assert!(request.header("user-agent").starts_with("archon-auth/"));
    }

    github.profile(json!(null), json!(null));
    assert_eq!(github.identify().await.unwrap().name.unwrap().as_str(), "octocat");
}

#[tokio::test]
async fn a_private_address_is_found_among_the_addresses() {
    let github = Github::start().await;
    github.profile(json!(null), json!("Ada"));
    github.addresses(json!([
        {"email": "ada@example.com", "primary": true, "verified": true, "visibility": "private"},
        {"email": "583231+octocat@users.noreply.github.com", "primary": false, "verified": true, "visibility": null},
    ]));
    assert_eq!(github.address().await, (some("ada@example.com"), true));
}

#[tokio::test]
async fn of_several_addresses_the_primary_one_is_taken() {
    let github = Github::start().await;
    github.profile(json!("public@example.com"), json!("Ada"));
    github.addresses(json!([
        {"email": "public@example.com", "primary": false, "verified": true, "visibility": null},
        {"email": "old@example.com", "primary": false, "verified": false, "visibility": null},
        {"email": "ada@example.com", "primary": true, "verified": true, "visibility": "private"},
    ]));
    assert_eq!(github.address().await, (some("ada@example.com"), true));
}

#[tokio::test]
async fn an_address_that_is_not_verified_is_told_as_such() {
    let github = Github::start().await;
    github.profile(json!("ada@example.com"), json!("Ada"));
    github.addresses(json!([
        {"email": "ada@example.com", "primary": true, "verified": false, "visibility": "public"},
        {"email": "other@example.com", "primary": false, "verified": false, "visibility": null},
    ]));
    assert_eq!(github.address().await, (some("ada@example.com"), false));
}

#[tokio::test]
async fn a_user_without_an_address_that_takes_mail_has_none() {
    let github = Github::start().await;
    for addresses in [
        json!([]),
        json!([{"email": "1+a@users.noreply.github.com", "primary": true, "verified": true, "visibility": null}]),
    ] {
        github.addresses(addresses);
        assert_eq!(github.address().await, (None, false));
    }
}

/// GitHub answers 200 whatever is wrong with a code.
#[tokio::test]
async fn an_error_in_a_good_answer_is_an_error() {
    let github = Github::start().await;
    for (error, fault) in [
        ("bad_verification_code", ProviderFault::Refused),
        ("unverified_user_email", ProviderFault::Refused),
        ("incorrect_client_credentials", ProviderFault::Misconfigured),
        ("redirect_uri_mismatch", ProviderFault::Misconfigured),
        ("application_suspended", ProviderFault::Misconfigured),
        ("tell-tale", ProviderFault::Refused),
    ] {
        let body = json!({
            "error": error,
            "error_description": "tell-tale",
            "error_uri": "https://docs.github.com/apps/managing-oauth-apps/troubleshooting",
        });
        github.stub.always(TOKEN, Reply::json(&body));
        let found = github.identify().await.unwrap_err();
        assert_eq!((found.step(), found.fault()), (ProviderStep::TokenExchange, fault), "{error}");
        assert!(!found.to_string().contains("tell-tale"), "{found}");
    }
    github.stub.always(TOKEN, Reply::status(404, r#"{"error":"Not Found"}"#));
    assert_eq!(github.identify().await.unwrap_err().fault(), ProviderFault::Misconfigured);
    for (status, body) in [(200, "access_token=gho_x&token_type=bearer"), (200, "{}"), (422, "{}")] {
        github.stub.always(TOKEN, Reply::status(status, body));
        assert_eq!(github.identify().await.unwrap_err().fault(), ProviderFault::InvalidAnswer, "{body}");
    }
}

#[tokio::test]
async fn what_the_api_refuses_is_named() {
    for (path, status, fault) in [
        ("/user", 401, ProviderFault::Refused),
        ("/user", 403, ProviderFault::Misconfigured),
        ("/user/emails", 404, ProviderFault::Misconfigured),
        ("/user/emails", 418, ProviderFault::InvalidAnswer),
        ("/user/emails", 200, ProviderFault::InvalidAnswer),
    ] {
        let github = Github::start().await;
        let body =
            json!({"message": "Resource not accessible by integration", "documentation_url": "https://x"});
        github.stub.always(path, Reply::status(status, body.to_string()));
        let error = github.identify().await.unwrap_err();
        assert_eq!((error.step(), error.fault()), (ProviderStep::UserInfo, fault), "{path} {status}");
        assert!(error.to_string().contains(path), "{error}");
    }
}

/// A limit that is soon over is waited for, one that is not is told.
#[tokio::test(start_paused = true)]
async fn rate_limits_are_respected() {
    let message = json!({"message": "You have exceeded a secondary rate limit. Please wait a few minutes."});
    let limited = |status: u16| Reply::status(status, message.to_string());

    for status in [403, 429] {
        let github = Github::start().await;
        let reply = limited(status).with("retry-after", "2");
        let user = json!({"id": 1, "login": "octocat", "name": null, "email": null});
        github
            .stub
            .on("/user", move |before, _| if before == 0 { reply.clone() } else { Reply::json(&user) });
        let began = Instant::now();
        assert_eq!(github.identify().await.unwrap().subject, "1");
        assert_eq!(began.elapsed().as_secs(), 2);
    }

    let in_an_hour = (now() + Span::hours(1)).timestamp().to_string();
    for (reply, wait) in [
        (limited(429).with("retry-after", "60"), 60),
        (limited(403).with("x-ratelimit-remaining", "0").with("x-ratelimit-reset", in_an_hour), 3600),
    ] {
        let github = Github::start().await;
        github.stub.always("/user/emails", reply);
        let began = Instant::now();
        let error = github.identify().await.unwrap_err();
        assert_eq!(error.fault(), ProviderFault::Unavailable { retry_after: Some(Span::seconds(wait)) });
        assert_eq!(error.step(), ProviderStep::UserInfo);
        assert_eq!((began.elapsed().as_secs(), github.stub.requests("/user/emails").len()), (0, 1));
    }
}

#[tokio::test]
async fn a_callback_of_another_issuer_never_reaches_github() {
    let github = Github::start().await;
    let back = |issuer: &str| AuthorizationResponse { issuer: Some(issuer.to_owned()), ..callback() };
    let error =
        github.provider.identify(&flow(), &back("https://accounts.google.com"), now()).await.unwrap_err();
    assert_eq!(error.step(), ProviderStep::Callback);
    assert_eq!(github.stub.visits(), 0);
    let own = format!("{}/login/oauth", github.stub.url);
    github.provider.identify(&flow(), &back(&own), now()).await.unwrap();
}
