//! Which slot of a cluster a key is in (Redis Cluster specification, "Key distribution model").

/// How many slots a cluster has.
pub(crate) const SLOTS: u16 = 16384;

/// The slot of a key.
pub(crate) fn slot(key: &[u8]) -> u16 {
    crc16(hash_tag(key).unwrap_or(key)) % SLOTS
}

/// What of a key is hashed in its place: what stands between its first `{` and the next `}`, if anything does.
fn hash_tag(key: &[u8]) -> Option<&[u8]> {
    let begin = key.iter().position(|byte| *byte == b'{')? + 1;
    let length = key[begin..].iter().position(|byte| *byte == b'}')?;
    (length > 0).then(|| &key[begin..begin + length])
}

/// Whether keys that begin with `prefix` can have companions: braces in it must be a tag.
pub(crate) fn is_fit_for_prefix(prefix: &str) -> bool {
    !prefix.contains(['{', '}']) || hash_tag(prefix.as_bytes()).is_some()
}

/// A key of another name in the slot of `key`; both begin with the same prefix.
///
/// The tag is `key` itself, so that people see what belongs together. A key that has a tag lends it, and a key
/// with a `}` but no tag cannot be one: then the tag is the first number of the same slot.
pub(crate) fn companion(name: &str, key: &str) -> String {
    if let Some(tag) = hash_tag(key.as_bytes()) {
        let tag = String::from_utf8_lossy(tag);
        return format!("{name}:{{{tag}}}:{key}");
    }
    if !key.contains('}') {
        return format!("{name}:{{{key}}}");
    }
    let wanted = slot(key.as_bytes());
    // Of this many numbers, each slot has some; the test of this file goes through all slots.
    let number = (0..u32::from(SLOTS) * 32).find(|number| slot(number.to_string().as_bytes()) == wanted);
    format!("{name}:{{{}}}:{key}", number.unwrap_or_default())
}

/// CRC-16/XMODEM.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, byte| {
        (0..8).fold(crc ^ (u16::from(*byte) << 8), |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn of(key: &str) -> u16 {
        slot(key.as_bytes())
    }

    #[test]
    fn slots_are_those_of_the_specification() {
        assert_eq!(crc16(b"123456789"), 0x31C3);
        assert_eq!(of("{user1000}.following"), of("{user1000}.followers"));
        assert_eq!(of("foo{}{bar}"), crc16(b"foo{}{bar}") % SLOTS);
        assert_eq!(of("foo{{bar}}zap"), crc16(b"{bar") % SLOTS);
        assert_eq!(of("foo{bar}{zap}"), crc16(b"bar") % SLOTS);
    }

    #[test]
    fn companions_are_in_the_slot_of_their_key_whatever_the_address() {
        let addresses =
            ["ada@x", "a{b}c@x", "a{b@x", "a}b@x", "a{}b@x", "a{}{b}@x", "}a{b@x", "{a}@x", "a}{b}@x"];
        let mut names = BTreeSet::new();
        for prefix in ["", "auth:", "{auth}:", "}{a}"] {
            assert!(is_fit_for_prefix(prefix));
            for address in addresses {
                let key = format!("{prefix}failed_login:{address}");
                let companion = companion(&format!("{prefix}failed_login_log"), &key);
                assert_eq!(of(&key), of(&companion), "{key} {companion}");
                assert!(companion.starts_with(prefix));
                assert!(names.insert(companion), "{key} has a companion of its own");
            }
        }
        assert_eq!(companion("log", "failed_login:ada@x"), "log:{failed_login:ada@x}");
    }

    #[test]
    fn braces_in_a_prefix_must_be_a_tag() {
        for prefix in ["{", "a}", "{}", "}{"] {
            assert!(!is_fit_for_prefix(prefix), "{prefix}");
        }
    }

    #[test]
    fn every_slot_has_a_number() {
        let slots: BTreeSet<u16> = (0..u32::from(SLOTS) * 32).map(|number| of(&number.to_string())).collect();
        assert_eq!(slots.len(), usize::from(SLOTS));
    }
}
