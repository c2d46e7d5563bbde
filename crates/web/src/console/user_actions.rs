use std::sync::Arc;

use actix_web::web;
use archon_app::{Auth, Mandate};
use archon_domain::{Role, SessionId, User, UserId};

use super::ConsolePlace;
use super::confirmation::Confirmation;
use super::desk::Desk;
use super::user::read_id;
use crate::bodies::{ReasonBody, SetRolesBody};
use crate::pages::{Done, Form, PageAnswer, Visit};
use crate::problem::Problem;

/// What an administrator can do with an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserAction {
    Disable,
    Enable,
    Unlock,
    EndSessions,
    SetRoles,
    Delete,
}

impl UserAction {
    pub(super) const ALL: [Self; 6] =
        [Self::Unlock, Self::EndSessions, Self::SetRoles, Self::Enable, Self::Disable, Self::Delete];

    /// What the action is called in addresses.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Enable => "enable",
            Self::Unlock => "unlock",
            Self::EndSessions => "end-sessions",
            Self::SetRoles => "roles",
            Self::Delete => "delete",
        }
    }

    /// What the action is called on the page of the account, and on its button.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Disable => "Disable account",
            Self::Enable => "Enable account",
            Self::Unlock => "Unlock account",
            Self::EndSessions => "End all sessions",
            Self::SetRoles => "Set roles",
            Self::Delete => "Delete account",
        }
    }

    pub(super) const fn is_grave(self) -> bool {
        matches!(self, Self::Disable | Self::Delete)
    }

    const fn heading(self) -> &'static str {
        match self {
            Self::Disable => "Disable this account?",
            Self::Enable => "Enable this account?",
            Self::Unlock => "Unlock this account?",
            Self::EndSessions => "End every session of this account?",
            Self::SetRoles => "Set the roles of this account",
            Self::Delete => "Delete this account?",
        }
    }

    fn says(self) -> Vec<&'static str> {
        vec![match self {
            Self::Disable => {
                "Its sessions end at once, everywhere, and nobody can log in with it until it is enabled again. \
                 Nothing is deleted."
            }
            Self::Enable => "Its user can log in again, with the password and the providers as before.",
            Self::Unlock => {
                "Failed log-ins so far no longer count, so that the user can log in at once. Who has guessed \
                 passwords can go on guessing as well."
            }
            Self::EndSessions => {
                "The user is signed out wherever they are signed in, and can log in again at once. To keep somebody \
                 out, disable the account."
            }
            Self::SetRoles => {
                "These roles take the place of all that the account has now. Tokens that were given out before keep \
                 theirs until they expire; the administration asks the account itself."
            }
            Self::Delete => {
                "The account is deleted with its sessions, providers and mails, and cannot be brought back. Its \
                 security events stay until they are old enough to be forgotten."
            }
        }]
    }

    const fn done(self) -> Done {
        match self {
            Self::Disable => Done::AccountDisabled,
            Self::Enable => Done::AccountEnabled,
            Self::Unlock => Done::AccountUnlocked,
            Self::EndSessions => Done::UserSessionsEnded,
            Self::SetRoles => Done::RolesSet,
            Self::Delete => Done::AccountDeleted,
        }
    }

    fn confirmation(self, user: &User) -> Confirmation {
        let roles = || user.roles.iter().map(Role::as_str).collect::<Vec<_>>().join(" ");
        let (fields, typed) = match self {
            Self::SetRoles => (
                vec![(
                    "roles",
                    "Words of a-z, 0-9, _ and -, with spaces between; admin administers the service.",
                )],
                vec![("roles", roles())],
            ),
            Self::Disable | Self::Enable | Self::Unlock | Self::EndSessions | Self::Delete => {
                (vec![], vec![])
            }
        };
        Confirmation {
            action: format!("{}/{}", ConsolePlace::User(user.id).path(), self.word()),
            heading: self.heading(),
            target: user.email.as_typed().to_owned(),
            says: self.says(),
            button: self.name(),
            grave: self.is_grave(),
            fields,
            typed,
            ..Confirmation::default()
        }
    }
}

/// Asks before something is done with an account.
pub(crate) async fn confirm(visit: Visit, path: web::Path<(String, String)>) -> PageAnswer {
    let (id, action) = read(&path)?;
    let desk = Desk::open(visit, ConsolePlace::User(id)).await?;
    let user = desk.auth().user(id).await.map_err(Problem::from)?;
    desk.ask(action.confirmation(&user))
}

