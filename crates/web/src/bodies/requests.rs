use archon_app::Policy;
use archon_domain::{Email, Metadata, NewPassword, Password, PersonName};
use utoipa::ToSchema;

use crate::body::RequestBody;
use crate::fields::Fields;

/// Open an account.
#[derive(Debug, ToSchema)]
#[schema(as = RegisterRequest)]
pub(crate) struct RegisterBody {
    /// RFC 5321 syntax, at most 254 bytes; compared without case.
    #[schema(value_type = String, format = Email, max_length = 254, example = "ada@example.com")]
    pub(crate) email: Email,
    /// 8 to 128 characters with an upper-case letter, a lower-case letter, a digit and a symbol, unless the
    /// deployment says otherwise; no common password, nor the account's own address or name.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, example = "SecurePass123!")]
    pub(crate) password: NewPassword,
    /// 1 to 100 characters after trimming, no control characters.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "Ada Lovelace")]
    pub(crate) name: PersonName,
    /// Free data of the deployment: at most 8 KiB and 32 levels deep. `locale` chooses the language of mails.
    #[schema(value_type = Option<Object>, example = json!({"locale": "en"}))]
    pub(crate) metadata: Metadata,
}

impl RequestBody for RegisterBody {
    fn read(fields: &mut Fields, policy: &Policy) -> Option<Self> {
        let email = fields.text("email", Email::parse);
        let name = fields.text("name", PersonName::parse);
        let password = fields.text("password", |text| Ok(Password::new(text))).and_then(|password| {
            let accepted = policy.passwords.accept("password", password, email.as_ref(), name.as_ref());
            fields.keep_all(accepted)
        });
        let metadata = fields.optional_object("metadata", Metadata::new).unwrap_or_default();
        Some(Self { email: email?, password: password?, name: name?, metadata })
    }
}

/// Log in with a password.
#[derive(Debug, ToSchema)]
#[schema(as = LoginRequest)]
pub(crate) struct LogInBody {
    /// The account's address, in any case.
    #[schema(value_type = String, format = Email, max_length = 254, example = "ada@example.com")]
    pub(crate) email: Email,
    /// The account's password.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024, example = "SecurePass123!")]
    pub(crate) password: Password,
    /// Keep the session for as long as a remembered device's.
    #[schema(value_type = Option<bool>, default = false)]
    pub(crate) remember_me: bool,
}

impl RequestBody for LogInBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let email = fields.text("email", Email::parse);
        let password = fields.password("password");
        let remember_me = fields.flag("remember_me");
        Some(Self { email: email?, password: password?, remember_me })
    }
}

/// Buy the next pair of tokens.
#[derive(Debug, ToSchema)]
#[schema(as = RefreshRequest)]
pub(crate) struct RefreshBody {
    /// The refresh token of the latest pair.
    #[schema(example = "eyJhbGciOiJSUzI1NiIs...")]
    pub(crate) refresh_token: String,
}

impl RequestBody for RefreshBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let refresh_token = fields.text("refresh_token", |text| Ok(text.to_owned()));
        Some(Self { refresh_token: refresh_token? })
    }
}

/// Change the profile; what is absent or null stays.
#[derive(Debug, ToSchema)]
#[schema(as = UpdateProfileRequest)]
pub(crate) struct UpdateProfileBody {
    /// The new name.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, example = "Ada King")]
    pub(crate) name: Option<PersonName>,
    /// The new metadata, in place of all of the old.
    #[schema(value_type = Option<Object>, example = json!({"locale": "de"}))]
    pub(crate) metadata: Option<Metadata>,
}

impl RequestBody for UpdateProfileBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let name = fields.optional_text("name", PersonName::parse);
        let metadata = fields.optional_object("metadata", Metadata::new);
        Some(Self { name, metadata })
    }
}

/// Delete the account.
#[derive(Debug, ToSchema)]
#[schema(as = DeleteAccountRequest)]
pub(crate) struct DeleteAccountBody {
    /// The present password; absent for an account without one.
    #[schema(value_type = Option<String>, format = Password, max_length = 1024, example = "SecurePass123!")]
    pub(crate) password: Option<Password>,
}

impl RequestBody for DeleteAccountBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        Some(Self { password: fields.optional_password("password") })
    }
}

/// Change the password.
#[derive(Debug, ToSchema)]
#[schema(as = ChangePasswordRequest)]
pub(crate) struct ChangePasswordBody {
    /// The present password.
    #[schema(value_type = String, format = Password, min_length = 1, max_length = 1024, example = "SecurePass123!")]
    pub(crate) current_password: Password,
    /// The new password, under the same rules as at registration and none of the latest.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, example = "EvenBetter456?")]
    pub(crate) new_password: Password,
}

impl RequestBody for ChangePasswordBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let current_password = fields.password("current_password");
        let new_password = fields.password("new_password");
        Some(Self { current_password: current_password?, new_password: new_password? })
    }
}

/// Ask for a mail with a link that sets a new password.
#[derive(Debug, ToSchema)]
#[schema(as = ResetPasswordRequest)]
pub(crate) struct ResetRequestBody {
    /// The account's address, in any case.
    #[schema(value_type = String, format = Email, max_length = 254, example = "ada@example.com")]
    pub(crate) email: Email,
}

impl RequestBody for ResetRequestBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        Some(Self { email: fields.text("email", Email::parse)? })
    }
}

/// Set a new password with the token from a mail.
#[derive(Debug, ToSchema)]
#[schema(as = ConfirmResetRequest)]
pub(crate) struct ResetConfirmBody {
    /// The token from the mail.
    #[schema(example = "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs")]
    pub(crate) token: String,
    /// The new password, under the same rules as at registration and none of the latest.
    #[schema(value_type = String, format = Password, min_length = 8, max_length = 128, example = "EvenBetter456?")]
    pub(crate) new_password: Password,
}

impl RequestBody for ResetConfirmBody {
    fn read(fields: &mut Fields, policy: &Policy) -> Option<Self> {
        let token = fields.text("token", |text| Ok(text.to_owned()));
        let new_password = fields.password("new_password");
        // With a token it is judged once it is known whose it is. Without one that never happens, and everything
        // that is wrong is told at once.
        if let (None, Some(password)) = (&token, &new_password) {
            fields.keep_all(policy.passwords.accept("new_password", password.clone(), None, None));
        }
        Some(Self { token: token?, new_password: new_password? })
    }
}

/// Verify an address.
#[derive(Debug, ToSchema)]
#[schema(as = VerifyEmailRequest)]
pub(crate) struct VerifyEmailBody {
    /// The token from the mail.
    #[schema(example = "q1VkE0vW7Q2yZb6bq8nJ0m6mC1dYH8m3r5n1o3x7fZs")]
    pub(crate) token: String,
}

impl RequestBody for VerifyEmailBody {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        Some(Self { token: fields.text("token", |text| Ok(text.to_owned()))? })
    }
}
