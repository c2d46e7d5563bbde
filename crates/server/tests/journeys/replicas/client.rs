use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Context as _;
use archon_testkit::{Answer, Client};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::ledger::Ledger;
use crate::support::{Account, PASSWORD};

/// How long a client goes on trying before it counts as not served.
const PATIENCE: Duration = Duration::from_secs(60);

/// The tokens of one session.
#[derive(Debug, Clone)]
struct Tokens {
    access: String,
    refresh: String,
}

/// A user who does everything that users do, and knows what must be true.
pub(super) struct LoadClient {
    http: Client,
    ledger: Arc<Ledger>,
    email: String,
    live: Vec<Tokens>,
    /// Sessions whose end was acknowledged.
    ended: Vec<Tokens>,
    /// The name that the last acknowledged change has set.
    name: String,
    random: u64,
}

/// An answer, and whether the request had to be sent more than once.
struct Answered {
    answer: Answer,
    repeated: bool,
}

impl LoadClient {
    /// Registers a user.
    pub(super) async fn new(http: Client, ledger: Arc<Ledger>, number: usize) -> anyhow::Result<Self> {
        let email = format!("user-{number}@example.com");
        let account = Account::register(&http, &email).await?;
        let tokens = Tokens { access: account.access, refresh: account.refresh };
        let (name, random) = ("Ada Lovelace".to_owned(), number as u64 + 1);
        Ok(Self { http, ledger, email, live: vec![tokens], ended: Vec::new(), name, random })
    }

    /// Works until told to stop, then looks everything over once more.
    pub(super) async fn run(mut self, stop: watch::Receiver<bool>) -> anyhow::Result<()> {
        while !*stop.borrow() {
            match self.pick(20) {
                0..=1 => self.log_in().await?,
                2..=3 => self.log_out().await?,
                4..=6 => self.refresh().await?,
                7..=8 => self.change_name().await?,
                9..=10 => self.present_ended_session().await?,
                _ => self.look_at_profile().await?,
            }
        }
        self.look_everything_over().await
    }

    async fn log_in(&mut self) -> anyhow::Result<()> {
        let body = json!({"email": self.email, "password": PASSWORD});
        let Answered { answer, .. } =
            self.send("login", Method::POST, "/auth/login", None, Some(&body)).await?;
        match answer.status {
            200 => self.live.push(tokens(&answer)),
            _ => self.violation("a right password was refused", &answer),
        }
        Ok(())
    }

    async fn log_out(&mut self) -> anyhow::Result<()> {
        if self.live.len() < 2 {
            return self.log_in().await;
        }
        let place = self.pick(self.live.len());
        let session = self.live.swap_remove(place);
        let Answered { answer, repeated } =
            self.send("logout", Method::POST, "/auth/logout", Some(&session.access), None).await?;
        match answer.status {
            204 => self.ended.push(session),
            // The first request had ended it; only its answer was lost.
            401 if repeated => self.ended.push(session),
            _ => self.violation("a session could not be ended", &answer),
        }
        Ok(())
    }

    async fn refresh(&mut self) -> anyhow::Result<()> {
        let place = self.pick(self.live.len());
        let body = json!({"refresh_token": self.live[place].refresh});
        let Answered { answer, .. } =
            self.send("refresh", Method::POST, "/auth/refresh", None, Some(&body)).await?;
        match answer.status {
            200 => self.live[place] = tokens(&answer),
            _ => self.violation("logged out: a refresh token was refused", &answer),
        }
        Ok(())
    }

    async fn change_name(&mut self) -> anyhow::Result<()> {
        let place = self.pick(self.live.len());
        let name = format!("Ada {}", self.next());
        let token = self.live[place].access.clone();
        let body = json!({"name": name});
        let Answered { answer, .. } =
            self.send("profile", Method::PATCH, "/auth/me", Some(&token), Some(&body)).await?;
        match answer.status {
            200 => self.name = name,
            _ => self.violation("logged out: an access token was refused", &answer),
        }
        Ok(())
    }

    async fn look_at_profile(&mut self) -> anyhow::Result<()> {
        let place = self.pick(self.live.len());
        self.look_at_profile_in(place).await
    }

    async fn look_at_profile_in(&mut self, place: usize) -> anyhow::Result<()> {
        let token = self.live[place].access.clone();
        let Answered { answer, .. } = self.send("me", Method::GET, "/auth/me", Some(&token), None).await?;
        match answer.status {
            200 if answer.text_at("/name") == self.name => {}
            200 => self.violation("an acknowledged change is lost", &answer),
            _ => self.violation("logged out: an access token was refused", &answer),
        }
        Ok(())
    }

    /// Presents the tokens of a session whose end was acknowledged, to any replica.
    async fn present_ended_session(&mut self) -> anyhow::Result<()> {
        if self.ended.is_empty() {
            return self.look_at_profile().await;
        }
        let place = self.pick(self.ended.len());
        self.present_ended_session_in(place).await
    }

    async fn present_ended_session_in(&mut self, place: usize) -> anyhow::Result<()> {
        let Tokens { access, refresh } = self.ended[place].clone();
        let me = self.send("me of an ended session", Method::GET, "/auth/me", Some(&access), None).await?;
        let body = json!({"refresh_token": refresh});
        let path = "/auth/refresh";
        let refreshed =
            self.send("refresh of an ended session", Method::POST, path, None, Some(&body)).await?;
        for Answered { answer, .. } in [me, refreshed] {
            if answer.status != 401 {
                self.violation("an ended session was accepted", &answer);
            }
        }
        Ok(())
    }

    async fn look_everything_over(&mut self) -> anyhow::Result<()> {
        for place in 0..self.live.len() {
            self.look_at_profile_in(place).await?;
        }
        for place in 0..self.ended.len() {
            self.present_ended_session_in(place).await?;
        }
        self.log_in().await
    }

    /// Sends a request until it is answered with something else than 503, as a well-behaved client does.
    async fn send(
        &self,
        what: &str,
        method: Method,
        path: &str,
        token: Option<&str>,
        body: Option<&Value>,
    ) -> anyhow::Result<Answered> {
        let client = token.map_or_else(|| self.http.clone(), |token| self.http.with_token(token));
        let answered = async {
            let mut repeated = false;
            loop {
                match client.send(method.clone(), path, body).await {
                    Ok(answer) if !self.ledger.take(what, &answer) => return Answered { answer, repeated },
                    Ok(_) => {}
                    Err(_) => {
                        self.ledger.unanswered.fetch_add(1, Ordering::Relaxed);
                    }
                }
                repeated = true;
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answered)
            .await
            .with_context(|| format!("{what} was not served in a minute"))
    }

    fn violation(&self, what: &str, answer: &Answer) {
        let text = format!("{}: {what}: {} {}", self.email, answer.status, answer.text);
        self.ledger.violation(text);
    }

    /// A number below `limit`.
    fn pick(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % (limit as u64)).unwrap_or_default()
    }

    /// The next number of a linear congruential generator.
    fn next(&mut self) -> u64 {
        self.random =
            self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.random >> 33
    }
}

fn tokens(answer: &Answer) -> Tokens {
    Tokens {
        access: answer.text_at("/access_token").to_owned(),
        refresh: answer.text_at("/refresh_token").to_owned(),
    }
}
