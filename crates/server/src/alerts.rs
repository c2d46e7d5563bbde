//! When alerts are raised, whom they are told to, and who is blocked: the section `alerts`.

use std::sync::Arc;

use anyhow::anyhow;
use archon_alerts_webhook::{Webhook, WebhookSettings, Webhooks};
use archon_app::AlertPolicy;
use archon_app::workers::AlertSenders;
use archon_domain::{AlertChannel, AlertKind, AlertRule, Email};
use archon_mail_lettre::Postman;

use crate::config::Settings;

/// When security events become an alert, and what follows.
///
/// # Errors
/// When a mail address cannot be written to.
pub(crate) fn policy(settings: &Settings) -> anyhow::Result<AlertPolicy> {
    let alerts = &settings.alerts;
    let webhooks = alerts.webhooks.iter();
    let webhooks = webhooks.map(|(_, webhook)| Ok(AlertChannel::Webhook(webhook.name.clone())));
    let mails = alerts.mail_to.iter().map(|address| {
        let address = Email::parse(address).map_err(|error| anyhow!("alerts.mail_to {}", error.message))?;
        Ok(AlertChannel::Mail(address))
    });
    let spared = [&settings.server.trusted_proxies, &settings.rate_limits.exempt, &alerts.never_block];
    Ok(AlertPolicy {
        rules: if alerts.enabled { rules(settings) } else { Vec::new() },
        critical_at_once: alerts.critical_at_once,
        channels: webhooks.chain(mails).collect::<anyhow::Result<_>>()?,
        never_block: spared.into_iter().flatten().copied().collect(),
    })
}

fn rules(settings: &Settings) -> Vec<AlertRule> {
    let alerts = &settings.alerts;
    let rule = |kind: AlertKind| {
        let threshold = match kind {
            AlertKind::FailedLogins => alerts.failed_logins,
            AlertKind::PasswordSpraying => alerts.password_spraying,
            AlertKind::AccountAttack => alerts.account_attack,
            AlertKind::TokenAttacks => alerts.token_attacks,
            AlertKind::SessionAnomalies => alerts.session_anomalies,
            AlertKind::OauthAbuse => alerts.oauth_abuse,
        };
        let blocks = alerts.block.iter().any(|blocking| AlertKind::from(*blocking) == kind);
        AlertRule {
            kind,
            threshold: threshold.limit,
            window: threshold.window.as_span(),
            blocks_for: blocks.then(|| alerts.block_duration.as_span()),
        }
    };
    AlertKind::ALL.into_iter().map(rule).collect()
}

/// How alerts are told. No receiver is asked for anything, so that one that is away delays no start.
///
/// # Errors
/// When a webhook cannot be used, with the setting and what is wrong with it.
pub(crate) fn senders(settings: &Settings, postman: &Arc<Postman>) -> anyhow::Result<AlertSenders> {
    let webhooks = settings.alerts.webhooks.iter().map(|(number, webhook)| {
        let secret = webhook.secret.reveal().unwrap_or_default();
        let made = Webhook::new(&WebhookSettings::new(webhook.url.reveal(), secret));
        // The message goes on from the section: `alerts.webhooks.0.secret must be ...`.
        let made = made.map_err(|error| anyhow!("alerts.webhooks.{number}.{error}"))?;
        Ok((webhook.name.clone(), made))
    });
    let webhooks = webhooks.collect::<anyhow::Result<Vec<_>>>()?;
    Ok(AlertSenders { webhooks: Arc::new(Webhooks::new(webhooks)), mail: Arc::clone(postman) as _ })
}
