use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a request is suspicious.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspicionReason {
    /// The address is another one, and the deployment allows no change.
    IpChanged,
    /// The session was used from more networks than the deployment allows.
    TooManyIpChanges,
    /// The session goes to and fro between networks as if two people used it.
    AlternatingAddresses,
    /// The session is used by another program, on another system, or by an older version.
    UserAgentChanged,
    /// Nobody can have come that far in that time.
    ImpossibleTravel,
}

impl SuspicionReason {
    /// Every reason.
    pub const ALL: [Self; 5] = [
        Self::IpChanged,
        Self::TooManyIpChanges,
        Self::AlternatingAddresses,
        Self::UserAgentChanged,
        Self::ImpossibleTravel,
    ];

    /// The word that storage, events and operators see.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IpChanged => "ip_changed",
            Self::TooManyIpChanges => "too_many_ip_changes",
            Self::AlternatingAddresses => "alternating_addresses",
            Self::UserAgentChanged => "user_agent_changed",
            Self::ImpossibleTravel => "impossible_travel",
        }
    }
}

impl fmt::Display for SuspicionReason {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}

impl FromStr for SuspicionReason {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL
            .into_iter()
            .find(|reason| reason.as_str() == text)
            .ok_or_else(|| format!("unknown reason for suspicion {text:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_one_word() {
        for reason in SuspicionReason::ALL {
            assert_eq!(reason.as_str().parse(), Ok(reason));
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{reason}\""));
        }
        assert!("other".parse::<SuspicionReason>().is_err());
    }
}
