use sha2::{Digest as _, Sha256};

use super::{Field, Record};

/// The SHA-256 of a table's content: of its records one after the other, in the order of their keys.
///
/// Each field counts with its kind and its length, so that no two contents look alike.
#[derive(Debug, Clone, Default)]
pub struct TableDigest(Sha256);

impl TableDigest {
    /// Takes in the next record.
    pub fn add(&mut self, record: &Record) {
        for field in record.fields() {
            add_field(&mut self.0, field);
        }
    }

    /// The digest in hexadecimal digits.
    #[must_use]
    pub fn finish(self) -> String {
        self.0.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Takes a field into a hash, with its kind and its length.
pub(crate) fn add_field(hash: &mut Sha256, field: &Field) {
    match field {
        Field::Absent => add_bytes(hash, b'-', b""),
        Field::Flag(flag) => add_bytes(hash, b'f', &[u8::from(*flag)]),
        Field::Number(number) => add_bytes(hash, b'n', &number.to_be_bytes()),
        Field::Instant(instant) => add_bytes(hash, b't', &instant.timestamp_micros().to_be_bytes()),
        Field::Id(id) => add_bytes(hash, b'i', id.as_bytes()),
        Field::Text(text) => add_bytes(hash, b's', text.as_bytes()),
        Field::Bytes(bytes) => add_bytes(hash, b'b', bytes),
        Field::Json(json) => add_bytes(hash, b'j', json.as_bytes()),
        Field::List(texts) => {
            add_bytes(hash, b'l', &(texts.len() as u64).to_be_bytes());
            texts.iter().for_each(|text| add_bytes(hash, b's', text.as_bytes()));
        }
    }
}

fn add_bytes(hash: &mut Sha256, kind: u8, bytes: &[u8]) {
    hash.update([kind]);
    hash.update((bytes.len() as u64).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::archive::{FieldValue as _, Table};

    fn network(network: &str, more: &[u8]) -> Record {
        let fields = vec![Uuid::nil().into_field(), network.into_field(), more.to_vec().into_field()];
        Record::new(Table::KnownNetworks, fields)
    }

    fn digest(records: &[Record]) -> String {
        let mut digest = TableDigest::default();
        records.iter().for_each(|record| digest.add(record));
        digest.finish()
    }

    #[test]
    fn no_two_contents_look_alike() {
        let contents = [
            vec![],
            vec![network("", b"")],
            vec![network("a", b"b")],
            vec![network("ab", b"")],
            vec![network("", b"ab")],
            vec![network("a", b"b"), network("a", b"b")],
        ];
        let digests: std::collections::BTreeSet<_> = contents.iter().map(|content| digest(content)).collect();
        assert_eq!(digests.len(), contents.len());
        assert_eq!(digest(&[]), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
