use archon_app::{KeyState, ListedKey};
use archon_domain::Instant;
use minijinja::{Value, context};

use super::ConsolePlace;
use super::confirmation::Confirmation;
use super::desk::Desk;
use super::times::moment_if;
use crate::bodies::ReasonBody;
use crate::pages::{Done, PageAnswer, Visit};
use crate::problem::Problem;

/// The signing keys.
pub(crate) async fn list_keys(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::Keys).await?;
    let keys = desk.auth().signing_keys().await.map_err(Problem::from)?;
    let keys: Vec<Value> = keys.iter().map(|key| row(key, desk.now())).collect();
    desk.show("console/keys.html", &[Done::KeyRotated], context! { keys })
}

fn row(key: &ListedKey, now: Instant) -> Value {
    let tone = match key.state {
        KeyState::Published => "caution",
        KeyState::Signing => "good",
        KeyState::Verifying => "",
    };
    context! {
        id => key.id.as_str(),
        algorithm => key.algorithm.as_str(),
        state => key.state.as_str(),
        tone,
        created => moment_if(key.created_at, now),
        signs_from => moment_if(key.signs_from, now),
    }
}

/// Asks before a new key is made.
pub(crate) async fn show_rotate(visit: Visit) -> PageAnswer {
    Desk::open(visit, ConsolePlace::Keys).await?.ask(rotation())
}

/// Makes a new key.
pub(crate) async fn rotate(visit: Visit) -> PageAnswer {
    let (desk, form) = Desk::receive(visit, ConsolePlace::Keys).await?;
    let rotated = async {
        let ReasonBody { reason } = form.judge(desk.auth().policy())?;
        desk.act(reason, |auth, mandate| async move { auth.rotate_keys(&mandate).await }).await
    };
    match rotated.await {
        Ok(_) => Ok(desk.done(ConsolePlace::Keys, Done::KeyRotated)),
        Err(problem) => desk.ask_again(rotation(), &form, &problem),
    }
}

fn rotation() -> Confirmation {
    Confirmation {
        action: "/auth/console/keys/rotate".to_owned(),
        heading: "Rotate the signing key?",
        says: vec![
            "A new key is made and published, and signs after keys.activation_delay. Tokens that the old key has \
             signed stay good until they expire; nobody is signed out.",
        ],
        button: "Rotate the key",
        ..Confirmation::default()
    }
}
