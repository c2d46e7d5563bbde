//! What can go wrong with Redis, and what the ports say of it.

use std::error::Error;
use std::fmt;

use archon_domain::{StoreError, StoreErrorKind};
use deadpool_redis::redis::{ErrorKind, ParsingError, RedisError, ServerErrorKind};

/// What can happen while Redis is asked; [`Fault::at`] makes it what the ports speak of.
#[derive(Debug)]
pub(crate) enum Fault {
    /// There is no connection; a probe has to make one.
    Down(String),
    /// Redis or the way to it failed.
    Redis(RedisError),
    /// Redis is there and cannot serve.
    Unfit(String),
    /// An answer is not what the script or command gives.
    Answer(String),
}

impl From<RedisError> for Fault {
    fn from(error: RedisError) -> Self {
        Self::Redis(error)
    }
}

impl From<ParsingError> for Fault {
    fn from(error: ParsingError) -> Self {
        Self::Answer(error.to_string())
    }
}

impl Fault {
    /// The port's error, met while doing `context`.
    pub(crate) fn at(self, context: &'static str) -> StoreError {
        let unavailable = StoreErrorKind::Unavailable;
        match self {
            Self::Down(text) | Self::Unfit(text) => StoreError::new(unavailable, context).with_source(text),
            Self::Answer(text) => StoreError::new(StoreErrorKind::Corrupt, context).with_source(text),
            Self::Redis(error) => {
                StoreError::new(kind(&error), context).with_source(Advised { advice: advice(&error), error })
            }
        }
    }

    /// Whether the connection is of no use any more: it is gone, its answers are out of step, or what is at
    /// its other end is not the master that it was.
    pub(crate) fn breaks_connection(error: &RedisError) -> bool {
        match error.kind() {
            ErrorKind::Io | ErrorKind::Parse | ErrorKind::AuthenticationFailed => true,
            ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask) => true,
            _ => code(error) == "READONLY",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Down(text) | Self::Unfit(text) | Self::Answer(text) => formatter.write_str(text),
            Self::Redis(error) => write!(formatter, "{error}{}", advice(error)),
        }
    }
}

/// A driver's error with what to do about it.
#[derive(Debug)]
struct Advised {
    error: RedisError,
    advice: &'static str,
}

impl fmt::Display for Advised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.error, self.advice)
    }
}

impl Error for Advised {}

/// The word that Redis begins its error with.
///
/// Before Redis 7 an error within a script is an `ERR` that has the command's own error in its text:
/// `Error running script (call to f_...): @user_script:12: -OOM command not allowed ...`.
pub(crate) fn code(error: &RedisError) -> &str {
    let outer = error.code().unwrap_or_default();
    match (outer, error.detail()) {
        ("ERR", Some(detail)) => code_within_script(detail).unwrap_or(outer),
        _ => outer,
    }
}

fn code_within_script(detail: &str) -> Option<&str> {
    let (_, place) = detail.split_once("@user_script")?;
    let (_, inner) = place.split_once(" -")?;
    inner.split(' ').next().filter(|word| word.chars().all(|letter| letter.is_ascii_uppercase()))
}

fn kind(error: &RedisError) -> StoreErrorKind {
    match error.kind() {
        ErrorKind::Io | ErrorKind::Parse | ErrorKind::ClusterConnectionNotFound => {
            StoreErrorKind::Unavailable
        }
        _ => match code(error) {
            "OOM" | "READONLY" | "LOADING" | "MASTERDOWN" | "CLUSTERDOWN" | "TRYAGAIN" | "MOVED" | "ASK"
            | "BUSY" | "MISCONF" | "NOREPLICAS" => StoreErrorKind::Unavailable,
            _ if error.to_string().contains("max number of clients") => StoreErrorKind::Unavailable,
            _ => StoreErrorKind::Internal,
        },
    }
}

fn advice(error: &RedisError) -> &'static str {
    match code(error) {
        "NOAUTH" => "; give the user and password in the Redis URL: redis://user:password@host:port",
        "WRONGPASS" => "; check the user and password in the Redis URL, and that the user is on",
        "NOPERM" => {
            "; allow the user of the Redis URL its keys and commands: ACL SETUSER <user> \
             ~<prefix>* +@read +@write +@scripting +@connection -@dangerous +info +cluster|slots +cluster|info"
        }
        "OOM" => "; set maxmemory-policy allkeys-lru, or raise maxmemory",
        "READONLY" => "; the Redis URL must lead to the master, not to a replica",
        "MISCONF" => "; Redis refuses writes because it cannot save its snapshot: see its log",
        _ if error.kind() == ErrorKind::AuthenticationFailed => {
            "; check the user and password in the Redis URL, and that the user is on"
        }
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use deadpool_redis::redis::make_extension_error;

    use super::*;

    fn kind_of(code: &str, detail: &str) -> StoreErrorKind {
        let error = make_extension_error(code.to_owned(), Some(detail.to_owned()));
        Fault::from(error).at("test").kind()
    }

    #[test]
    fn what_time_may_mend_is_unavailable_and_what_an_operator_must_is_internal() {
        for code in ["OOM", "BUSY", "MISCONF", "NOREPLICAS", "READONLY", "LOADING", "MASTERDOWN"] {
            assert_eq!(kind_of(code, "..."), StoreErrorKind::Unavailable, "{code}");
        }
        for code in ["NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE"] {
            assert_eq!(kind_of(code, "..."), StoreErrorKind::Internal, "{code}");
        }
        assert_eq!(kind_of("ERR", "max number of clients reached"), StoreErrorKind::Unavailable);
    }

    #[test]
    fn an_error_within_a_script_of_an_older_server_is_recognised() {
        let detail = "Error running script (call to f_0a1b): @user_script:12: -OOM command not allowed";
        assert_eq!(code_within_script(detail), Some("OOM"));
        assert_eq!(code_within_script("unknown command"), None);
        assert_eq!(code_within_script("Error running script @user_script:3: attempt to index a nil"), None);
    }

    #[test]
    fn faults_that_need_an_operator_say_what_to_do() {
        for (code, wanted) in
            [("NOAUTH", "redis://user:password@"), ("NOPERM", "ACL SETUSER"), ("OOM", "lru")]
        {
            let error = make_extension_error(code.to_owned(), Some("no".to_owned()));
            let told = Fault::from(error).at("test").source().map(ToString::to_string);
            assert!(told.as_deref().is_some_and(|text| text.contains(wanted)), "{code}: {told:?}");
        }
    }
}
