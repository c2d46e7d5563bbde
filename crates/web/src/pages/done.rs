/// What a page tells that was done. It stands in the address as a fixed word, never as free text, so that
/// nobody's link puts words into the service's mouth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Done {
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
    AccountDisabled,
    AccountEnabled,
    AccountUnlocked,
    AccountDeleted,
    RolesSet,
    UserSessionEnded,
    UserSessionsEnded,
    AddressBlocked,
    BlockLifted,
    MailsQueued,
    KeyRotated,
}

impl Done {
    pub(crate) const fn code(self) -> &'static str {
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
            Self::AccountDisabled => "account-disabled",
            Self::AccountEnabled => "account-enabled",
            Self::AccountUnlocked => "account-unlocked",
            Self::AccountDeleted => "account-deleted",
            Self::RolesSet => "roles-set",
            Self::UserSessionEnded => "user-session-ended",
            Self::UserSessionsEnded => "user-sessions-ended",
            Self::AddressBlocked => "address-blocked",
            Self::BlockLifted => "block-lifted",
            Self::MailsQueued => "mails-queued",
            Self::KeyRotated => "key-rotated",
        }
    }

    /// The sentence that the page shows.
    pub(crate) const fn sentence(self) -> &'static str {
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
            Self::AccountDisabled => "The account is disabled, and its sessions have ended.",
            Self::AccountEnabled => "The account is enabled. Its user can log in again.",
            Self::AccountUnlocked => "The account is unlocked: failed log-ins count from zero.",
            Self::AccountDeleted => "The account is deleted.",
            Self::RolesSet => "The roles are set.",
            Self::UserSessionEnded => "The session has ended.",
            Self::UserSessionsEnded => "Every session of this account has ended.",
            Self::AddressBlocked => "The address is blocked.",
            Self::BlockLifted => "The block is lifted.",
            Self::MailsQueued => "What had failed is queued again, and is sent in a moment.",
            Self::KeyRotated => "A new key is made. It signs once every replica and every reader knows it.",
        }
    }
}
