//! Queries that are wrong: everything wrong is named at once, and no state is spent.

use super::{ADA, Stage, authorize, finish};
use crate::support::{assert_refused, fields};

#[tokio::test]
async fn every_wrong_or_missing_field_of_a_query_is_named_at_once() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let (long, longer) = ("a".repeat(3000), "a".repeat(9000));
    let (code_and_state, all) = (["code", "state"], ["error", "code", "state", "iss", "error_description"]);
    for (query, named) in [
        ("", code_and_state.as_slice()),
        ("code=&state=", &code_and_state),
        ("code=%20&state=+", &code_and_state),
        ("code=a&code=b&state=a&state=b", &code_and_state),
        ("code=%00&state=%07", &code_and_state),
        ("code=%ff&state=%c3%bc", &code_and_state),
        ("CODE=a&State=b", &code_and_state),
        ("code[]=a&state[]=b", &code_and_state),
        (&format!("code={longer}&state={long}"), &code_and_state),
        ("state=a", &["code"]),
        ("code=a", &["state"]),
        ("error=access_denied", &["state"]),
        ("code=a&state=b&iss=c&iss=d", &["iss"]),
        (&format!("error={long}&code={longer}&state={long}&iss={long}&error_description={long}"), &all),
    ] {
        let refused = stage.client().get(&format!("/auth/oauth/google/callback?{query}")).await?;
        assert_refused(&refused, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&refused), named, "{query:.80}");
    }
    for query in ["", "redirect_uri=", "redirect_uri=a&redirect_uri=a", "redirect_uri=%00"] {
        let refused = stage.client().get(&format!("/auth/oauth/google/authorize?{query}")).await?;
        assert_refused(&refused, 400, "VALIDATION_ERROR");
        assert_eq!(fields(&refused), ["redirect_uri"], "{query}");
    }
    assert_refused(&authorize(&stage.client(), "google", &long).await?, 400, "VALIDATION_ERROR");
    Ok(())
}

#[tokio::test]
async fn a_query_that_is_wrong_spends_no_state_and_what_others_add_is_let_be() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    stage.google.vouch("code", "ada-1", ADA);
    let state = stage.begin("google").await?;
    let incomplete = stage.client().get(&format!("/auth/oauth/google/callback?state={state}")).await?;
    assert_refused(&incomplete, 400, "VALIDATION_ERROR");
    let added = format!("{state}&scope=a&scope=b&session_state=%ff&authuser=0&prompt=none");
    assert_eq!(finish(&stage.client(), "google", "code", &added).await?.status, 200);
    Ok(())
}
