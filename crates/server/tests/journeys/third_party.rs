//! Somebody else's code judges our tokens, knowing nothing but the URL of the key set.

use std::process::Command;

use anyhow::Context as _;
use base64::Engine as _;
use serde_json::{Value, json};

use crate::support::{Account, Folder, Service, copy_script, node_modules, python, run};

#[tokio::test]
async fn pyjwt_accepts_our_tokens_and_no_others() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let script = copy_script("verify_tokens.py", folder.path())?;
    judged_well(|| {
        let mut command = python()?;
        command.arg(&script);
        Ok(command)
    })
    .await
}

#[tokio::test]
async fn jose_for_node_accepts_our_tokens_and_no_others() -> anyhow::Result<()> {
    let folder = Folder::new()?;
    let script = copy_script("verify-tokens.mjs", folder.path())?;
    // Node looks for packages beside the script and above it, and nowhere else.
    std::os::unix::fs::symlink(node_modules()?, folder.path().join("node_modules"))?;
    judged_well(|| {
        let mut command = Command::new("node");
        command.arg(&script);
        Ok(command)
    })
    .await
}

/// Has the judge look at good and bad tokens of each algorithm.
async fn judged_well(judge: impl Fn() -> anyhow::Result<Command>) -> anyhow::Result<()> {
    let stranger = Service::start(&["--set", "keys.algorithm=ES256"])?;
    let foreign = Account::register(stranger.client(), "eve@example.com").await?.access;
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let service = Service::start(&["--set", &format!("keys.algorithm={algorithm}")])?;
        let account = Account::register(service.client(), "ada@example.com").await?;
        let judge = |issuer: &str, audience: &str, tokens: &[&str]| -> anyhow::Result<Vec<Value>> {
            let keys = format!("{}/.well-known/jwks.json", service.base_url());
            let mut command = judge()?;
            command.args([keys.as_str(), issuer, audience, algorithm]);
            let verdicts = run(&mut command, &tokens.join("\n"))?;
            verdicts.lines().map(|line| Ok(serde_json::from_str(line)?)).collect()
        };

        let tokens =
            [account.access.as_str(), &promoted(&account.access)?, &unsigned(&account.access)?, &foreign];
        let verdicts = judge("archon-auth", "archon-api", &tokens)?;
        let accepted: Vec<bool> = verdicts.iter().map(|verdict| verdict["accepted"] == true).collect();
        assert_eq!(accepted, [true, false, false, false], "{algorithm}: {verdicts:?}");
        let claims = &verdicts[0]["claims"];
        assert_eq!(claims["sub"], json!(account.id), "{algorithm}: {claims}");
        assert_eq!((&claims["type"], &claims["roles"]), (&json!("access"), &json!(["user"])));

        for (issuer, audience) in [("somebody-else", "archon-api"), ("archon-auth", "another-api")] {
            let verdicts = judge(issuer, audience, &[&account.access])?;
            assert_eq!(verdicts[0]["accepted"], false, "{algorithm}, {issuer}, {audience}: {verdicts:?}");
        }
    }
    Ok(())
}

/// The token with the administrator's role written into it, under the same signature.
fn promoted(token: &str) -> anyhow::Result<String> {
    let (header, rest) = token.split_once('.').context("no token")?;
    let (claims, signature) = rest.split_once('.').context("no token")?;
    let mut claims: Value = serde_json::from_slice(&ENCODING.decode(claims)?)?;
    claims["roles"] = json!(["admin"]);
    Ok(format!("{header}.{}.{signature}", ENCODING.encode(claims.to_string())))
}

/// The token without its signature, as "alg": "none" has it.
fn unsigned(token: &str) -> anyhow::Result<String> {
    let claims = token.split('.').nth(1).context("no token")?;
    Ok(format!("{}.{claims}.", ENCODING.encode(r#"{"typ":"JWT","alg":"none"}"#)))
}

const ENCODING: base64::engine::GeneralPurpose = base64::engine::general_purpose::URL_SAFE_NO_PAD;
