use std::collections::HashSet;
use std::sync::LazyLock;

/// Lower-cased, one a line; where it comes from is said in `data/README.md`.
static LIST: &str = include_str!("../data/common-passwords.txt");

static ENTRIES: LazyLock<HashSet<&'static str>> = LazyLock::new(|| LIST.lines().collect());

/// Whether the password, its case aside, is one that many people use.
pub(crate) fn is_common(password: &str) -> bool {
    ENTRIES.contains(password.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_found_whatever_their_case() {
        assert!(is_common("password"));
        assert!(is_common("P@ssW0rd"));
        assert!(!is_common("SecurePass123!"));
        assert!(!is_common(""));
    }
}
