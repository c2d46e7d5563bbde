use std::net::IpAddr;

use archon_domain::{
    Alert, AlertCursor, AlertFilter, AlertId, AlertNotice, BlockedAddress, ClientNetwork, NoticeCounts,
    NoticeId, Span,
};
use thiserror::Error;

use crate::{Actor, Auth, Fault, Mandate, Page, Reason};

/// How an administrator wants an address blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockAddress {
    /// The client; of an IPv6 address the whole /64.
    pub network: ClientNetwork,
    /// For how long.
    pub duration: Span,
}

/// Why an administrator's wish about alerts or blocks was not done.
#[derive(Debug, Error)]
pub enum AlertActionError {
    /// There is no such alert.
    #[error("there is no such alert")]
    UnknownAlert,
    /// No notice of that id was given up.
    #[error("no such notice was given up: it was sent, or waits still, or there never was one")]
    UnknownNotice,
    /// The address is not blocked.
    #[error("the address is not blocked")]
    NotBlocked,
    /// It is the address that the administrator's own request comes from.
    #[error("this is your own address, and you could not log in again")]
    OwnAddress,
    /// The service could not do its part.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl Auth {
    /// The latest alerts that a filter admits and that come behind `after`, the latest raised first.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn find_alerts(
        &self,
        filter: &AlertFilter,
        after: Option<AlertCursor>,
        limit: u32,
    ) -> Result<Page<Alert, AlertCursor>, Fault> {
        let asked = Page::<Alert, AlertCursor>::with_one_more(limit);
        let found = self.ports.alerts.search_alerts(filter, after, asked).await?;
        Ok(Page::cut(found, limit, |alert| AlertCursor::from(alert)))
    }

    /// The alert with this id.
    ///
    /// # Errors
    /// See [`AlertActionError`].
    pub async fn alert(&self, id: AlertId) -> Result<Alert, AlertActionError> {
        let alert = self.ports.alerts.find_alert(id).await.map_err(Fault::from)?;
        alert.ok_or(AlertActionError::UnknownAlert)
    }

    /// How the notices of alerts stand.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn alert_notice_counts(&self) -> Result<NoticeCounts, Fault> {
        Ok(self.ports.alerts.notice_counts().await?)
    }

    /// The notices that were given up, the latest first, at most `limit`.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn failed_alert_notices(&self, limit: u32) -> Result<Vec<AlertNotice>, Fault> {
        Ok(self.ports.alerts.failed_notices(limit).await?)
    }

    /// Queues a notice again that was given up.
    ///
    /// # Errors
    /// See [`AlertActionError`].
    pub async fn retry_alert_notice(&self, mandate: &Mandate, id: NoticeId) -> Result<(), AlertActionError> {
        if self.ports.alerts.retry_notices(Some(id), self.now()).await.map_err(Fault::from)? == 0 {
            return Err(AlertActionError::UnknownNotice);
        }
        self.alert_raised.notify_one();
        self.recorder.record(mandate.action("retry_alert_notice", id)).await;
        Ok(())
    }

    /// Queues every notice again that was given up; returns how many.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn retry_alert_notices(&self, mandate: &Mandate) -> Result<u64, Fault> {
        let count = self.ports.alerts.retry_notices(None, self.now()).await?;
        self.alert_raised.notify_one();
        let retried = mandate.action("retry_alert_notices", "every failed notice");
        self.recorder.record(retried.detail("count", count)).await;
        Ok(count)
    }

    /// The blocks that hold, the latest made first, at most `limit`.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn blocked_addresses(&self, limit: u32) -> Result<Vec<BlockedAddress>, Fault> {
        Ok(self.blocks.blocked(limit).await?)
    }

    /// Blocks a client, for the reason of the mandate; one that is blocked already until the later of the two ends.
    /// Returns the block as it is now.
    ///
    /// # Errors
    /// See [`AlertActionError`].
    pub async fn block_address(
        &self,
        mandate: &Mandate,
        block: BlockAddress,
    ) -> Result<BlockedAddress, AlertActionError> {
        let BlockAddress { network, duration } = block;
        if own_address(mandate).map(ClientNetwork::of) == Some(network) {
            return Err(AlertActionError::OwnAddress);
        }
        let now = self.now();
        let reason = mandate.reason().map(Reason::as_str).unwrap_or_default().to_owned();
        let blocked = BlockedAddress { network, since: now, until: now + duration, alert: None, reason };
        let blocked = self.blocks.block(blocked).await.map_err(Fault::from)?;
        let action = mandate.action("block_address", network);
        self.recorder.record(action.detail("until", blocked.until.to_rfc3339())).await;
        Ok(blocked)
    }

    /// Lifts the block of a client.
    ///
    /// # Errors
    /// See [`AlertActionError`].
    pub async fn lift_block(
        &self,
        mandate: &Mandate,
        network: ClientNetwork,
    ) -> Result<(), AlertActionError> {
        if !self.blocks.lift(network).await.map_err(Fault::from)? {
            return Err(AlertActionError::NotBlocked);
        }
        self.recorder.record(mandate.action("lift_block", network)).await;
        Ok(())
    }
}

/// Where the administrator's request comes from, if it is one.
fn own_address(mandate: &Mandate) -> Option<IpAddr> {
    match mandate.actor() {
        Actor::Administrator(administrator) => Some(administrator.caller().client.address),
        Actor::CommandLine => None,
    }
}
