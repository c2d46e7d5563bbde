/// What a page tells that was done. It stands in the address as a fixed word, never as free text, so that
/// nobody's link puts words into the service's mouth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    SignedOut,
    SessionOver,
    Registered,
    MailSent,
    PasswordSet,
    PasswordChanged,
    EmailVerified,
    AlreadyVerified,
    SessionEnded,
    OthersEnded,
    ProviderLinked,
    ProviderUnlinked,
}

impl Done {
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::SignedOut => "signed-out",
            Self::SessionOver => "session-over",
            Self::Registered => "registered",
            Self::MailSent => "mail-sent",
            Self::PasswordSet => "password-set",
            Self::PasswordChanged => "password-changed",
            Self::EmailVerified => "email-verified",
            Self::AlreadyVerified => "already-verified",
            Self::SessionEnded => "session-ended",
            Self::OthersEnded => "others-ended",
            Self::ProviderLinked => "provider-linked",
            Self::ProviderUnlinked => "provider-unlinked",
        }
    }

    /// The sentence that the page shows.
    pub(super) const fn sentence(self) -> &'static str {
        match self {
            Self::SignedOut => "You are signed out.",
            Self::SessionOver => "Your session is over. Sign in to go on.",
            Self::Registered => {
                "Your account is open. Look into your mailbox: a mail with a link to verify your e-mail address \
                 is on its way."
            }
            Self::MailSent => "A mail with a new link is on its way.",
            Self::PasswordSet => "Your new password is set.",
            Self::PasswordChanged => "Your password is changed. Every other session has ended.",
            Self::EmailVerified => "Your e-mail address is verified.",
            Self::AlreadyVerified => "Your e-mail address is verified already.",
            Self::SessionEnded => "That session has ended.",
            Self::OthersEnded => "All other sessions have ended.",
            Self::ProviderLinked => "The provider is linked. You can log in with it from now on.",
            Self::ProviderUnlinked => "The provider is unlinked. It lets nobody in any more.",
        }
    }
}
