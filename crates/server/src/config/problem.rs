use std::fmt;

/// One thing that is wrong with the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The setting, or the name that is no setting; empty for a source that cannot be read at all.
    pub key: String,
    /// Where it comes from: a file and its line, an environment variable, the command line.
    pub source: String,
    /// What is wrong; never holds a secret.
    pub what: String,
    /// What is allowed, or which name may have been meant.
    pub allowed: Option<String>,
}

/// Everything that is wrong with the configuration, at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, source, what, allowed } = self;
        match key.as_str() {
            "" => write!(formatter, "{source}: {what}")?,
            key => write!(formatter, "{key} ({source}): {what}")?,
        }
        allowed.as_ref().map_or(Ok(()), |allowed| write!(formatter, "; {allowed}"))
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [only] => write!(formatter, "the configuration has a problem: {only}"),
            problems => {
                write!(formatter, "the configuration has {} problems:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(formatter, "\n  - {problem}"))
            }
        }
    }
}

impl std::error::Error for ConfigErrors {}
