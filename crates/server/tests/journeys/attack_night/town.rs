//! Honest users, who go about their lives while others attack.

use anyhow::{Context as _, ensure};
use archon_testkit::{Answer, Client};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use tokio::sync::watch;

use crate::support::{Account, PASSWORD};

/// How many of them there are.
const PEOPLE: u32 = 1000;

/// How many act at the same time.
const AT_ONCE: usize = 50;

/// A user with a home, a phone and one session.
pub(super) struct Person {
    pub(super) account: Account,
    number: u32,
    client: Client,
}

/// What they have noticed.
#[derive(Debug, Default)]
pub(super) struct Noticed {
    pub(super) requests: usize,
    pub(super) log_ins: usize,
    pub(super) moves: usize,
}

impl Person {
    /// The address of a person's home: one network for each.
    fn home(number: u32) -> String {
        format!("81.{}.{}.10", 10 + number / 250, number % 250)
    }

    /// An address of the mobile network, which gives out another one at every step.
    fn mobile(&self, step: u32) -> String {
        let place = self.number.wrapping_mul(31).wrapping_add(step.wrapping_mul(7919));
        format!("82.{}.{}.{}", place % 200, (place / 200) % 250, 1 + place % 250)
    }

    async fn settle(base: Client, number: u32) -> anyhow::Result<Self> {
        let client = base.from_address(&Self::home(number)).with_user_agent(&browser(number));
        let account = Account::register(&client, &format!("person-{number}@example.com")).await?;
        Ok(Self { account, number, client })
    }

    /// Renews the tokens twice, so that the first refresh token is no one's any more.
    pub(super) async fn spend_twice(&self) -> anyhow::Result<()> {
        let first = self.account.refresh(&self.client).await?;
        ensure!(first.status == 200, "{}", words(&first));
        let second = Account { refresh: first.text_at("/refresh_token").to_owned(), ..self.account.clone() };
        let second = second.refresh(&self.client).await?;
        ensure!(second.status == 200, "{}", words(&second));
        Ok(())
    }

    /// Logs in from home.
    pub(super) async fn log_in(&self) -> anyhow::Result<Answer> {
        self.account.log_in(&self.client, PASSWORD).await
    }

    /// What the person's browser calls itself.
    pub(super) fn browser(&self) -> String {
        browser(self.number)
    }

    /// One round of an evening: at home, on the way, at home again, a refresh now and then.
    async fn live(&mut self, step: u32, noticed: &mut Noticed) -> anyhow::Result<()> {
        self.look(&self.client, noticed).await?;
        if self.number.is_multiple_of(4) {
            // Those on a mobile network: every few minutes the carrier gives them another address.
            let away = self.client.from_address(&self.mobile(step));
            self.look(&away, noticed).await?;
            self.refresh(&away, noticed).await?;
            noticed.moves += 1;
        } else if self.number % 3 == step % 3 {
            let home = self.client.clone();
            self.refresh(&home, noticed).await?;
        }
        if self.number % 10 == step % 10 {
            let answer = self.account.log_in(&self.client, PASSWORD).await?;
            ensure!(answer.status == 200, "{} cannot log in: {}", self.account.email, words(&answer));
            noticed.log_ins += 1;
        }
        Ok(())
    }

    async fn look(&self, client: &Client, noticed: &mut Noticed) -> anyhow::Result<()> {
        let answer = self.account.me(client).await?;
        ensure!(answer.status == 200, "{} was thrown out: {}", self.account.email, words(&answer));
        noticed.requests += 1;
        Ok(())
    }

    async fn refresh(&mut self, client: &Client, noticed: &mut Noticed) -> anyhow::Result<()> {
        let answer = self.account.refresh(client).await?;
        ensure!(answer.status == 200, "{} was not renewed: {}", self.account.email, words(&answer));
        answer.text_at("/access_token").clone_into(&mut self.account.access);
        answer.text_at("/refresh_token").clone_into(&mut self.account.refresh);
        noticed.requests += 1;
        Ok(())
    }
}

fn words(answer: &Answer) -> String {
    format!("{} {}", answer.status, answer.text)
}

fn browser(number: u32) -> String {
    let version = 120 + number % 7;
    format!("Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0")
}

/// Everybody registers, each from their own home.
pub(super) async fn settle(base: &Client) -> anyhow::Result<Vec<Person>> {
    let people = stream::iter(0..PEOPLE).map(|number| Person::settle(base.clone(), number));
    people.buffered(AT_ONCE).try_collect().await
}

/// Everybody lives on until the night is over, and at least once; what they have noticed.
pub(super) async fn live(
    mut people: Vec<Person>,
    over: watch::Receiver<bool>,
) -> anyhow::Result<(Vec<Person>, Noticed)> {
    let mut noticed = Noticed::default();
    for step in 0.. {
        let round = stream::iter(people).map(|mut person| async move {
            let mut noticed = Noticed::default();
            person.live(step, &mut noticed).await.with_context(|| format!("in round {step}"))?;
            anyhow::Ok((person, noticed))
        });
        let lived: Vec<_> = round.buffer_unordered(AT_ONCE).try_collect().await?;
        people = Vec::with_capacity(lived.len());
        for (person, more) in lived {
            people.push(person);
            noticed.requests += more.requests;
            noticed.log_ins += more.log_ins;
            noticed.moves += more.moves;
        }
        if *over.borrow() {
            break;
        }
    }
    Ok((people, noticed))
}
