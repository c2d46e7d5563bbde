//! The outcomes of what alerts block, and of what administrators do about it.

use archon_app::{AddressBlocked, AlertActionError};

use crate::problem::{Problem, RetryAfter};

impl From<AddressBlocked> for Problem {
    fn from(AddressBlocked { until }: AddressBlocked) -> Self {
        Self::forbidden("ADDRESS_BLOCKED", "Your network address is blocked for a while")
            .retry(RetryAfter::At(until))
            .way_out("address", "Come again after the time in Retry-After, or from another network")
    }
}

impl From<AlertActionError> for Problem {
    fn from(error: AlertActionError) -> Self {
        match error {
            AlertActionError::UnknownAlert => {
                Self::not_found("ALERT_NOT_FOUND", "There is no such alert; GET /auth/admin/alerts lists all")
            }
            AlertActionError::UnknownNotice => Self::not_found(
                "NOTICE_NOT_FOUND",
                "No such notice was given up; GET /auth/admin/alerts/notices/failed lists those that were",
            ),
            AlertActionError::NotBlocked => Self::not_found(
                "ADDRESS_NOT_BLOCKED",
                "The address is not blocked; GET /auth/admin/blocked-addresses lists those that are",
            ),
            AlertActionError::OwnAddress => {
                Self::conflict("OWN_ADDRESS", "This is the address that your request comes from")
                    .way_out("address", "Block it from another network, if it must be")
            }
            AlertActionError::Fault(fault) => fault.into(),
        }
    }
}
