use thiserror::Error;

/// Why a webhook cannot be used at all, as the rest of a sentence that begins with its setting.
#[derive(Debug, Error)]
pub enum WebhookError {
    /// The URL cannot be used. It is not shown: receivers like to put secrets into it.
    #[error("url cannot be used: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// The secret cannot be used.
    #[error("secret {reason}")]
    Secret {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// HTTP cannot be spoken, mostly for want of certificate authorities.
    #[error(
        "url cannot be asked: {reason}; for https this machine needs trusted certificate authorities: install its \
         package of them (ca-certificates), or name a file of them by the environment variable SSL_CERT_FILE"
    )]
    Client {
        /// What is in the way.
        reason: String,
    },
}
