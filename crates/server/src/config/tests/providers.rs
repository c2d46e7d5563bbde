//! Tables within tables and lists of tables, which the section `oauth` has.

use super::*;

const TWO: &str = "
[oauth]
redirect_uris = ['https://app.example.com/callback', 'http://127.0.0.1/callback']
[oauth.google]
client_id = 'g'
client_secret = 'hunter2'
[[oauth.providers]]
name = 'keycloak'
issuer = 'https://id.example.com/realms/staff'
client_id = 'k'
client_secret = 'hunter2'
[[oauth.providers]]
name = 'local'
display_name = 'Local'
issuer = 'http://localhost:9000'
client_id = 'l'
client_secret = 'hunter2'
scopes = ['openid']
";

fn load_toml_with(text: &str, environment: &[(&str, &str)]) -> Result<Loaded, ConfigErrors> {
    let file = file(text);
    let config_file = Some(file.path().to_owned());
    load(&LoadInputs { config_file, environment: pairs(environment), ..LoadInputs::default() })
}

#[test]
fn tables_within_tables_and_lists_of_them_are_read_from_the_file() {
    let loaded = load_toml(TWO).unwrap();
    let oauth = &loaded.settings.oauth;
    assert_eq!(
        (oauth.google.client_id.as_str(), oauth.google.client_secret.reveal()),
        ("g", Some("hunter2"))
    );
    assert_eq!(oauth.google.issuer, "https://accounts.google.com");
    assert_eq!((oauth.redirect_uris.len(), oauth.state_ttl), (2, Seconds(600)));
    let providers: Vec<_> = oauth.providers.iter().collect();
    let names: Vec<_> = providers.iter().map(|(number, it)| (*number, it.name.as_str())).collect();
    assert_eq!(names, [(0, "keycloak"), (1, "local")]);
    assert_eq!(providers[0].1.scopes, ["openid", "email", "profile"]);
    assert_eq!(providers[1].1.scopes, ["openid"]);
    assert!(loaded.origin("oauth.providers.1.name").unwrap().ends_with("toml line 13"));
    assert_eq!(loaded.origin("oauth.providers.1.icon_url"), Some("default"));
    assert_eq!(load_toml("").unwrap().settings.oauth.providers.iter().count(), 0);
}

#[test]
fn short_names_and_long_ones_configure_the_well_known_providers() {
    let loaded = load_environment(&[
        ("GOOGLE_CLIENT_ID", "g"),
        ("GOOGLE_CLIENT_SECRET", "hunter2"),
        ("GITHUB_CLIENT_ID", "short"),
        ("GITHUB_CLIENT_SECRET", "hunter2"),
        ("ARCHON_AUTH__OAUTH__GITHUB__CLIENT_ID", "long"),
        ("ARCHON_AUTH__OAUTH__GITHUB__API_URL", "https://github.example.com/api/v3"),
        ("MICROSOFT_CLIENT_ID", "m"),
        ("MICROSOFT_CLIENT_SECRET", "hunter2"),
        ("MICROSOFT_TENANT_ID", "example.com"),
    ])
    .unwrap();
    let oauth = &loaded.settings.oauth;
    assert_eq!(oauth.google.client_id, "g");
    assert_eq!((oauth.github.client_id.as_str(), oauth.github.url.as_str()), ("long", "https://github.com"));
    assert_eq!(oauth.github.api_url, "https://github.example.com/api/v3");
    assert_eq!((oauth.microsoft.client_id.as_str(), oauth.microsoft.tenant.as_str()), ("m", "example.com"));
}

