//! Where a page of a list ended, as clients carry it to the next page: opaque to them, and good only for the list
//! and the conditions that it came from.
//!
//! A cursor is a version, a digest over everything, and the place itself. The digest keeps nobody out, since
//! administrators may see every place: it tells a cursor that was cut off, changed or brought to another list
//! from one that fits.

use std::fmt::Debug;

use archon_domain::{AlertCursor, Email, EventCursor, Instant, UserCursor, UserId};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::problem::Problem;

/// What the first byte is; another one comes with another form.
const VERSION: u8 = 1;

/// Bytes of the digest.
const DIGEST: usize = 16;

/// Most characters that are looked at: the longest place is an address.
const MAX_CHARACTERS: usize = 512;

/// A place in a list.
pub(crate) trait Place: Sized {
    /// The place as bytes.
    fn to_bytes(&self) -> Vec<u8>;

    /// The place that bytes stand for, if they do.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

/// A place in the list that `conditions` describe, as a cursor.
pub(crate) fn write<P: Place>(place: &P, conditions: &impl Debug) -> String {
    let place = place.to_bytes();
    let mut bytes = vec![VERSION];
    bytes.extend(digest(&place, conditions));
    bytes.extend(place);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The place that a cursor of this very list stands for.
///
/// # Errors
/// 400 `INVALID_CURSOR` for anything else.
pub(crate) fn read<P: Place>(cursor: &str, conditions: &impl Debug) -> Result<P, Problem> {
    opened(cursor, conditions).ok_or_else(|| {
        Problem::bad_request("INVALID_CURSOR", "This is no cursor of this list").way_out(
            "cursor",
            "Take next_cursor of the page before, with the same conditions; without a cursor the list begins anew",
        )
    })
}

fn opened<P: Place>(cursor: &str, conditions: &impl Debug) -> Option<P> {
    if cursor.len() > MAX_CHARACTERS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let place = bytes.strip_prefix(&[VERSION])?;
    let (told, place) = place.split_at_checked(DIGEST)?;
    if told != digest(place, conditions) { None } else { P::from_bytes(place) }
}

/// A digest of the place and of what the list is: the words for its conditions, whose form may change with the
/// version of the service. Cursors of before are then of no more use.
fn digest(place: &[u8], conditions: &impl Debug) -> [u8; DIGEST] {
    let mut hash = Sha256::new();
    hash.update([VERSION]);
    let conditions = format!("{conditions:?}");
    hash.update(u64::try_from(conditions.len()).unwrap_or(u64::MAX).to_be_bytes());
    hash.update(conditions);
    hash.update(place);
    let whole: [u8; 32] = hash.finalize().into();
    let mut digest = [0; DIGEST];
    digest.copy_from_slice(&whole[..DIGEST]);
    digest
}

/// An instant and an identifier, by which most lists are ordered.
pub(crate) fn moment_to_bytes(at: Instant, id: Uuid) -> Vec<u8> {
    [&at.timestamp_micros().to_be_bytes()[..], id.as_bytes()].concat()
}

/// What [`moment_to_bytes`] has written.
pub(crate) fn moment_from_bytes(bytes: &[u8]) -> Option<(Instant, Uuid)> {
    let (at, id) = bytes.split_first_chunk()?;
    let at = Instant::from_timestamp_micros(i64::from_be_bytes(*at))?;
    Some((at, Uuid::from_slice(id).ok()?))
}

/// How the places of accounts begin, by the order of the list.
const NEWEST: u8 = b'n';
const ADDRESS: u8 = b'a';

impl Place for UserCursor {
    fn to_bytes(&self) -> Vec<u8> {
        let (order, place) = match self {
            Self::Newest { created_at, id } => (NEWEST, moment_to_bytes(*created_at, id.as_uuid())),
            Self::Address(key) => (ADDRESS, key.as_str().as_bytes().to_vec()),
        };
        [&[order][..], &place].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match bytes.split_first()? {
            (&NEWEST, place) => {
                let (created_at, id) = moment_from_bytes(place)?;
                Some(Self::Newest { created_at, id: UserId::from(id) })
            }
            (&ADDRESS, place) => {
                let address = Email::parse(str::from_utf8(place).ok()?).ok()?;
                Some(Self::Address(address.key().clone()))
            }
            _ => None,
        }
    }
}

impl Place for EventCursor {
    fn to_bytes(&self) -> Vec<u8> {
        moment_to_bytes(self.at, self.id.as_uuid())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (at, id) = moment_from_bytes(bytes)?;
        Some(Self { at, id: id.into() })
    }
}

impl Place for AlertCursor {
    fn to_bytes(&self) -> Vec<u8> {
        moment_to_bytes(self.raised_at, self.id.as_uuid())
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (raised_at, id) = moment_from_bytes(bytes)?;
        Some(Self { raised_at, id: id.into() })
    }
}

#[cfg(test)]
mod tests {
    use archon_domain::UserFilter;
    use proptest::prelude::*;

    use super::*;

    fn filter(prefix: &str) -> UserFilter {
        UserFilter { address_prefix: Some(prefix.to_owned()), ..UserFilter::default() }
    }

    fn places() -> impl Strategy<Value = UserCursor> {
        let newest =
            (-62_135_596_800_000_000..253_402_300_799_999_999_i64, any::<u128>()).prop_map(|(at, id)| {
                let created_at = Instant::from_timestamp_micros(at).unwrap();
                UserCursor::Newest { created_at, id: Uuid::from_u128(id).into() }
            });
        let address = "[a-zA-Zäß]{1,20}@[a-z]{1,10}\\.example"
            .prop_map(|text| UserCursor::Address(Email::parse(&text).unwrap().key().clone()));
        prop_oneof![newest, address]
    }

    proptest! {
        #[test]
        fn a_cursor_leads_back_to_its_place(place in places(), prefix in "\\PC{0,20}") {
            let cursor = write(&place, &filter(&prefix));
            prop_assert_eq!(read::<UserCursor>(&cursor, &filter(&prefix)).ok(), Some(place));
        }

        #[test]
        fn a_cursor_fits_its_own_conditions_only(place in places(), prefix in "[a-z]{1,5}") {
            let cursor = write(&place, &filter(&prefix));
            for other in [filter(""), filter(&format!("{prefix}x")), UserFilter::default()] {
                prop_assert!(read::<UserCursor>(&cursor, &other).is_err());
            }
        }

        #[test]
        fn no_letter_of_a_cursor_can_be_changed(place in places(), at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
            let cursor = write(&place, &filter("a"));
            let mut letters: Vec<char> = cursor.chars().collect();
            let at = at.index(letters.len());
            letters[at] = letter.chars().next().unwrap();
            let changed: String = letters.into_iter().collect();
            prop_assert_eq!(read::<UserCursor>(&changed, &filter("a")).is_ok(), changed == cursor);
        }

        #[test]
        fn no_text_panics(text in "\\PC{0,60}") {
            prop_assert!(read::<UserCursor>(&text, &filter("a")).is_err());
            prop_assert!(read::<EventCursor>(&text, &filter("a")).is_err());
        }
    }
}
