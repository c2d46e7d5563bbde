use reqwest::Method;
use serde_json::json;

use crate::support::{Account, CHEAP, PASSWORD, Service};

const EMAIL: &str = "ada@example.com";

async fn service_with_a_user(settings: &[&str]) -> anyhow::Result<(Service, Account)> {
    let service = Service::start(&[&CHEAP[..], settings].concat())?;
    let account = Account::register(service.client(), EMAIL).await?;
    Ok((service, account))
}

#[tokio::test]
async fn a_user_made_by_the_command_line_logs_in_at_once() -> anyhow::Result<()> {
    let service =
        Service::start(&[&CHEAP[..], &["--set", "registration.require_verified_email=true"]].concat())?;
    let create = ["user", "create", "--email", EMAIL, "--role", "admin", "--role", "user"];
    let options = ["--name", "Ada Lovelace", "--email-verified", "--password-stdin"];
    let create = [&create[..], &options].concat();
    let weak = service.command_reading(&create, "password\n")?;
    assert_eq!(weak.status, Some(1), "{weak:?}");
    assert!(weak.stderr.contains("the password must hold at least one"), "{}", weak.stderr);
    let created = service.command_reading(&create, &format!("{PASSWORD}\n"))?.success()?;
    let twice = service.command_reading(&create, &format!("{PASSWORD}\n"))?;
    assert_eq!(twice.status, Some(1));
    assert!(twice.stderr.contains("another account has this e-mail address"), "{}", twice.stderr);

    let body = json!({"email": EMAIL, "password": PASSWORD});
    let answer = service.client().post("/auth/login", &body).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);

    let shown = service.command(&["user", "show", EMAIL])?.success()?;
    let id = created.trim().strip_prefix("created ").unwrap_or_default().to_owned();
    for row in [
        format!("id              {id}"),
        "status          active".into(),
        "roles           admin, user".into(),
    ] {
        assert!(shown.lines().any(|line| line == row), "{row:?} is missing in:\n{shown}");
    }
    assert_eq!(service.command(&["user", "show", &id])?.success()?, shown, "by id as by address");
    Ok(())
}

#[tokio::test]
async fn disabling_a_user_ends_its_sessions_at_once_and_enabling_lets_it_in_again() -> anyhow::Result<()> {
    let (service, account) = service_with_a_user(&[]).await?;
    let client = service.client();
    assert_eq!(account.me(client).await?.status, 200);
    service.command(&["user", "disable", EMAIL])?.success()?;
    let me = account.me(client).await?;
    assert_eq!((me.status, me.code()), (401, "TOKEN_REVOKED"), "{}", me.text);
    assert_eq!(account.refresh(client).await?.status, 401);
    let answer = account.log_in(client, PASSWORD).await?;
    assert_eq!((answer.status, answer.code()), (403, "ACCOUNT_DISABLED"), "{}", answer.text);

    service.command(&["user", "enable", &account.id])?.success()?;
    assert_eq!(account.log_in(client, PASSWORD).await?.status, 200);
    assert_eq!(account.me(client).await?.status, 401, "the ended session stays ended");
    Ok(())
}

#[tokio::test]
async fn unlocking_lifts_a_lockout_of_the_running_service() -> anyhow::Result<()> {
    let (service, account) = service_with_a_user(&["--set", "lockout.max_failures=3"]).await?;
    let client = service.client();
    for _ in 0..3 {
        assert_eq!(account.log_in(client, "WrongPass123!").await?.status, 401);
    }
    let locked = account.log_in(client, PASSWORD).await?;
    assert_eq!((locked.status, locked.code()), (429, "ACCOUNT_LOCKED"), "{}", locked.text);
    service.command(&["user", "unlock", EMAIL])?.success()?;
    let answer = account.log_in(client, PASSWORD).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn the_next_token_carries_the_roles_that_were_set() -> anyhow::Result<()> {
    let (service, account) = service_with_a_user(&[]).await?;
    let said = service.command(&["user", "set-role", EMAIL, "user", "admin"])?.success()?;
    assert_eq!(said, format!("{} has the roles admin, user\n", account.id));
    let answer = account.refresh(service.client()).await?;
    let renewed = service.client().with_token(answer.text_at("/access_token")).get("/auth/me/export").await?;
    assert_eq!(renewed.json["roles"], json!(["admin", "user"]), "{}", renewed.text);
    let wrong = service.command(&["user", "set-role", EMAIL, "no role!"])?;
    assert_eq!(wrong.status, Some(2), "{wrong:?}");
    Ok(())
}

#[tokio::test]
async fn a_generated_password_logs_in_and_ends_what_was_there_before() -> anyhow::Result<()> {
    let (service, account) = service_with_a_user(&[]).await?;
    let client = service.client();
    let said = service.command(&["user", "reset-password", EMAIL, "--generate-password"])?.success()?;
    let password = said.lines().find_map(|line| line.strip_prefix("password: ")).unwrap_or_default();
    assert_eq!(account.me(client).await?.status, 401);
    assert_eq!(account.log_in(client, PASSWORD).await?.status, 401);
    let answer = account.log_in(client, password).await?;
    assert_eq!(answer.status, 200, "{}", answer.text);
    Ok(())
}

#[tokio::test]
async fn a_user_that_is_not_there_is_said_to_be_not_there() -> anyhow::Result<()> {
    let service = Service::start(&CHEAP)?;
    for command in ["show", "unlock", "disable", "enable"] {
        let run = service.command(&["user", command, "nobody@example.com"])?;
        assert_eq!(run.status, Some(1), "{run:?}");
        assert!(run.stderr.contains("user nobody@example.com: there is no such user"), "{}", run.stderr);
    }
    let run = service.command(&["user", "show", "nobody"])?;
    assert!(run.stderr.contains("neither a user's id nor an e-mail address"), "{}", run.stderr);
    Ok(())
}

#[tokio::test]
async fn the_last_administrator_can_neither_be_removed_nor_leave() -> anyhow::Result<()> {
    const OTHER: &str = "grace@example.com";
    let (service, account) = service_with_a_user(&[]).await?;
    let client = service.client();
    service.command(&["user", "set-role", EMAIL, "user", "admin"])?.success()?;
    for command in [&["user", "disable", EMAIL][..], &["user", "set-role", EMAIL, "user"]] {
        let refused = service.command(command)?;
        assert_eq!(refused.status, Some(1), "{refused:?}");
        for words in ["this is the last active administrator", "make another account an administrator first"]
        {
            assert!(refused.stderr.contains(words), "{}", refused.stderr);
        }
    }
    let leave = async |account: &Account| {
        let client = client.with_token(&account.access);
        client.send(Method::DELETE, "/auth/me", Some(&json!({"password": PASSWORD}))).await
    };
    let refused = leave(&account).await?;
    assert_eq!((refused.status, refused.code()), (409, "LAST_ADMINISTRATOR"), "{}", refused.text);
    let way_out = refused.text_at("/details/0/message");
    assert_eq!(way_out, "Make another account an administrator first");
    assert_eq!(account.me(client).await?.status, 200, "still logged in");

    let create = ["user", "create", "--email", OTHER, "--role", "admin", "--password-stdin"];
    service.command_reading(&create, &format!("{PASSWORD}\n"))?.success()?;
    assert_eq!(leave(&account).await?.status, 204);
    let refused = service.command(&["user", "disable", OTHER])?;
    assert_eq!(refused.status, Some(1), "{refused:?}");
    Ok(())
}
