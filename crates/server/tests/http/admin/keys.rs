//! Looking after signing keys.

use archon_testkit::TestServer;
use serde_json::{Value, json};

use super::{Stage, because, each, list};
use crate::support::{assert_refused, seconds};

async fn keys(stage: &Stage) -> anyhow::Result<Vec<Value>> {
    Ok(list(&stage.shown("/keys").await?, "keys")?.clone())
}

#[tokio::test]
async fn a_new_key_is_published_and_signs_when_everybody_knows_it() -> anyhow::Result<()> {
    let stage = Stage::set_with(TestServer::builder().seed(1).set("keys.activation_delay", "60")).await?;
    let before = keys(&stage).await?;
    assert_eq!(
        (before.len(), &before[0]["state"], &before[0]["algorithm"]),
        (1, &json!("signing"), &json!("ES256"))
    );

    let made = stage.admin().post("/auth/admin/keys/rotate", &because()).await?;
    assert_eq!((made.status, made.text_at("/state")), (201, "published"), "{}", made.text);
    assert_eq!(made.text_at("/created_at"), "2026-01-05T10:00:00.123456Z");
    assert_eq!(made.text_at("/signs_from"), "2026-01-05T10:01:00.123456Z");
    stage.assert_recorded("rotate_keys", made.text_at("/id"), None).await?;
    assert_eq!(each(&keys(&stage).await?, "state"), ["signing", "published"]);

    stage.server.clock().advance(seconds(60));
    let after = keys(&stage).await?;
    assert_eq!(each(&after, "state"), ["verifying", "signing"]);
    assert_eq!(after[1]["id"], made.json["id"]);
    assert!(!stage.shown("/keys").await?.to_string().contains("PRIVATE"));
    Ok(())
}

#[tokio::test]
async fn keys_from_files_are_listed_and_not_rotated() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("key.pem");
    let key = openssl::pkey::PKey::ec_gen("P-256")?;
    std::fs::write(&file, key.private_key_to_pem_pkcs8()?)?;
    let builder = TestServer::builder().seed(1).set("keys.files", &file.display().to_string());
    let stage = Stage::set_with(builder).await?;
    let listed = keys(&stage).await?;
    assert_eq!((listed.len(), &listed[0]["state"]), (1, &json!("signing")));
    assert_eq!((&listed[0]["created_at"], &listed[0]["signs_from"]), (&Value::Null, &Value::Null));
    let refused = stage.admin().post("/auth/admin/keys/rotate", &because()).await?;
    assert_refused(&refused, 409, "KEYS_FROM_FILES");
    assert_eq!(stage.shown("/events?type=admin_action").await?["events"], json!([]));
    Ok(())
}
