//! Providers that fail, each in its way: what the front end is answered, after how long, and what is noted.

mod cases;
mod hostile;
#[expect(clippy::unwrap_used, reason = "made for the adapter's own tests")]
#[path = "../../../../../oauth-oidc/tests/suite/support/signer.rs"]
mod signer;
#[expect(dead_code, clippy::unwrap_used, reason = "made for the adapter's own tests")]
#[path = "../../../../../oauth-oidc/tests/suite/support/stub.rs"]
mod stub;

use std::time::Instant;

use anyhow::Context as _;
use archon_testkit::{Answer, Client};
use futures::future::{join_all, try_join_all};
use serde_json::{Value, json};

use self::cases::{Case, Expected, cases};
use self::hostile::Hostile;
use super::providers::{CLIENT_ID, secret};
use super::{events, flow, settings};
use crate::support::servers::OwnRedis;
use crate::support::{Folder, Service};

/// Every failure at once, since some take ten seconds. The service knows a provider for each, and is started anew
/// once all flows are under way, so that it has to ask every provider for everything; the flows are in Redis
/// meanwhile.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_failure_has_its_answer_its_time_and_its_event() -> anyhow::Result<()> {
    let cases = cases();
    let redis = OwnRedis::start()?;
    let hostile = join_all(cases.iter().map(|case| Hostile::start(case.name))).await;
    let mut service = start(&hostile, &redis)?;
    let begun = cases.iter().zip(&hostile).map(|(case, provider)| begin(service.client(), case, provider));
    let callbacks = try_join_all(begun).await?;
    service.terminate()?;
    service.restart()?;

    let client = service.client().clone();
    let answered = try_join_all(callbacks.iter().map(|path| timed(&client, path))).await?;
    for (case, (answer, seconds)) in cases.iter().zip(&answered) {
        judge(&service, case, answer, *seconds).with_context(|| format!("{}: {}", case.name, answer.text))?;
    }
    service.terminate()?;
    let tokens = answered.iter().map(|(answer, _)| answer.text_at("/access_token").to_owned());
    let mut secrets: Vec<String> = tokens.filter(|token| !token.is_empty()).collect();
    secrets.extend(callbacks.iter().filter_map(|path| Some(path.split_once("&state=")?.1.to_owned())));
    secrets.extend(cases.iter().map(|case| secret(case.name)));
    secrets.extend([hostile::CODE, hostile::ACCESS_TOKEN, hostile::TELL_TALE].map(str::to_owned));
    service.logs_none_of(&secrets);
    Ok(())
}

/// Nobody can be sent to a provider whose endpoints cannot be found out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_flow_begins_with_a_provider_that_is_away() -> anyhow::Result<()> {
    let (redis, away) = (OwnRedis::start()?, Hostile::start("away").await);
    away.stub
        .always(hostile::DISCOVERY, stub::Reply::status(503, hostile::TELL_TALE).with("retry-after", "90"));
    let service = start(std::slice::from_ref(&away), &redis)?;
    let began = Instant::now();
    let answer = flow::try_begin(service.client(), "away").await?;
    assert_eq!((answer.status, answer.code()), (502, "PROVIDER_ERROR"), "{}", answer.text);
    assert_eq!(answer.header("retry-after"), "90");
    assert!(answer.text_at("/message").contains("\"discovery\""), "{}", answer.text);
    assert!(!answer.text.contains(hostile::TELL_TALE), "{}", answer.text);
    assert!(began.elapsed().as_secs() < 5, "{:?}", began.elapsed());
    assert_eq!(redis.command(&["KEYS", "*oauth:state:*"])?, "", "nothing is remembered");
    Ok(())
}

fn start(providers: &[Hostile], redis: &OwnRedis) -> anyhow::Result<Service> {
    let mut arguments = settings(&[]);
    for (number, Hostile { name, stub }) in providers.iter().enumerate() {
        for (setting, value) in [
            ("name", *name),
            ("issuer", &*stub.url),
            ("client_id", CLIENT_ID),
            ("client_secret", &*secret(name)),
        ] {
            arguments.extend(["--set".to_owned(), format!("oauth.providers.{number}.{setting}={value}")]);
        }
    }
    arguments.extend(["--set".to_owned(), format!("redis.url={}", redis.url())]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    Service::start_in(Folder::new()?, &arguments)
}

/// Begins a flow, has the provider fail from then on, and says what the front end calls when the user is back.
async fn begin(client: &Client, case: &Case, provider: &Hostile) -> anyhow::Result<String> {
    let begun = flow::begin(client, case.name).await?;
    (case.conduct)(provider, &begun.parameter("nonce")?);
    Ok(format!("/auth/oauth/{}/callback?{}&state={}", case.name, case.query, begun.state))
}

async fn timed(client: &Client, path: &str) -> anyhow::Result<(Answer, f64)> {
    let began = Instant::now();
    let answer = client.get(path).await?;
    Ok((answer, began.elapsed().as_secs_f64()))
}

fn judge(service: &Service, case: &Case, answer: &Answer, seconds: f64) -> anyhow::Result<()> {
    let Expected { status, code, step, reason, retry_after, seconds: expected } = &case.expected;
    anyhow::ensure!((answer.status, answer.code()) == (*status, *code), "answered {}", answer.status);
    anyhow::ensure!(expected.contains(&seconds), "took {seconds} s");
    anyhow::ensure!(answer.header("retry-after") == *retry_after, "{:?}", answer.headers);
    let own_words =
        [hostile::TELL_TALE, hostile::DESCRIPTION].iter().any(|words| answer.text.contains(words));
    anyhow::ensure!(!own_words, "the provider's own words");
    if answer.status == 200 {
        let noted = events::noted(service, answer, "oauth_login")?;
        anyhow::ensure!(noted == json!({"provider": case.name, "how": "opened"}), "noted {noted}");
        return Ok(());
    }
    if answer.status == 502 {
        anyhow::ensure!(answer.text_at("/message").contains(&format!("\"{step}\"")), "no step {step}");
    }
    let mut failed: Value = events::reason(case.name, reason);
    if !step.is_empty() {
        failed["step"] = json!(step);
    }
    let noted = events::failure(service, answer)?;
    anyhow::ensure!(noted == failed, "noted {noted}");
    Ok(())
}
