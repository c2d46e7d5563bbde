use anyhow::ensure;

use crate::Answer;

/// A registered user with the tokens of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The identifier, as the `sub` claim of access tokens has it.
    pub id: String,
    /// The e-mail address.
    pub email: String,
    /// The password.
    pub password: String,
    /// The access token.
    pub access_token: String,
    /// The refresh token.
    pub refresh_token: String,
}

impl User {
    /// The password of every user that the test kit registers: `SecurePass123!`.
    pub const PASSWORD: &str = "SecurePass123!";

    /// The `Authorization` header by which the application under test knows the user.
    ///
    /// ```
    /// # let user = archon_testkit::User {
    /// #     id: String::new(), email: String::new(), password: String::new(),
    /// #     access_token: "eyJ0eXAi".to_owned(), refresh_token: String::new(),
    /// # };
    /// assert_eq!(user.authorization(), "Bearer eyJ0eXAi");
    /// ```
    #[must_use]
    pub fn authorization(&self) -> String {
        format!("Bearer {}", self.access_token)
    }

    /// The user that a registration has answered with.
    pub(crate) fn registered(email: &str, answer: &Answer) -> anyhow::Result<Self> {
        ensure!(answer.status == 201, "{email} was not registered: {}", explained(answer));
        Ok(Self {
            id: answer.text_at("/user/id").to_owned(),
            email: email.to_owned(),
            password: Self::PASSWORD.to_owned(),
            access_token: answer.text_at("/tokens/access_token").to_owned(),
            refresh_token: answer.text_at("/tokens/refresh_token").to_owned(),
        })
    }

    /// The same user with the tokens that a log-in has answered with.
    pub(crate) fn logged_in(&self, answer: &Answer) -> anyhow::Result<Self> {
        ensure!(answer.status == 200, "{} was not logged in: {}", self.email, explained(answer));
        Ok(Self {
            access_token: answer.text_at("/access_token").to_owned(),
            refresh_token: answer.text_at("/refresh_token").to_owned(),
            ..self.clone()
        })
    }
}

/// What was answered, and what to do where many suites run into the same.
pub(crate) fn explained(answer: &Answer) -> String {
    let advice = match answer.code() {
        "RATE_LIMIT_EXCEEDED" => {
            "; turn the clock, come from another address, or set rate_limits.enabled to false"
        }
        _ => "",
    };
    format!("{} {}{advice}", answer.status, answer.text)
}
