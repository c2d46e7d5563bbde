//! Changes of the user agent.

use super::script::*;
use crate::suspicion::{SuspicionPolicy, SuspicionReason};

const CHANGED: Outcome = flagged(SuspicionReason::UserAgentChanged);

const FIREFOX_129: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:129.0) Gecko/20100101 Firefox/129.0";
const FIREFOX_127: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0";
const FIREFOX_ON_WINDOWS: &str =
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0";
const FIREFOX_ON_WINDOWS_7: &str =
    "Mozilla/5.0 (Windows NT 6.1; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0";
const CHROME_ON_LINUX: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36";
const NEWER_CHROME_ON_LINUX: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/129.0.0.0 Safari/537.36";
const CHROME_ON_ANDROID: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Mobile Safari/537.36";
const CHROME_ON_WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36";
const EDGE_ON_WINDOWS: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/128.0.0.0 Safari/537.36 Edg/128.0.0.0";
const SAFARI_ON_IPHONE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1";
const SAFARI_AFTER_IOS_UPDATE: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const SAFARI_ON_MAC: &str = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15";

#[test]
#[rustfmt::skip]
fn a_session_stays_with_its_program() {
    check(&SuspicionPolicy::default(), &[
        ("the same program",                   from(HOME), &[from(HOME)], ALLOWED),
        ("an upgrade",                         from(HOME), &[from(HOME).with(FIREFOX_129)], ALLOWED),
        ("two upgrades",                       from(HOME).with(FIREFOX_127), &[from(HOME), from(HOME).with(FIREFOX_129)], ALLOWED),
        ("an older version",                   from(HOME), &[from(HOME).with(FIREFOX_127)], CHANGED),
        ("an upgrade, then the old one",       from(HOME), &[from(HOME).with(FIREFOX_129), from(HOME)], CHANGED),
        ("another program",                    from(HOME), &[from(HOME).with(CHROME_ON_LINUX)], CHANGED),
        ("another program of the same make",   from(HOME).with(CHROME_ON_WINDOWS), &[from(HOME).with(EDGE_ON_WINDOWS)], CHANGED),
        ("another system",                     from(HOME), &[from(HOME).with(FIREFOX_ON_WINDOWS)], CHANGED),
        ("an upgrade of both",                 from(HOME).with(FIREFOX_ON_WINDOWS_7), &[from(HOME).with(FIREFOX_ON_WINDOWS)], ALLOWED),
        ("an upgrade of a phone",              from(HOME).with(SAFARI_ON_IPHONE), &[from(CAFE).with(SAFARI_AFTER_IOS_UPDATE)], ALLOWED),
        ("a script after a browser",           from(HOME), &[from(HOME).with("curl/8.5.0")], CHANGED),
        ("nothing after a browser",            from(HOME), &[from(HOME).with("")], CHANGED),
        ("a browser after nothing",            from(HOME).with(""), &[from(HOME)], CHANGED),
        ("nothing after nothing",              from(HOME).with(""), &[from(HOME).with("")], ALLOWED),
        ("an upgrade of a library",            from(HOME).with("okhttp/4.9.3"), &[from(HOME).with("okhttp/4.12.0")], ALLOWED),
        ("an older version of a library",      from(HOME).with("okhttp/4.12.0"), &[from(HOME).with("okhttp/4.9.3")], CHANGED),
        ("a version written in two ways",      from(HOME).with("okhttp/5"), &[from(HOME).with("okhttp/5.0.0"), from(HOME).with("okhttp/5")], ALLOWED),
        ("another library",                    from(HOME).with("okhttp/4.9.3"), &[from(HOME).with("axios/4.9.3")], CHANGED),
        ("an upgrade of an app",               from(HOME).with("Shop/3.2 (iPhone; iOS 17.1; Scale/3.00)"), &[from(HOME).with("Shop/3.10 (iPhone; iOS 17.2; Scale/3.00)")], ALLOWED),
        ("another app",                        from(HOME).with("Shop/3.2 (iPhone; iOS 17.1; Scale/3.00)"), &[from(HOME).with("Mail/3.2 (iPhone; iOS 17.1; Scale/3.00)")], CHANGED),
        ("desktop page of a phone",            from(HOME).with(CHROME_ON_ANDROID), &[from(HOME).with(CHROME_ON_LINUX), from(HOME).with(CHROME_ON_ANDROID)], ALLOWED),
        ("desktop page of an iPhone",          from(HOME).with(SAFARI_ON_IPHONE), &[from(HOME).with(SAFARI_ON_MAC)], ALLOWED),
        ("desktop page from elsewhere",        from(HOME).with(CHROME_ON_ANDROID), &[from(CAFE).with(CHROME_ON_LINUX)], CHANGED),
        ("desktop page of a newer version",    from(HOME).with(CHROME_ON_ANDROID), &[from(HOME).with(NEWER_CHROME_ON_LINUX)], CHANGED),
        ("a phone is no Windows",              from(HOME).with(CHROME_ON_ANDROID), &[from(HOME).with(CHROME_ON_WINDOWS)], CHANGED),
        ("another program, known address",     from(HOME), &[from(CAFE).known().with(CHROME_ON_WINDOWS)], CHANGED),
        ("another program, on the way",        from(HOME).at(BERLIN), &[from(CAFE).at(TOKYO).with(CHROME_ON_WINDOWS)], ended(SuspicionReason::ImpossibleTravel)),
    ]);
    check(&SuspicionPolicy { watch_user_agent: false, ..SuspicionPolicy::default() }, &[
        ("any program, if nobody watches",     from(HOME), &[from(HOME).with("curl/8.5.0"), from(HOME).with(CHROME_ON_WINDOWS)], ALLOWED),
    ]);
}

#[test]
fn a_thief_with_a_newer_version_makes_the_owner_stand_out() {
    let mut story = Story::begin(&SuspicionPolicy::default(), &from(HOME));
    assert_eq!(story.next(&from(CAFE).with(FIREFOX_129)), ALLOWED);
    assert_eq!(story.next(&from(HOME).known()), CHANGED);
    assert_eq!(story.trace.user_agent.as_str(), FIREFOX_129);
}
