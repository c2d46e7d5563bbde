use woothee::parser::Parser;
use woothee::woothee::VALUE_UNKNOWN;

use crate::UserAgent;

/// What a user agent says of the program that runs and what it runs on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Program {
    family: String,
    system: String,
    version: Vec<u32>,
}

/// How a program that is seen now stands to the one that was seen before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Succession {
    /// The same program on the same system.
    Same,
    /// The same, after an update.
    Upgrade,
    /// The same at the same version, calling itself a desktop program or a mobile one where it was the other:
    /// browsers of phones do so when their user asks for a desktop page.
    DesktopMode,
    /// Another program or system, or an older version.
    Other,
}

impl Program {
    pub(super) fn of(user_agent: &UserAgent) -> Self {
        let text = user_agent.as_str();
        // Libraries and crawlers are best called by their own name, which the parser lumps together.
        let browser = Parser::new()
            .parse(text)
            .filter(|result| matches!(result.category, "pc" | "smartphone" | "mobilephone" | "appliance"));
        let (family, version) = browser
            .as_ref()
            .filter(|result| result.name != VALUE_UNKNOWN)
            .map_or_else(|| product(text), |result| (result.name, result.version));
        let system = browser.as_ref().map_or("", |result| system(result.os));
        Self { family: family.to_owned(), system: system.to_owned(), version: numbers(version) }
    }

    /// How `later` stands to this one.
    pub(super) fn succession(&self, later: &Self) -> Succession {
        let comparable = !self.version.is_empty() && !later.version.is_empty();
        let older = comparable && later.version < self.version;
        if self.family != later.family || older {
            Succession::Other
        } else if self.system == later.system {
            if comparable && later.version > self.version { Succession::Upgrade } else { Succession::Same }
        } else if self.version == later.version && are_modes(&self.system, &later.system) {
            Succession::DesktopMode
        } else {
            Succession::Other
        }
    }
}

/// The first product token (RFC 9110 section 10.1.5) and its version.
fn product(text: &str) -> (&str, &str) {
    let token = text.split(' ').next().unwrap_or(text);
    token.split_once('/').unwrap_or((token, ""))
}

/// The system without its version, which users upgrade.
fn system(name: &str) -> &str {
    if name == VALUE_UNKNOWN {
        ""
    } else if name.starts_with("Windows") && !name.starts_with("Windows Phone") {
        "Windows"
    } else {
        name
    }
}

/// `128.0.6613.98` as numbers, as far as they are numbers; `128.0` is `128`.
fn numbers(version: &str) -> Vec<u32> {
    let mut numbers: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
    while numbers.len() > 1 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers
}

/// Whether one is what a browser of the other calls its system when it asks for desktop pages.
fn are_modes(one: &str, other: &str) -> bool {
    const MODES: [(&str, &str); 3] = [("Android", "Linux"), ("iPhone", "Mac OSX"), ("iPad", "Mac OSX")];
    MODES.contains(&(one, other)) || MODES.contains(&(other, one))
}
