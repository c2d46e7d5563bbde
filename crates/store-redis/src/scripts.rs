//! What Redis does in one step. Each script names its keys, so that a cluster can say where it runs.

use std::sync::LazyLock;

use deadpool_redis::redis::{Cmd, Script, cmd};

/// A script that is loaded when the connection is made.
pub(crate) struct Loaded {
    source: &'static str,
    script: LazyLock<Script>,
}

impl Loaded {
    /// The command that runs the script.
    pub(crate) fn on(&self, keys: &[&str]) -> Cmd {
        let mut command = cmd("EVALSHA");
        command.arg(self.script.get_hash()).arg(keys.len()).arg(keys);
        command
    }

    /// The command that loads the script.
    fn load(&self) -> Cmd {
        let mut command = cmd("SCRIPT");
        command.arg("LOAD").arg(self.source);
        command
    }
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = [$($file:literal),+];)*) => {
        $(
            $(#[$doc])*
            pub(crate) static $name: Loaded = Loaded {
                source: concat!($(include_str!(concat!("lua/", $file))),+),
                script: LazyLock::new(|| Script::new($name.source)),
            };
        )*

        static ALL: &[&Loaded] = &[$(&$name),*];
    };
}

scripts! {
    /// Judges a passage and charges it, on one server.
    PASS = ["leases.lua", "session.lua", "profile.lua", "window.lua", "pass.lua"];
    /// Reads a live session.
    LOOK = ["session.lua", "look.lua"];
    /// Reads a profile.
    LOOK_PROFILE = ["profile.lua", "look_profile.lua"];
    /// Puts a lease in the place of a session or a profile.
    LEASE = ["leases.lua", "lease.lua"];
    /// Puts a lease in the place of a session or a profile, unless another stands.
    OFFER = ["leases.lua", "offer.lua"];
    /// Puts a session or a profile in under its lease.
    SETTLE = ["settle.lua"];
    /// Forgets a session.
    FORGET = ["forget.lua"];
    /// Forgets a profile of another version.
    OUTDATE = ["outdate.lua"];
    /// Moves a session's times forward.
    TOUCH = ["touch.lua"];
    /// Adds a session to its user's set.
    INDEX = ["index.lua"];
    /// Takes from a budget, or asks how it stands.
    TAKE = ["window.lua", "take.lua"];
    /// Counts log-ins.
    ATTEMPTS = ["counter.lua", "attempts.lua"];
    /// Puts an entry first in a list of bounded length.
    PUSH = ["push.lua"];
    /// Replaces a list.
    REPLACE = ["replace.lua"];
}

/// The commands that load every script.
pub(crate) fn load_all() -> Vec<Cmd> {
    ALL.iter().map(|script| script.load()).collect()
}
