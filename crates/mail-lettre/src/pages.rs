/// Pages that mails lead to, as URLs. Where one is `None`, its mails have no button.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Pages {
    /// Where users log in: for mails that greet a new user, or say that there is an account already.
    pub sign_in: Option<String>,
    /// Where users ask for a new password: for mails about a changed password or a locked account.
    pub forgot_password: Option<String>,
    /// Where users see and end their sessions: for mails about a new device.
    pub sessions: Option<String>,
}
