use minijinja::{Value, context};

use super::ConsolePlace;

/// What an administrator is asked before something is done that somebody will notice.
#[derive(Debug, Default)]
pub(super) struct Confirmation {
    /// Where the form is sent.
    pub(super) action: String,
    /// What is about to be done.
    pub(super) heading: &'static str,
    /// To whom or what.
    pub(super) target: String,
    /// What follows from it, a sentence each.
    pub(super) says: Vec<&'static str>,
    /// What the button says.
    pub(super) button: &'static str,
    /// Whether it hurts somebody, or cannot be undone.
    pub(super) grave: bool,
    /// What is asked for beside the reason: names of fields, with what helps to fill them in.
    pub(super) fields: Vec<(&'static str, &'static str)>,
    /// What the form sends along.
    pub(super) hidden: Vec<(&'static str, String)>,
    /// What stands in the fields at first.
    pub(super) typed: Vec<(&'static str, String)>,
}

impl Confirmation {
    /// What the template shows; `place` is where the form was opened from.
    pub(super) fn into_value(self, place: ConsolePlace) -> Value {
        let fields: Vec<Value> =
            self.fields.into_iter().map(|(name, hint)| context! { name, hint }).collect();
        context! {
            action => self.action,
            heading => self.heading,
            target => self.target,
            says => self.says,
            button => self.button,
            grave => self.grave,
            fields,
            hidden => Value::from_pairs(self.hidden),
            typed => Value::from_pairs(self.typed),
            back => place.path(),
            back_name => back_name(place),
        }
    }
}

fn back_name(place: ConsolePlace) -> &'static str {
    match place {
        ConsolePlace::Overview => "Overview",
        ConsolePlace::Users => "Users",
        ConsolePlace::User(_) => "The account",
        ConsolePlace::Events => "Events",
        ConsolePlace::Alerts => "Alerts",
        ConsolePlace::Alert(_) => "The alert",
        ConsolePlace::BlockedAddresses => "Blocked addresses",
        ConsolePlace::Mail => "Mail",
        ConsolePlace::Keys => "Signing keys",
    }
}
