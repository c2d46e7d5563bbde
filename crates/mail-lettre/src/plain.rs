//! Text that comes from outside, made fit for headers and for plain mails.

/// The longest line of a plain mail. RFC 5322 section 2.1.1 allows 78; up to 74, ASCII is sent as it is.
const WIDTH: usize = 72;

/// One line that hides nothing: white space is folded, and control characters, line separators and the
/// marks that turn the direction of writing are gone.
pub(crate) fn one_line(text: &str) -> String {
    let is_gap = |c: char| c.is_control() || c.is_whitespace();
    let is_invisible = |c: char| {
        matches!(c, '\u{61c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}')
            || ('\u{202a}'..='\u{202e}').contains(&c)
            || ('\u{2066}'..='\u{2069}').contains(&c)
    };
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    visible.split(is_gap).filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A name as a mail may show it; `None` for one that mail programs would make a link of.
///
/// Anybody can register somebody else's address under the name "Win at evil.example", and the mail would
/// carry the advertisement.
pub(crate) fn shown_name(name: &str) -> Option<String> {
    let name = one_line(name);
    (!holds_link(&name) && !name.is_empty()).then_some(name)
}

/// A device as a mail may show it: without the words that mail programs would make links of, for the name
/// of a program is whatever its user says.
pub(crate) fn shown_device(device: &str) -> String {
    let device = one_line(device);
    device.split(' ').filter(|word| !holds_link(word)).collect::<Vec<_>>().join(" ")
}

/// Whether something like `a@b`, `a://` or `a.example` is in it; the last is a full stop after a letter or
/// digit, and two letters after it.
fn holds_link(text: &str) -> bool {
    let characters: Vec<char> = text.chars().collect();
    let holds_domain = characters.windows(4).any(|four| {
        let [before, stop, first, second] = four else { return false };
        *stop == '.' && before.is_alphanumeric() && first.is_alphabetic() && second.is_alphabetic()
    });
    holds_domain || text.contains("://") || text.contains('@')
}

/// Breaks long lines at spaces, closes gaps of more than one empty line, and ends with one line break.
pub(crate) fn laid_out(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.trim().lines().map(str::trim_end) {
        let is_second_gap = line.is_empty() && lines.last().is_none_or(String::is_empty);
        if !is_second_gap {
            lines.extend(broken(line));
        }
    }
    lines.join("\n") + "\n"
}

/// A line in pieces of at most [`WIDTH`] characters; words, links among them, stay whole.
fn broken(line: &str) -> Vec<String> {
    if line.chars().count() <= WIDTH {
        return vec![line.to_owned()];
    }
    let mut pieces = vec![String::new()];
    for word in line.split_whitespace() {
        let taken = pieces.last().map_or(0, |piece| piece.chars().count());
        if taken > 0 && taken + 1 + word.chars().count() > WIDTH {
            pieces.push(String::new());
        }
        if let Some(piece) = pieces.last_mut() {
            if !piece.is_empty() {
                piece.push(' ');
            }
            piece.push_str(word);
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_hides_nothing() {
        assert_eq!(one_line(" a\r\nBcc:\tb\u{2028}c\u{85}d\u{7} "), "a Bcc: b c d");
        assert_eq!(
            one_line("\u{202e}moc.elpmaxe\u{202c} \u{200f}x\u{2066}y\u{61c}\u{feff}"),
            "moc.elpmaxe xy"
        );
        assert_eq!(one_line("👩\u{200d}🚀 Zoë"), "👩\u{200d}🚀 Zoë", "a joined picture stays one");
    }

    #[test]
    fn names_that_would_become_links_are_not_shown() {
        for name in ["Win at evil.example", "see http://x", "evil.example/path", "a@b", "WWW.evil.example"] {
            assert_eq!(shown_name(name), None, "{name}");
        }
        for name in
            ["Ada Lovelace", "J. R. R. Tolkien", "J.R.R. Tolkien", "Dr. Müller", "O'Brien, Jr.", "3.14"]
        {
            assert_eq!(shown_name(name).as_deref(), Some(name));
        }
    }

    #[test]
    fn devices_are_shown_without_links() {
        let known = "Firefox on Linux (192.0.2.1)";
        assert_eq!(shown_device(known), known);
        assert_eq!(shown_device("my-app (2001:db8::1)"), "my-app (2001:db8::1)");
        assert_eq!(shown_device("evil.example (192.0.2.1)"), "(192.0.2.1)");
        assert_eq!(shown_device("http://evil\r\n(::1)"), "(::1)");
    }

    #[test]
    fn long_lines_are_broken_and_links_are_not() {
        let link = format!("https://example.com/{}", "x".repeat(100));
        let text = format!("\n\n{}\n\n\n \n{link}\nend of it\n\n", "word ".repeat(20));
        let expected =
            format!("{}\n{}\n\n{link}\nend of it\n", ["word"; 14].join(" "), ["word"; 6].join(" "));
        assert_eq!(laid_out(&text), expected);
        assert_eq!(laid_out("wörd ".repeat(14).trim()).lines().count(), 1, "characters count, not bytes");
    }
}