/// Does something with an account.
pub(crate) async fn act(visit: Visit, path: web::Path<(String, String)>) -> PageAnswer {
    let (id, action) = read(&path)?;
    let (desk, form) = Desk::receive(visit, ConsolePlace::User(id)).await?;
    let user = desk.auth().user(id).await.map_err(Problem::from)?;
    let back = if action == UserAction::Delete { ConsolePlace::Users } else { ConsolePlace::User(id) };
    match carry_out(&desk, &form, id, action).await {
        Ok(()) => Ok(desk.done(back, action.done())),
        Err(problem) => desk.ask_again(action.confirmation(&user), &form, &problem),
    }
}

fn read(path: &(String, String)) -> Result<(UserId, UserAction), Problem> {
    let (id, word) = path;
    let action = UserAction::ALL.into_iter().find(|action| action.word() == word);
    let unknown = || Problem::not_found("NOT_FOUND", "There is no such page");
    Ok((read_id(id)?, action.ok_or_else(unknown)?))
}

async fn carry_out(desk: &Desk, form: &Form, id: UserId, action: UserAction) -> Result<(), Problem> {
    let policy = desk.auth().policy();
    if action == UserAction::SetRoles {
        let SetRolesBody { roles, reason } = form.with_words("roles").judge(policy)?;
        let set =
            |auth: Arc<Auth>, mandate: Mandate| async move { auth.set_roles(&mandate, id, roles).await };
        return desk.act(reason, set).await.map(drop);
    }
    let ReasonBody { reason } = form.judge(policy)?;
    desk.act(reason, |auth, mandate| async move {
        match action {
            UserAction::Disable => auth.disable_user(&mandate, id).await.map(drop),
            UserAction::Enable => auth.enable_user(&mandate, id).await.map(drop),
            UserAction::Unlock => auth.unlock_user(&mandate, id).await.map(drop),
            UserAction::EndSessions => auth.end_sessions_of(&mandate, id).await.map(drop),
            UserAction::SetRoles => Ok(()),
            UserAction::Delete => auth.delete_user(&mandate, id).await,
        }
    })
    .await
}

/// Asks before one session of an account is ended.
pub(crate) async fn show_end_session(visit: Visit, path: web::Path<(String, String)>) -> PageAnswer {
    let (id, session) = read_session(&path)?;
    let desk = Desk::open(visit, ConsolePlace::User(id)).await?;
    let confirmation = ending(&desk, id, &session).await?;
    desk.ask(confirmation)
}

/// Ends one session of an account.
pub(crate) async fn end_session(visit: Visit, path: web::Path<(String, String)>) -> PageAnswer {
    let (id, session) = read_session(&path)?;
    let (desk, form) = Desk::receive(visit, ConsolePlace::User(id)).await?;
    let confirmation = ending(&desk, id, &session).await?;
    let end = async {
        let ReasonBody { reason } = form.judge(desk.auth().policy())?;
        let end = |auth: Arc<Auth>, mandate: Mandate| async move {
            auth.end_session_of(&mandate, id, &session).await
        };
        desk.act(reason, end).await
    };
    match end.await {
        Ok(()) => Ok(desk.done(ConsolePlace::User(id), Done::UserSessionEnded)),
        Err(problem) => desk.ask_again(confirmation, &form, &problem),
    }
}

fn read_session(path: &(String, String)) -> Result<(UserId, SessionId), Problem> {
    let session = SessionId::parse(&path.1);
    let unknown = || Problem::not_found("NOT_FOUND", "There is no such session");
    Ok((read_id(&path.0)?, session.ok_or_else(unknown)?))
}

/// What is asked before a session is ended; 404 for one that is over.
async fn ending(desk: &Desk, id: UserId, session: &SessionId) -> Result<Confirmation, Problem> {
    let user = desk.auth().user(id).await?;
    let sessions = desk.auth().sessions_of(id).await?;
    let found = sessions.iter().find(|found| found.id == *session);
    let found = found.ok_or_else(|| Problem::not_found("NOT_FOUND", "The session is over"))?;
    Ok(Confirmation {
        action: format!("{}/sessions/{}/end", ConsolePlace::User(id).path(), session.as_str()),
        heading: "End this session?",
        target: format!("{}: {}, {}", user.email.as_typed(), found.user_agent.device(), found.address),
        says: vec!["The user is signed out there, and can log in again."],
        button: "End session",
        ..Confirmation::default()
    })
}
