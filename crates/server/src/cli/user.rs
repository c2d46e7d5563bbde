use std::collections::BTreeSet;
use std::io::BufRead as _;
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use archon_app::{Auth, CreateUser, Mandate, Reason};
use archon_domain::ports::Entropy as _;
use archon_domain::{Email, NewPassword, Password, PersonName, Role, User, UserId, UserStatus};
use chrono::SecondsFormat;
use clap::{Args, Subcommand};

use super::print;
use crate::config::Settings;
use crate::system::SystemEntropy;
use crate::wire::{self, Surroundings};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Open an account.
    Create {
        /// The address to log in with.
        #[arg(long)]
        email: String,
        /// What the user wants to be called; by default the address's part before the @.
        #[arg(long)]
        name: Option<String>,
        /// What the user may do, such as admin; may come again.
        #[arg(long, value_parser = Role::parse)]
        role: Vec<Role>,
        /// Vouch for the address, so that it need not be verified by mail.
        #[arg(long)]
        email_verified: bool,
        #[command(flatten)]
        password: PasswordSource,
        #[command(flatten)]
        why: Why,
    },
    /// Show an account.
    Show { user: String },
    /// Lift the lock of failed log-ins.
    Unlock(Chosen),
    /// Shut an account and end its sessions.
    Disable(Chosen),
    /// Open a shut account again.
    Enable(Chosen),
    /// Set what a user may do, in place of all it could before.
    SetRole {
        user: String,
        /// Roles such as user or admin.
        #[arg(required = true, value_parser = Role::parse)]
        roles: Vec<Role>,
        #[command(flatten)]
        why: Why,
    },
    /// Set a new password and end every session.
    ResetPassword {
        #[command(flatten)]
        chosen: Chosen,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Delete an account with everything that belongs to it.
    Delete(Chosen),
}

#[derive(Debug, Args)]
pub(super) struct Chosen {
    /// The user's id or address.
    user: String,
    #[command(flatten)]
    why: Why,
}

#[derive(Debug, Args)]
pub(super) struct Why {
    /// Why, for the record: a security event keeps it with what was done.
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: Option<Reason>,
}

/// Where a password comes from; it is asked for at the terminal unless told otherwise.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input.
    #[arg(long)]
    password_stdin: bool,
    /// Make a random password and print it.
    #[arg(long)]
    generate_password: bool,
}

impl Command {
    pub(super) async fn run(
        self,
        settings: &Settings,
        surroundings: Surroundings,
    ) -> anyhow::Result<ExitCode> {
        let service = wire::wire(settings, settings.server.port, surroundings).await?;
        let done = self.perform(&service.auth).await;
        service.finish().await;
        done.map(|()| ExitCode::SUCCESS)
    }

    async fn perform(self, auth: &Auth) -> anyhow::Result<()> {
        match self {
            Self::Create { email, name, role, email_verified, password, why } => {
                let email = Email::parse(&email).map_err(|error| refused("--email", &error.message))?;
                let name = name.unwrap_or_else(|| email.local_part().to_owned());
                let name = PersonName::parse(&name).map_err(|error| refused("--name", &error.message))?;
                let password = password.read(auth, &email, &name)?;
                let roles =
                    if role.is_empty() { BTreeSet::from([Role::user()]) } else { role.into_iter().collect() };
                let create = CreateUser { email, password, name, roles, email_verified };
                let user = auth.create_user(&why.mandate(), create).await?;
                print(&format!("created {}", user.id))
            }
            Self::Show { user } => show(&find(auth, &user).await?),
            Self::Unlock(chosen) => {
                let (user, mandate) = chosen.find(auth).await?;
                auth.unlock_user(&mandate, user.id).await?;
                print(&format!("unlocked {}", user.id))
            }
            Self::Disable(chosen) => {
                let (user, mandate) = chosen.find(auth).await?;
                auth.disable_user(&mandate, user.id).await?;
                print(&format!("disabled {}; its sessions have ended", user.id))
            }
            Self::Enable(chosen) => {
                let (user, mandate) = chosen.find(auth).await?;
                auth.enable_user(&mandate, user.id).await?;
                print(&format!("enabled {}", user.id))
            }
            Self::SetRole { user, roles, why } => {
                let user = find(auth, &user).await?;
                let user = auth.set_roles(&why.mandate(), user.id, roles.into_iter().collect()).await?;
                print(&format!("{} has the roles {}", user.id, words(&user.roles)))
            }
            Self::ResetPassword { chosen, password } => {
                let (user, mandate) = chosen.find(auth).await?;
                let password = password.read(auth, &user.email, &user.name)?;
                auth.set_password(&mandate, user.id, &password).await?;
                print(&format!("set the password of {}; its sessions have ended", user.id))
            }
            Self::Delete(chosen) => {
                let (user, mandate) = chosen.find(auth).await?;
                auth.delete_user(&mandate, user.id).await?;
                print(&format!("deleted {}", user.id))
            }
        }
    }
}