#[test]
fn the_environment_and_flags_complete_entries_of_the_file_and_add_others() {
    let without_secret = TWO.replace("client_secret = 'hunter2'\n[[", "[[");
    let of_second = [
        ("ARCHON_AUTH__OAUTH__PROVIDERS__0__CLIENT_SECRET", "from outside"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__10__NAME", "tenth"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__10__ISSUER", "https://ten.example.com"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__10__CLIENT_ID", "t"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__10__CLIENT_SECRET", "hunter2"),
        ("GOOGLE_CLIENT_SECRET", "hunter2"),
    ];
    let loaded = load_toml_with(&without_secret, &of_second).unwrap();
    let providers: Vec<_> = loaded.settings.oauth.providers.iter().collect();
    let names: Vec<_> = providers.iter().map(|(number, it)| (*number, it.name.as_str())).collect();
    assert_eq!(names, [(0, "keycloak"), (1, "local"), (10, "tenth")]);
    assert_eq!(providers[0].1.client_secret.reveal(), Some("from outside"));

    let overrides = pairs(&[
        ("oauth.providers.0.name", "flag"),
        ("oauth.providers.0.issuer", "https://flag.example.com"),
        ("oauth.providers.0.client_id", "f"),
        ("oauth.providers.0.client_secret", "hunter2"),
    ]);
    let loaded = load(&LoadInputs { overrides, ..LoadInputs::default() }).unwrap();
    assert_eq!(loaded.origin("oauth.providers.0.name"), Some("command line"));
}

#[test]
fn what_is_wrong_in_tables_within_tables_is_named_with_its_place() {
    let text = "
[oauth]
google = 5
state_tll = 600
[oauth.github]
client_idd = 'a'
url = 'http://github.example.com'
[oauth.microsft]
tenant = 'common'
[[oauth.providers]]
name = 'Key Cloak'
isuer = 'https://id.example.com'
scopes = 'openid'
[[oauth.providers]]
";
    assert_eq!(
        problems(load_toml(text)),
        [
            "oauth.github.client_idd (FILE line 6): there is no such setting; \
             did you mean oauth.github.client_id?",
            "oauth.github.url (FILE line 7): \"http://github.example.com\" must start with https://: secrets are \
             sent there; allowed: a URL that starts with https://, or with http:// for this machine",
            "oauth.google (FILE line 3): is a section, not a setting; write [oauth.google] and its settings below",
            "oauth.microsft (FILE line 8): there is no such setting; did you mean the section oauth.microsoft?",
            "oauth.providers.0.isuer (FILE line 12): there is no such setting; \
             did you mean oauth.providers.0.issuer?",
            "oauth.providers.0.name (FILE line 11): \"Key Cloak\" is not a name for paths; allowed: \
             1 to 32 small letters, digits, _ and -, but none of google, github and microsoft",
            "oauth.providers.0.scopes (FILE line 13): is a text, not a list; \
             allowed: a list; each entry: a text that is not empty",
            "oauth.state_tll (FILE line 4): there is no such setting; did you mean oauth.state_ttl?",
            "oauth.providers.0.issuer (FILE line 10): is missing; \
             allowed: a URL that starts with https://, or with http:// for this machine",
            "oauth.providers.0.client_id (FILE line 10): is missing; allowed: a text that is not empty",
            "oauth.providers.0.client_secret (FILE line 10): is missing",
            "oauth.providers.1.name (FILE line 14): is missing; allowed: \
             1 to 32 small letters, digits, _ and -, but none of google, github and microsoft",
            "oauth.providers.1.issuer (FILE line 14): is missing; \
             allowed: a URL that starts with https://, or with http:// for this machine",
            "oauth.providers.1.client_id (FILE line 14): is missing; allowed: a text that is not empty",
            "oauth.providers.1.client_secret (FILE line 14): is missing",
        ]
    );
}

#[test]
fn a_list_of_tables_is_written_as_one() {
    for (text, wrong) in [
        ("[oauth.providers]\nname = 'a'", "oauth.providers"),
        ("[oauth.providers.0]\nname = 'a'", "oauth.providers"),
        ("[oauth]\nproviders = 'a'", "oauth.providers"),
        ("[oauth]\nproviders = ['a']", "oauth.providers.0"),
    ] {
        let errors = load_toml(text).unwrap_err().0;
        assert_eq!((errors.len(), errors[0].key.as_str()), (1, wrong), "{text}: {errors:?}");
        let said = errors[0].to_string();
        assert!(said.ends_with("write [[oauth.providers]] for each and its settings below"), "{said}");
    }
}

