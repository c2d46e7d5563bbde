use std::cmp::Ordering;

/// A line of a list: the digits of a hash and, in most lists, a colon and how often it was seen.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    digits: &'a [u8],
    /// A line that was put in so that answers look alike in size: its count is 0.
    is_padding: bool,
}

impl<'a> Entry<'a> {
    /// The most bytes of a line whose hash has `length` digits: a colon, a count, the end of the line.
    pub(crate) const fn longest(length: usize) -> usize {
        length + 1 + LONGEST_COUNT + 2
    }

    /// Reads a line, with its end or without. `None` if it is anything else.
    pub(crate) fn read(line: &'a [u8], length: usize) -> Option<Self> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let (digits, rest) = line.split_at_checked(length)?;
        let is_padding = match rest {
            [] => false,
            [b':', count @ ..] if is_count(count) => count.iter().all(|digit| *digit == b'0'),
            _ => return None,
        };
        digits.iter().all(u8::is_ascii_hexdigit).then_some(Self { digits, is_padding })
    }

    /// How its hash stands to one in upper case.
    pub(crate) fn compare(&self, digits: &str) -> Ordering {
        self.digits.iter().map(u8::to_ascii_uppercase).cmp(digits.bytes())
    }

    /// Whether it says that the hash in upper case was made public.
    pub(crate) fn names(&self, digits: &str) -> bool {
        self.compare(digits).is_eq() && !self.is_padding
    }

    /// Its hash in upper case.
    pub(crate) fn digits(&self) -> Vec<u8> {
        self.digits.to_ascii_uppercase()
    }
}

/// As many digits as the largest number of 64 bits has.
const LONGEST_COUNT: usize = 20;

fn is_count(text: &[u8]) -> bool {
    (1..=LONGEST_COUNT).contains(&text.len()) && text.iter().all(u8::is_ascii_digit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_hash_and_perhaps_a_count() {
        for line in ["00aF", "00AF\n", "00AF\r\n", "00AF:1", "00aF:18446744073709551615\r\n", "00AF:007"] {
            let entry = Entry::read(line.as_bytes(), 4).unwrap();
            assert!(entry.names("00AF") && !entry.names("00AE"), "{line:?}");
            assert_eq!((entry.compare("00AE"), entry.compare("00B0")), (Ordering::Greater, Ordering::Less));
        }
        for line in ["00AF:0", "00AF:000\r\n"] {
            assert!(!Entry::read(line.as_bytes(), 4).unwrap().names("00AF"), "{line:?} is padding");
        }
    }

    #[test]
    fn anything_else_is_no_line() {
        let wrong = [
            "",
            "\n",
            "00A",
            "00AFF",
            "00AG",
            "00AF:",
            "00AF:x",
            "00AF:-1",
            "00AF:1 ",
            " 00AF",
            "00AF;1",
            "00AF\r\r\n",
            "00AF\n\n",
            "00AF:184467440737095516150",
            "00A\u{c4}",
            "\u{feff}00AF",
        ];
        for line in wrong {
            assert!(Entry::read(line.as_bytes(), 4).is_none(), "{line:?}");
        }
    }
}