impl Chosen {
    async fn find(self, auth: &Auth) -> anyhow::Result<(User, Mandate)> {
        Ok((find(auth, &self.user).await?, self.why.mandate()))
    }
}

impl Why {
    fn mandate(self) -> Mandate {
        Mandate::command_line(self.reason)
    }
}

fn reason(text: &str) -> Result<Reason, String> {
    Reason::parse(text).map_err(|error| error.message.into_owned())
}

impl PasswordSource {
    fn read(&self, auth: &Auth, email: &Email, name: &PersonName) -> anyhow::Result<NewPassword> {
        let typed = if self.generate_password {
            let made = make_password();
            print(&format!("password: {made}"))?;
            made
        } else if self.password_stdin {
            let line = std::io::stdin().lock().lines().next();
            line.context("standard input holds no password")?.context("standard input cannot be read")?
        } else {
            rpassword::prompt_password("Password: ").context(
                "there is no terminal to ask for the password; use --password-stdin or --generate-password",
            )?
        };
        let policy = &auth.policy().passwords;
        policy.accept("password", Password::new(&typed), Some(email), Some(name)).map_err(|faults| {
            let faults: Vec<_> = faults.iter().map(|fault| fault.message.as_ref()).collect();
            refused("the password", &faults.join("; it "))
        })
    }
}

fn refused(what: &str, why: &str) -> anyhow::Error {
    anyhow::anyhow!("{what} {why}")
}

/// A random password of about 119 bits that has all four classes of characters.
fn make_password() -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789+-=_~/x";
    let mut random = [0; 20];
    SystemEntropy.fill(&mut random);
    let letters = random.iter().map(|byte| char::from(LETTERS[usize::from(byte % 64)]));
    let mut password: String = letters.collect();
    password.push_str("Aa2!");
    password
}

/// The user of an id or an address.
async fn find(auth: &Auth, text: &str) -> anyhow::Result<User> {
    let found = match (text.parse::<UserId>(), Email::parse(text)) {
        (Ok(id), _) => auth.user(id).await,
        (_, Ok(email)) => auth.user_by_email(&email).await,
        _ => bail!("{text:?} is neither a user's id nor an e-mail address"),
    };
    found.with_context(|| format!("user {text}"))
}

fn words(roles: &BTreeSet<Role>) -> String {
    roles.iter().map(Role::as_str).collect::<Vec<_>>().join(", ")
}

fn show(user: &User) -> anyhow::Result<()> {
    let time = |at: Option<archon_domain::Instant>| {
        at.map_or_else(|| "never".to_owned(), |at| at.to_rfc3339_opts(SecondsFormat::Secs, true))
    };
    let status = match user.status {
        UserStatus::Active => "active",
        UserStatus::Disabled => "disabled",
    };
    let rows = [
        ("id", user.id.to_string()),
        ("email", user.email.as_typed().to_owned()),
        ("name", user.name.as_str().to_owned()),
        ("status", status.to_owned()),
        ("roles", words(&user.roles)),
        ("email verified", time(user.email_verified_at)),
        ("created", time(Some(user.created_at))),
        ("updated", time(Some(user.updated_at))),
        ("last log-in", time(user.last_login_at)),
    ];
    rows.iter().try_for_each(|(name, value)| print(&format!("{name:<15} {value}")))
}
