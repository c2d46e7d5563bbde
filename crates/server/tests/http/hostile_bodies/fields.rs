//! Fields that are wrong: the refusal names them, all at once.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Kind, Stage, routes, with};
use crate::support::fields;

#[tokio::test]
async fn a_field_that_is_missing_or_null_is_named() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage) {
        for field in route.fields.iter().filter(|field| field.required) {
            let mut missing = route.body.clone();
            missing.as_object_mut().map(|body| body.remove(field.name));
            stage.refuse(&route, &missing, field.name, 400).await?;
            stage.refuse(&route, &with(&route, field.name, Value::Null), field.name, 400).await?;
        }
        let required: Vec<_> = route.fields.iter().filter(|field| field.required).collect();
        if let Some(last) = required.last() {
            let answer = stage.refuse(&route, &json!({}), last.name, 400).await?;
            let names: Vec<_> = required.iter().map(|field| field.name).collect();
            let mut named = fields(&answer);
            named.sort_by_key(|name| names.iter().position(|known| known == name));
            assert_eq!(named, names, "all at once");
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_field_of_a_wrong_type_is_named() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    let values =
        [json!(1), json!(-1.5), json!(true), json!("text"), json!([]), json!(["text"]), json!({"a": 1})];
    for route in routes(&stage) {
        for field in &route.fields {
            for value in &values {
                let fits = match field.kind {
                    Kind::Text => value.is_string(),
                    Kind::Object => value.is_object(),
                    Kind::Flag => value.is_boolean(),
                };
                if !fits {
                    let answer = stage
                        .refuse(&route, &with(&route, field.name, value.clone()), field.name, 400)
                        .await?;
                    assert_eq!(answer.text_at("/details/0/code"), "WRONG_TYPE", "{}", answer.text);
                }
            }
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_text_that_is_empty_blank_or_holds_control_characters_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage) {
        for field in route.fields.iter().filter(|field| field.kind == Kind::Text) {
            let good = route.body[field.name].as_str().context("no text")?;
            let texts = [String::new(), "   ".to_owned(), format!("{good}\u{0}x"), format!("{good}\u{7}x")];
            for (bad, status) in texts.into_iter().zip(field.statuses) {
                if status != 200 {
                    stage.refuse(&route, &with(&route, field.name, bad), field.name, status).await?;
                }
            }
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn a_field_that_is_too_long_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage) {
        for field in &route.fields {
            let long = match field.kind {
                Kind::Text => json!(format!(
                    "{}{}",
                    route.body[field.name].as_str().unwrap_or_default(),
                    "a".repeat(9000)
                )),
                Kind::Object => json!({"text": "a".repeat(9000)}),
                Kind::Flag => continue,
            };
            let status = if field.name == "refresh_token" { 401 } else { 400 };
            stage.refuse(&route, &with(&route, field.name, long), field.name, status).await?;
        }
    }
    stage.assert_unharmed().await
}

#[tokio::test]
async fn metadata_with_a_nul_anywhere_is_refused() -> anyhow::Result<()> {
    let stage = Stage::set().await?;
    for route in routes(&stage).iter().filter(|route| route.body["metadata"].is_object()) {
        for hidden in [json!({"a": "\u{0}"}), json!({"\u{0}": 1}), json!({"a": [{"b": ["\u{0}"]}]})] {
            stage.refuse(route, &with(route, "metadata", hidden), "metadata", 400).await?;
        }
    }
    stage.assert_unharmed().await
}
