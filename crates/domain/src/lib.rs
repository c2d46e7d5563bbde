//! What Archon Auth knows, apart from any technology: its types, its rules and its ports.
//!
//! Nothing here does I/O, reads a clock or draws a random number: instants, randomness and secrets
//! come in as arguments. The traits in [`ports`] are what the outside world must provide.

mod alert;
pub mod archive;
mod blocked_address;
mod client;
mod common_passwords;
mod directory;
mod email;
mod error;
mod event;
mod event_chain;
mod event_filter;
mod field_error;
mod identity;
mod ids;
mod key;
mod lockout;
mod mail;
mod metadata;
mod notice;
mod oauth;
mod one_time_token;
mod passage;
mod password;
mod password_policy;
mod person_name;
pub mod ports;
mod profile;
mod random_text;
mod rate_limit;
mod rotation;
mod session;
mod suspicion;
mod token;
mod user;

pub use alert::{
    Alert, AlertCause, AlertChannel, AlertCursor, AlertFilter, AlertKind, AlertNotice, AlertRule,
    NoticeCounts, Raising,
};
pub use blocked_address::BlockedAddress;
pub use client::{Client, ClientNetwork, DeviceFingerprint, UserAgent};
pub use directory::{UserCursor, UserFilter};
pub use email::{Email, EmailKey, mask_addresses};
pub use error::{StoreError, StoreErrorKind};
pub use event::{EventKind, SecurityEvent, Severity};
pub use event_chain::{Break, ChainDigest, ChainEnds, ChainEntry, ChainLink, Verification};
pub use event_filter::{EventCursor, EventFilter, EventTally};
pub use field_error::{FieldError, FieldErrorCode};
pub use identity::{IdentityLink, LinkRight, LinkedIdentity, Linking, Unlinking};
pub use ids::{AlertId, EventId, KeyId, MailId, NoticeId, RequestId, SessionId, TokenId, UserId};
pub use key::{KeyRing, SigningAlgorithm, SigningKey};
pub use lockout::{AttemptAdmission, AttemptCounter, AttemptStanding, LockoutRule};
pub use mail::{DeliveryError, Mail, MailMessage, OutboxCounts, QueuedMail, RetrySchedule};
pub use metadata::Metadata;
pub use notice::Notice;
pub use oauth::{
    AuthorizationResponse, ExternalIdentity, OauthFlow, OauthPurpose, ProviderDescriptor, ProviderError,
    ProviderFault, ProviderStep,
};
pub use one_time_token::{IssuedToken, OneTimeToken, TokenDigest, TokenPurpose};
pub use passage::{CacheAnswer, CachedSession, Charge, Lease, Passage, Passed};
pub use password::{NewPassword, Password, PasswordHash};
pub use password_policy::PasswordPolicy;
pub use person_name::PersonName;
pub use profile::{CachedProfile, Profile, ProfileVersion};
pub use rate_limit::{Bucket, Quota, RateDecision, RateKey};
pub use rotation::{Presented, RefreshState, RefreshVerdict, Rotate, Rotation, Succession};
pub use session::{
    NewSession, Opening, OpeningRule, Session, SessionEnding, SessionPolicy, SessionStanding,
    TerminationReason, Touch,
};
pub use suspicion::{
    Location, NetworkBlock, Place, SessionFlag, SessionTrace, Sighting, SuspicionPolicy, SuspicionReason,
    Verdict,
};
pub use token::{Claims, SealedToken, SignedToken, TokenError, TokenKind, TokenRef, TokenRejection};
pub use user::{
    AccountDeletion, AccountOpening, Amended, Amendment, NewAccount, PasswordChange, PasswordChangeOutcome,
    PasswordRight, Role, User, UserStatus,
};

/// A point in time in UTC. Adapters keep microseconds; the [`ports::Clock`] hands out no finer ones.
pub type Instant = chrono::DateTime<chrono::Utc>;

/// A length of time.
pub type Span = chrono::Duration;
