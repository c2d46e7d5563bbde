mod providers;

use std::io::Write as _;

use proptest::prelude::*;

use super::*;

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let mut file = tempfile::Builder::new().suffix(".toml").tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    file
}

fn load_toml(text: &str) -> Result<Loaded, ConfigErrors> {
    let file = file(text);
    load(&LoadInputs { config_file: Some(file.path().to_owned()), ..LoadInputs::default() })
}

fn load_environment(environment: &[(&str, &str)]) -> Result<Loaded, ConfigErrors> {
    load(&LoadInputs { environment: pairs(environment), ..LoadInputs::default() })
}

/// What is wrong, one line per problem, with the file called FILE.
fn problems(result: Result<Loaded, ConfigErrors>) -> Vec<String> {
    let lines = result.unwrap_err().0.into_iter().map(|problem| problem.to_string());
    lines.map(|line| without_path(&line)).collect()
}

fn without_path(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.find(".toml") {
        Some(end) => format!("{}FILE{}", if word.starts_with('(') { "(" } else { "" }, &word[end + 5..]),
        None => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn nothing_has_to_be_configured() {
    let loaded = load(&LoadInputs::default()).unwrap();
    let settings = &loaded.settings;
    assert_eq!((settings.server.host.as_str(), settings.server.port), ("127.0.0.1", 8181));
    assert_eq!(settings.data_dir, PathBuf::from("./archon-data"));
    assert_eq!(settings.tokens.access_ttl, Seconds(900));
    assert_eq!(settings.password_policy(), archon_domain::PasswordPolicy::default());
    assert_eq!(settings.suspicion_policy(), archon_domain::SuspicionPolicy::default());
    assert_eq!(settings.base_url(4711), "http://localhost:4711");
    assert_eq!(settings.quotas().len(), archon_domain::Bucket::ALL.len());
    assert_eq!(loaded.origin("server.port"), Some("default"));
    assert_eq!(loaded.origin("server.prot"), None);
}

#[test]
fn later_sources_win() {
    let file = file("data_dir = 'a'\n[server]\nport = 1\nworkers = 1\nhost = 'localhost'\n");
    let environment = [
        ("ARCHON_AUTH_PORT", "2"),
        ("ARCHON_AUTH__SERVER__WORKERS", "2"),
        ("DATABASE_URL", "sqlite:short.db"),
        ("ARCHON_AUTH__DATABASE__URL", "sqlite:long.db"),
        ("PATH", "/bin"),
        ("ARCHON_AUTH_SERVICE_HOST", "somebody else's"),
    ];
    let loaded = load(&LoadInputs {
        config_file: Some(file.path().to_owned()),
        default_file: None,
        environment: pairs(&environment),
        overrides: pairs(&[("server.port", "3")]),
    })
    .unwrap();
    let Settings { server, database, data_dir, .. } = &loaded.settings;
    assert_eq!((server.port, server.workers, server.host.as_str()), (3, 2, "localhost"));
    assert_eq!(database.url.reveal(), "sqlite:long.db", "the long name wins over the short one");
    assert_eq!(data_dir, &PathBuf::from("a"));
    assert_eq!(loaded.origin("server.port"), Some("command line"));
    assert_eq!(loaded.origin("server.workers"), Some("environment variable ARCHON_AUTH__SERVER__WORKERS"));
    assert!(loaded.origin("server.host").unwrap().ends_with("toml line 5"));
}

#[test]
fn the_usual_file_may_be_absent_and_a_named_one_may_not() {
    let missing = PathBuf::from("no-such-folder/archon-auth.toml");
    let usual = LoadInputs { default_file: Some(missing.clone()), ..LoadInputs::default() };
    assert!(load(&usual).is_ok());
    let named = LoadInputs { config_file: Some(missing), ..LoadInputs::default() };
    let found = load(&named).unwrap_err().to_string();
    assert!(found.contains("no-such-folder/archon-auth.toml: cannot be read"), "{found}");
    let present = file("[server]\nport = 4\n");
    let usual = LoadInputs { default_file: Some(present.path().to_owned()), ..LoadInputs::default() };
    assert_eq!(load(&usual).unwrap().settings.server.port, 4);
}

#[test]
fn all_problems_are_reported_at_once_each_with_its_place() {
    let text = "
session_timeout = 5
server = 5
[servr]
port = 1
[tokens]
access_ttl = '15 minutes'
clock_skew = 31
issuer = \"\"
[passwords]
min_lenght = 9
min_length = 8.5
[keys]
rsa_bits = 1024
algorithm = 'HS256'
[rate_limits]
login = 20
exempt = ['10.0.0.0/33', 7]
[lockout.duration]
seconds = 5
";
    assert_eq!(
        problems(load_toml(text)),
        [
            "keys.algorithm (FILE line 15): \"HS256\" is not an allowed word; allowed: RS256, ES256 or EdDSA",
            "keys.rsa_bits (FILE line 14): 1024 is none of the allowed numbers; allowed: 2048, 3072 or 4096",
            "lockout.duration (FILE line 19): is a table, not a whole number; \
             allowed: whole seconds from 1 to 2592000",
            "passwords.min_lenght (FILE line 11): there is no such setting; did you mean passwords.min_length?",
            "passwords.min_length (FILE line 12): is a fraction, not a whole number; \
             allowed: a whole number from 1 to 1024",
            "rate_limits.exempt (FILE line 18): an entry is a whole number, not a text; \
             allowed: a list; each entry: an IP address or a network such as 10.0.0.0/8",
            "rate_limits.login (FILE line 17): is a section, not a setting; \
             write [rate_limits.login] and its settings below",
            "server (FILE line 3): is a section, not a setting; write [server] and its settings below",
            "servr (FILE line 4): there is no such setting; did you mean the section server?",
            "session_timeout (FILE line 2): there is no such setting; did you mean sessions.session_timeout?",
            "tokens.access_ttl (FILE line 7): is a text, not a whole number; \
             allowed: whole seconds from 1 to 86400",
            "tokens.clock_skew (FILE line 8): 31 is out of range; allowed: whole seconds from 0 to 30",
            "tokens.issuer (FILE line 9): is empty; allowed: a text that is not empty",
        ]
    );
}

#[test]
fn problems_of_all_sources_are_reported_together() {
    let file = file("[server]\nport = 65536\n");
    let result = load(&LoadInputs {
        config_file: Some(file.path().to_owned()),
        environment: pairs(&[("ARCHON_AUTH__SERVER__PROT", "1"), ("ARCHON_AUTH__LOG__FORMAT", "xml")]),
        overrides: pairs(&[("metrics.enabled", "perhaps"), ("metric.enabled", "true")]),
        default_file: None,
    });
    let message = without_path(&result.as_ref().unwrap_err().to_string().replace('\n', " "));
    assert!(
        message.starts_with("the configuration has 5 problems:   - server.port (FILE line 2):"),
        "{message}"
    );
    assert_eq!(
        problems(result)[1..],
        [
            "log.format (environment variable ARCHON_AUTH__LOG__FORMAT): \"xml\" is not an allowed word; \
             allowed: auto, text or json",
            "server.prot (environment variable ARCHON_AUTH__SERVER__PROT): there is no such setting; \
             did you mean ARCHON_AUTH__SERVER__PORT?",
            "metrics.enabled (command line): \"perhaps\" is not true or false; allowed: true or false",
            "metric.enabled (command line): there is no such setting; did you mean metrics.enabled?",
        ]
    );
}

#[test]
fn what_kubernetes_sets_for_a_service_is_explained() {
    let found = problems(load_environment(&[("ARCHON_AUTH_PORT", "tcp://10.0.0.1:8181")]));
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("enableServiceLinks: false"), "{}", found[0]);
}

#[test]
fn lists_in_the_environment_are_comma_separated() {
    let loaded = load_environment(&[
        ("ARCHON_AUTH__SERVER__TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1,2001:db8::/32"),
        ("ARCHON_AUTH__TOKENS__EXTRA_CLAIMS", "email,name"),
        ("ARCHON_AUTH__SESSIONS__ROAMING_SYSTEMS", "AS64501, 64500"),
        ("ARCHON_AUTH__CORS__ALLOWED_ORIGINS", "https://App.example.com:443/,http://localhost:3000"),
        ("ARCHON_AUTH__RATE_LIMITS__EXEMPT", ""),
        ("ARCHON_AUTH__RATE_LIMITS__LOGIN__LIMIT", "7"),
    ])
    .unwrap();
    let settings = &loaded.settings;
    let proxies: Vec<String> = settings.server.trusted_proxies.iter().map(ToString::to_string).collect();
    assert_eq!(proxies, ["10.0.0.0/8", "192.0.2.1/32", "2001:db8::/32"]);
    assert_eq!(settings.tokens.extra_claims, [ExtraClaim::Email, ExtraClaim::Name]);
    assert_eq!(settings.cors.allowed_origins, ["https://app.example.com", "http://localhost:3000"]);
    assert_eq!(settings.suspicion_policy().roaming_systems, [64_500, 64_501].into());
    assert!(settings.rate_limits.exempt.is_empty());
    assert_eq!(settings.quotas()[&archon_domain::Bucket::Login].limit, 7);
}

#[test]
fn texts_with_a_meaning_are_checked_for_it() {
    for (key, good, bad) in [
        ("server.host", ["::1", "auth.example.com"], ["256.1.1.1", "a b"]),
        ("log.level", ["debug", "info,archon_web=debug"], ["info,archon_web=loud", "a=b=c"]),
        ("cors.allowed_origins", ["https://a.example", "http://[::1]:3000"], ["*", "https://a.example/x"]),
        ("database.url", ["postgres://a:b@db/x", "memory:"], ["mysql://a@db/x", "sqlite:"]),
        ("database.url", ["sqlite:/var/lib/a.db", ""], ["sqlite://a.db", "memory:x"]),
        ("mail.smtp_url", ["smtp://mail:25", "smtps://a:b@mail"], ["mail:25", "smtp://a:b@mail:x"]),
        ("links.base_url", ["https://auth.example.com/", ""], ["auth.example.com", "https://"]),
        ("sessions.roaming_systems", ["64500", "AS64500,as4200000000"], ["0", "AS64500 Example"]),
        ("mail.from", ["a@example.com", "A <a@example.com>"], ["", "a@example.com\r\nBcc: b@example.com"]),
    ] {
        let load_with =
            |value: &str| load(&LoadInputs { overrides: pairs(&[(key, value)]), ..LoadInputs::default() });
        for value in good {
            assert!(load_with(value).is_ok(), "{key}={value}");
        }
        for value in bad {
            assert!(load_with(value).is_err(), "{key}={value}");
        }
    }
}

#[test]
fn values_must_go_together() {
    let found = problems(load_environment(&[
        ("ARCHON_AUTH__TOKENS__ACCESS_TTL", "100"),
        ("ARCHON_AUTH__TOKENS__REFRESH_TTL", "99"),
        ("ARCHON_AUTH__PASSWORDS__MIN_LENGTH", "200"),
        ("ARCHON_AUTH__HASHING__PARALLELISM", "1000"),
        ("ARCHON_AUTH__HASHING__MEMORY_KIB", "8"),
        ("ARCHON_AUTH__METRICS__PORT", "8181"),
    ]));
    assert_eq!(
        found,
        [
            "hashing.parallelism (environment variable ARCHON_AUTH__HASHING__PARALLELISM): \
             1000 is out of range; allowed: a whole number from 1 to 64",
            "tokens.access_ttl and tokens.refresh_ttl (environment variable ARCHON_AUTH__TOKENS__ACCESS_TTL; \
             environment variable ARCHON_AUTH__TOKENS__REFRESH_TTL): \
             an access token must not outlive its refresh token",
            "passwords.min_length and passwords.max_length \
             (environment variable ARCHON_AUTH__PASSWORDS__MIN_LENGTH; default): \
             the shortest password allowed is longer than the longest",
            "server.port and metrics.port (default; environment variable ARCHON_AUTH__METRICS__PORT): \
             two listeners cannot share an address and port",
        ]
    );
    for relation in relations::RELATIONS {
        assert!(relation.keys.iter().all(|key| names::find(key).is_some()), "{:?}", relation.keys);
    }
}

#[test]
fn secrets_are_never_printed() {
    let secret = "hunter2";
    let environment = [
        ("DATABASE_URL", "postgres://auth:hunter2@db/archon"),
        ("SMTP_URL", "smtps://auth:hunter2@mail.example.com"),
    ];
    let loaded = load_environment(&environment).unwrap();
    for printed in [loaded.show(), loaded.summary(), format!("{loaded:?}"), format!("{:#?}", loaded.settings)]
    {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(
        loaded.show().contains("url = \"postgres://auth:***@db/archon\" # environment variable DATABASE_URL")
    );
    let broken = [
        load_environment(&[("DATABASE_URL", "mysql://auth:hunter2@db/archon")]),
        load_environment(&[("SMTP_URL", "smtp://auth:hunter2@mail:port")]),
        load_environment(&[("ARCHON_AUTH__MAIL__SMTP_PASSWORD", "hunter2")]),
        load_toml("[mail]\nsmtp_url = \"smtp://auth:hunter2@mail\nfrom = 'a@b.example'"),
        load_toml("[mail]\nsmtp_url = ['smtp://auth:hunter2@mail']"),
        load_toml("[mail]\nsmtp_password = 'hunter2'"),
    ];
    for result in broken {
        let errors = result.unwrap_err();
        assert!(!errors.to_string().contains(secret) && !format!("{errors:?}").contains(secret), "{errors}");
    }
}

#[test]
fn what_is_shown_can_be_read_again() {
    let loaded = load_environment(&[
        ("ARCHON_AUTH__MAIL__FROM", "\"Quoted \\ name\" <a@example.com>"),
        ("ARCHON_AUTH__KEYS__FILES", "a.pem,b.pem"),
        ("ARCHON_AUTH__RATE_LIMITS__LOGIN__WINDOW", "61"),
    ])
    .unwrap();
    assert_eq!(load_toml(&loaded.show()).unwrap().settings, loaded.settings);
    let shown = loaded.show().lines().filter(|line| line.contains(" = ")).count();
    assert_eq!(shown, registry::keys(&loaded.numbers).count());
    assert!(loaded.summary().contains("3 of"), "{}", loaded.summary());
}

#[test]
fn every_setting_is_sound() {
    let known: Vec<&Setting> = registry::all().collect();
    for setting in &known {
        assert!(
            known.iter().filter(|other| other.environment_name() == setting.environment_name()).count() == 1
        );
        assert!(setting.doc.ends_with('.'), "{}: a doc comment is a sentence", setting.key);
        for value in limits(setting) {
            let one = [(names::numbered(setting, ""), value.clone())];
            let loaded = load(&LoadInputs { overrides: one.to_vec(), ..LoadInputs::default() });
            // What two settings say together is another matter, and so is what an entry of a list lacks.
            let elsewhere = |problem: &Problem| problem.key.contains(" and ") || problem.what == "is missing";
            let alone = |errors: &ConfigErrors| errors.0.iter().all(elsewhere);
            let fits = loaded.as_ref().map_or_else(alone, |_| true);
            assert!(fits, "{} = {value}: {loaded:?}", setting.key);
        }
    }
}

/// The default of a setting and the outermost values it allows, as text.
fn limits(setting: &Setting) -> Vec<String> {
    let default = match &setting.default {
        Value::Integer(number) => number.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Text(text) => text.clone(),
        Value::List(items) => items.join(","),
    };
    let mut values = if setting.required { Vec::new() } else { vec![default] };
    match &setting.kind {
        Kind::Integer(range) | Kind::Seconds(range) | Kind::Milliseconds(range) => {
            values.extend([range.start().to_string(), range.end().to_string()]);
        }
        Kind::OneOf(numbers) => values.extend(numbers.iter().map(ToString::to_string)),
        Kind::Boolean => values.extend(["true".to_owned(), "false".to_owned()]),
        Kind::Choice(words) => values.extend(words.iter().map(ToString::to_string)),
        Kind::List(item) => {
            if let Kind::Choice(words) = item.as_ref() {
                values.push(words.join(","));
            }
        }
        _ => {}
    }
    values
}

#[test]
fn a_flag_is_a_name_and_a_value() {
    assert_eq!(parse_override("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
    assert!(parse_override("a.b").is_err());
    assert!(parse_override("=c").is_err());
}

/// Holds the committed page against the registry; ARCHON_BLESS=1 rewrites it.
#[test]
fn configuration_page_is_up_to_date() {
    let page = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/configuration.md");
    let wanted = render_reference();
    if std::env::var_os("ARCHON_BLESS").is_some() {
        std::fs::write(&page, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&page).unwrap_or_default();
    assert!(found == wanted, "docs/configuration.md is out of date: run this test with ARCHON_BLESS=1");
}

fn toml_scrap() -> impl Strategy<Value = String> {
    let keys: Vec<String> = registry::all().map(|setting| setting.key.clone()).collect();
    let names = prop_oneof![prop::sample::select(keys), "[a-z_.]{1,20}", "\"\\PC{0,10}\""];
    let values = prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        Just("99999999999999999999999999999999999999999999".to_owned()),
        Just("0xffff_ffff".to_owned()),
        Just("1979-05-27".to_owned()),
        Just("nan".to_owned()),
        "(true|false)",
        "\"\\PC{0,20}\"",
        "'\\PC{0,20}'",
        "\\[(\"[a-z]{0,3}\",|[0-9],){0,4}\\]",
        "\\{ [a-z]{1,5} = [0-9] \\}",
    ];
    prop_oneof![
        (names, values).prop_map(|(name, value)| format!("{name} = {value}")),
        "\\[{1,2}[a-z_.]{0,20}\\]{1,2}"
    ]
}

proptest! {
    #[test]
    fn arbitrary_files_never_panic(text in ".{0,400}") {
        let _ = load_toml(&text);
    }

    #[test]
    fn arbitrary_settings_never_panic(lines in prop::collection::vec(toml_scrap(), 0..8)) {
        if let Err(errors) = load_toml(&lines.join("\n")) {
            prop_assert!(!errors.0.is_empty());
            prop_assert!(!errors.to_string().contains("checked values do not fit"), "{}", errors);
        }
    }

    #[test]
    fn arbitrary_environments_never_panic(name in "[A-Z_]{0,30}", value in ".{0,40}", index in 0_usize..200) {
        let names: Vec<String> = registry::all().map(Setting::environment_name).collect();
        let known = names[index % names.len()].clone();
        for name in [format!("ARCHON_AUTH__{name}"), known] {
            let inputs = LoadInputs { environment: vec![(name, value.clone())], ..LoadInputs::default() };
            if let Err(errors) = load(&inputs) {
                prop_assert!(!errors.to_string().contains("checked values do not fit"), "{}", errors);
            }
        }
    }
}