#[test]
fn numbers_of_entries_have_one_form() {
    for (name, likely) in [
        ("ARCHON_AUTH__OAUTH__PROVIDERS__N__NAME", "0"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__00__NAME", "00"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__65536__NAME", "0"),
        ("ARCHON_AUTH__OAUTH__PROVIDERS__NAME", "0"),
    ] {
        let found = problems(load_environment(&[(name, "a")]));
        let wanted = format!("did you mean ARCHON_AUTH__OAUTH__PROVIDERS__{likely}__NAME?");
        assert!(found.len() == 1 && found[0].contains("there is no such setting"), "{name}: {found:?}");
        assert!(likely == "00" || found[0].ends_with(&wanted), "{name}: {found:?}");
    }
    let flag = |key: &str| load(&LoadInputs { overrides: pairs(&[(key, "a")]), ..LoadInputs::default() });
    assert!(flag("oauth.providers.N.name").unwrap_err().to_string().contains("there is no such setting"));
}

#[test]
fn providers_must_be_whole_and_differ_by_name() {
    let one_half = [
        ("GOOGLE_CLIENT_ID", "g"),
        ("ARCHON_AUTH__OAUTH__GITHUB__CLIENT_SECRET", "hunter2"),
        ("MICROSOFT_TENANT_ID", "common"),
    ];
    assert_eq!(
        problems(load_environment(&one_half)),
        [
            "oauth.google.client_id and oauth.google.client_secret \
             (environment variable GOOGLE_CLIENT_ID; default): one of them is set without the other",
            "oauth.github.client_id and oauth.github.client_secret \
             (default; environment variable ARCHON_AUTH__OAUTH__GITHUB__CLIENT_SECRET): \
             one of them is set without the other",
        ]
    );
    let found = problems(load_toml(&TWO.replace("'local'", "'keycloak'")));
    assert_eq!(
        found,
        ["oauth.providers.0.name and oauth.providers.1.name (FILE line 8; FILE line 13): \
          two providers are called keycloak"]
    );
    for (name, reason) in [
        ("google", "google has a section of its own, oauth.google"),
        ("microsoft", "microsoft has a section of its own, oauth.microsoft"),
        ("Local", "\"Local\" is not a name for paths"),
        ("a/b", "\"a/b\" is not a name for paths"),
        (&*"a".repeat(33), "is not a name for paths"),
    ] {
        let found = problems(load_toml(&TWO.replace("'local'", &format!("'{name}'"))));
        assert!(found.len() == 1 && found[0].contains(reason), "{found:?}");
    }
}

#[test]
fn addresses_are_checked_for_where_secrets_would_go() {
    for (key, good, bad) in [
        (
            "oauth.google.issuer",
            ["https://id.example.com/a/", "http://127.8.0.1:80"],
            ["http://id.example.com", "https://a:hunter2@id.example.com"],
        ),
        ("oauth.github.url", ["http://[::1]:1", "http://localhost"], ["", "https://a.example/?b"]),
        (
            "oauth.redirect_uris",
            ["https://a.example/c,com.example.app:/c", ""],
            ["https://*.example/c", "http://a.example/c"],
        ),
        (
            "oauth.redirect_uris",
            ["http://127.0.0.1/c", "http://localhost:3000/c"],
            ["/c", "javascript:alert(1)"],
        ),
    ] {
        let load_with =
            |value: &str| load(&LoadInputs { overrides: pairs(&[(key, value)]), ..LoadInputs::default() });
        for value in good {
            assert!(load_with(value).is_ok(), "{key}={value}");
        }
        for value in bad {
            let errors = load_with(value).unwrap_err().to_string();
            assert!(errors.contains(key) && !errors.contains("hunter2"), "{key}={value}: {errors}");
        }
    }
}

#[test]
fn secrets_of_providers_are_never_printed_and_the_rest_can_be_read_again() {
    let loaded = load_toml(TWO).unwrap();
    let shown = loaded.show();
    for printed in [&shown, &loaded.summary(), &format!("{loaded:?}"), &format!("{:#?}", loaded.settings)] {
        assert!(!printed.contains("hunter2"), "{printed}");
    }
    assert!(shown.contains("[oauth.google]\nclient_id = \"g\" # "), "{shown}");
    assert!(shown.contains("[[oauth.providers]]\nname = \"local\" # "), "{shown}");
    assert_eq!(load_toml(&shown.replace("***", "hunter2")).unwrap().settings, loaded.settings);
    assert!(loaded.summary().contains("\n  oauth.providers.1.scopes ("), "{}", loaded.summary());
}
