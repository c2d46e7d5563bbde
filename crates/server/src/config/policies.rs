//! From settings to the types of the domain.

use std::collections::BTreeMap;

use archon_domain::{
    Bucket, LockoutRule, OpeningRule, PasswordPolicy, Quota, RetrySchedule, SessionPolicy, Span,
    SuspicionPolicy,
};

use super::registry::Settings;
use super::values::QuotaSettings;

/// After this long an attempt to log in whose outcome was never reported counts as failed.
const ATTEMPT_TIMEOUT: Span = Span::seconds(30);

impl Settings {
    /// What new passwords must be like.
    #[must_use]
    pub fn password_policy(&self) -> PasswordPolicy {
        let rules = &self.passwords;
        PasswordPolicy {
            min_length: rules.min_length,
            max_length: rules.max_length,
            require_uppercase: rules.require_uppercase,
            require_lowercase: rules.require_lowercase,
            require_digit: rules.require_digit,
            require_symbol: rules.require_symbol,
            refuse_common: rules.refuse_common,
            refuse_personal: rules.refuse_personal,
        }
    }

    /// How long sessions live and how many a user may have.
    #[must_use]
    pub fn session_policy(&self) -> SessionPolicy {
        let sessions = &self.sessions;
        SessionPolicy {
            idle_timeout: sessions.session_timeout.as_span(),
            sliding: sessions.sliding_window,
            remember_me: sessions.remember_me_duration.as_span(),
            absolute_lifetime: sessions.absolute_lifetime.as_span(),
            opening: OpeningRule {
                max_concurrent: sessions.max_concurrent_sessions,
                end_oldest: sessions.terminate_old_sessions,
                one_per_device: sessions.one_per_device,
            },
        }
    }

    /// How much change of address and user agent a session may show.
    #[must_use]
    pub fn suspicion_policy(&self) -> SuspicionPolicy {
        let sessions = &self.sessions;
        SuspicionPolicy {
            enabled: sessions.hijack_detection,
            strict_ip_validation: sessions.strict_ip_validation,
            ip_change_threshold: sessions.ip_change_threshold,
            max_speed_kmh: sessions.max_travel_speed,
            roaming_systems: sessions.roaming_systems.iter().copied().collect(),
            watch_user_agent: sessions.watch_user_agent,
            grace_period: sessions.suspicion_grace.as_span(),
            ..SuspicionPolicy::default()
        }
    }

    /// How many failed log-ins lock an address.
    #[must_use]
    pub fn lockout_rule(&self) -> LockoutRule {
        LockoutRule {
            max_failures: self.lockout.max_failures,
            lock_for: self.lockout.duration.as_span(),
            attempt_timeout: ATTEMPT_TIMEOUT,
        }
    }

    /// For how long after a log-in its network stays known to the account.
    #[must_use]
    pub fn known_network_for(&self) -> Span {
        Span::days(i64::from(self.lockout.known_network_days))
    }

    /// When a mail that could not be sent is tried again.
    #[must_use]
    pub fn retry_schedule(&self) -> RetrySchedule {
        RetrySchedule { max_attempts: self.mail.max_attempts, first_wait: self.mail.first_retry.as_span() }
    }

    /// The quota of every bucket in use; empty where nothing is limited.
    #[must_use]
    pub fn quotas(&self) -> BTreeMap<Bucket, Quota> {
        let limits = &self.rate_limits;
        if !limits.enabled {
            return BTreeMap::new();
        }
        BTreeMap::from([
            (Bucket::Login, limits.login.into()),
            (Bucket::Register, limits.register.into()),
            (Bucket::Refresh, limits.refresh.into()),
            (Bucket::PasswordReset, limits.password_reset.into()),
            (Bucket::EmailResend, limits.email_resend.into()),
            (Bucket::Oauth, limits.oauth.into()),
            (Bucket::StrangerMail, limits.stranger_mail.into()),
            (Bucket::Default, limits.default.into()),
        ])
    }

    /// How long security events are kept.
    #[must_use]
    pub fn event_retention(&self) -> Span {
        Span::days(i64::from(self.events.retention_days))
    }

    /// Where links in mails lead, without a slash at the end; `port` is the one that is listened on.
    #[must_use]
    pub fn base_url(&self, port: u16) -> String {
        if self.links.base_url.is_empty() {
            return format!("http://localhost:{port}");
        }
        self.links.base_url.reveal().trim_end_matches('/').to_owned()
    }
}

impl From<QuotaSettings> for Quota {
    fn from(quota: QuotaSettings) -> Self {
        Self { limit: quota.limit, window: quota.window.as_span() }
    }
}
