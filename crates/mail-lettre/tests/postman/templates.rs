//! Every mail in every language, and templates of a team's own.

use std::fs;
use std::path::Path;

use archon_domain::ports::Mailer as _;
use archon_domain::{Mail, MailMessage};
use archon_mail_lettre::{Mailbox, Postman, PostmanSettings, Rendered, Transport};
use tempfile::TempDir;

use crate::{mail, postman, settings, verify_email};

const LANGUAGES: [&str; 3] = ["de", "en", "es"];

fn own(folder: &Path) -> PostmanSettings {
    PostmanSettings { templates: Some(folder.to_owned()), ..settings() }
}

/// Names and contents.
type Files<'a> = &'a [(&'a str, &'a str)];

/// A folder with these files.
fn folder(files: Files<'_>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        put(&folder, name, content);
    }
    folder
}

fn put(folder: &TempDir, name: &str, content: &str) {
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

fn open(folder: &TempDir) -> Postman {
    Postman::new(own(folder.path()), Transport::Memory(Mailbox::new())).unwrap()
}

/// What is said about a folder that cannot be used.
fn refusal(files: Files<'_>) -> String {
    let folder = folder(files);
    let refused = Postman::new(own(folder.path()), Transport::Memory(Mailbox::new()));
    let text = refused.err().unwrap().to_string();
    text.replace(folder.path().to_str().unwrap(), "FOLDER")
}

fn preview(postman: &Postman, language: &str, kind: &str) -> Rendered {
    postman.preview(language, kind).unwrap().unwrap()
}

#[test]
fn every_mail_in_every_language_is_as_it_was() {
    let postman = postman(Transport::Memory(Mailbox::new()));
    assert_eq!(postman.languages(), LANGUAGES);
    for language in LANGUAGES {
        for kind in MailMessage::KINDS {
            let Rendered { subject, text, html } = preview(&postman, language, kind);
            insta::assert_snapshot!(format!("{language}-{kind}"), format!("{subject}\n\n{text}\n{html}"));
        }
    }
    assert!(postman.preview("en", "no_such_mail").unwrap().is_none());
}

/// The words that a reader of the HTML sees, in order.
fn visible(html: &str) -> Vec<String> {
    let (_, body) = html.split_once("<h1").unwrap();
    let mut text = String::new();
    let mut is_tag = true;
    for character in body.chars() {
        match character {
            '<' => is_tag = true,
            '>' => {
                is_tag = false;
                text.push(' ');
            }
            _ if !is_tag => text.push(character),
            _ => {}
        }
    }
    let text = text.replace("&#x2f;", "/").replace("&#x27;", "'").replace("&amp;", "&");
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn both_versions_of_a_mail_say_the_same() {
    let postman = postman(Transport::Memory(Mailbox::new()));
    for language in LANGUAGES {
        for kind in MailMessage::KINDS {
            let Rendered { text, html, .. } = preview(&postman, language, kind);
            let mut html = visible(&html).into_iter();
            // The HTML says more here and there: a heading, and how to use the link without the button.
            for word in text.split_whitespace().filter(|word| *word != "--") {
                let word = word.trim_end_matches(':');
                let found = html.find(|seen| seen.trim_end_matches(':') == word);
                assert!(found.is_some(), "{language} {kind}: the HTML lacks {word:?}, or has it elsewhere");
            }
        }
    }
}

#[tokio::test]
async fn the_language_is_the_readers() {
    let mailbox = Mailbox::new();
    let postman = postman(Transport::Memory(mailbox.clone()));
    let expected = [
        (None, "Verify your e-mail address for Example"),
        (Some("de"), "Bestätigen Sie Ihre E-Mail-Adresse für Example"),
        (Some("de-AT"), "Bestätigen Sie Ihre E-Mail-Adresse für Example"),
        (Some("DE-de-1996"), "Bestätigen Sie Ihre E-Mail-Adresse für Example"),
        (Some("es_MX"), "Confirme su dirección de correo para Example"),
        (Some("en-GB"), "Verify your e-mail address for Example"),
        (Some("fr"), "Verify your e-mail address for Example"),
        (Some("d"), "Verify your e-mail address for Example"),
        (Some("../de"), "Verify your e-mail address for Example"),
        (Some(""), "Verify your e-mail address for Example"),
    ];
    for (locale, subject) in expected {
        mailbox.clear();
        let mail = Mail { locale: locale.map(str::to_owned), ..verify_email() };
        postman.deliver(&mail).await.unwrap();
        assert_eq!(mailbox.messages()[0].subject, subject, "{locale:?}");
    }
}

#[test]
fn a_file_takes_the_place_of_one_and_leaves_the_others() {
    let folder = folder(&[
        (
            "en/welcome.txt",
            "{% extends \"layout.txt\" %}{% block subject %}Hi, {{ name }}{% endblock %}\
            {% block body %}Come in.{% endblock %}{% block button %}Enter{% endblock %}",
        ),
        ("base.html", "<html>{% block title %}{% endblock %}{% block body %}{% endblock %}{{ link }}</html>"),
        ("notes.md", "what is no template is left alone"),
        ("de-AT/welcome.html", "{% extends \"layout.html\" %}{% block title %}Servus{% endblock %}"),
        (".hidden/x.html", "{{"),
    ]);
    let postman = open(&folder);
    assert_eq!(postman.languages(), ["de", "de-at", "en", "es"]);
    let welcome = preview(&postman, "en", "welcome");
    assert_eq!(welcome.subject, "Hi, Ada Lovelace");
    assert!(welcome.text.starts_with("Hello Ada Lovelace,\n\nCome in.\n\nEnter:\n"), "{}", welcome.text);
    assert!(welcome.html.starts_with("<html>Welcome to Example"), "{}", welcome.html);
    assert!(preview(&postman, "de", "welcome").html.starts_with("<html>Willkommen bei Example"));
    let austrian = preview(&postman, "de-AT", "welcome");
    assert!(austrian.html.starts_with("<html>Servus"), "{}", austrian.html);
    assert!(austrian.subject.starts_with("Willkommen"), "{}", austrian.subject);
}

/// What a new language needs before its first mail.
const FRENCH: [(&str, &str); 6] = [
    (
        "fr/layout.html",
        "{% extends \"base.html\" %}{% block greeting %}Bonjour{% endblock %}\
        {% block hint %}Sinon{% endblock %}{% block foot %}Fin{% endblock %}",
    ),
    (
        "fr/layout.txt",
        "{% extends \"base.txt\" %}{% block greeting %}Bonjour{% endblock %}\
        {% block foot %}Fin{% endblock %}",
    ),
    ("fr/date.txt", "{{ day }}/{{ month }}/{{ year }} {{ hour }} h {{ minute }}"),
    ("fr/duration.txt", "{{ hours }} h {{ minutes }}"),
    (
        "fr/verify_email.html",
        "{% extends \"layout.html\" %}{% block title %}Adresse{% endblock %}\
        {% block preheader %}.{% endblock %}{% block body %}{{ expires_at }}{% endblock %}\
        {% block button %}Oui{% endblock %}",
    ),
    (
        "fr/verify_email.txt",
        "{% extends \"layout.txt\" %}{% block subject %}Adresse{% endblock %}\
        {% block body %}{{ expires_at }}, {{ valid_for }}{% endblock %}{% block button %}Oui{% endblock %}",
    ),
];

#[test]
fn a_language_is_added_mail_by_mail() {
    let folder = folder(&FRENCH);
    let postman = open(&folder);
    let french = preview(&postman, "fr-CA", "verify_email");
    assert!(french.text.contains("5/5/2027 10 h 20, 24 h 0"), "{}", french.text);
    assert!(french.html.contains("<html lang=\"fr\""), "{}", french.html);
    assert_eq!(preview(&postman, "fr", "welcome").subject, "Welcome to Example", "English until it is there");
    put(&folder, "ar/verify_email.html", FRENCH[4].1);
    put(&folder, "ar/verify_email.txt", FRENCH[5].1);
    for (name, content) in &FRENCH[..4] {
        put(&folder, &name.replace("fr/", "ar/"), content);
    }
    assert!(preview(&open(&folder), "ar-EG", "verify_email").html.contains("<html lang=\"ar\" dir=\"rtl\""));
}

#[test]
fn a_fault_is_named_with_its_file_and_line() {
    let cases: [(Files<'_>, &[&str]); 12] = [
        (&[("en/welcome.txt", "\n\n{{ nmae }}")], &["FOLDER/en/welcome.txt, line 3,", "nmae"]),
        (&[("de/new_device.html", "a\n{% if %}")], &["FOLDER/de/new_device.html, line 2,", "unexpected"]),
        (
            &[("es/welcome.html", "{% extends \"layout.html\" %}{% block body %}x{% endblock %}")],
            &["the block title is missing", "FOLDER/es/welcome.html"],
        ),
        (&[("en/welcome.txt", "no block at all")], &["FOLDER/en/welcome.txt", "subject"]),
        (
            &[("en/welcome.txt", "{% block subject %} {% endblock %}")],
            &["FOLDER/en/welcome.txt", "the block subject is empty"],
        ),
        (
            &[("en/password_reset.txt", "{% block subject %}x{% endblock %}")],
            &["FOLDER/en/password_reset.txt", "the link is missing"],
        ),
        (&[("en/password_reset.html", "x")], &["FOLDER/en/password_reset.html", "the link is missing"]),
        (&[("en/welcom.html", "x")], &["FOLDER/en/welcom.html", "nothing uses this file", "welcome"]),
        (&[("english words/welcome.html", "x")], &["FOLDER/english words", "language tag"]),
        (&[("fr/welcome.html", "x")], &["FOLDER/fr/welcome.html", "welcome.txt is missing"]),
        (&FRENCH[1..], &["FOLDER/fr/verify_email.html", "fr/layout.html", "does not exist"]),
        (
            &[("en/welcome.html", "{% include \"_part.html\" %}"), ("en/_part.html", "\n{{ oops }}")],
            &["FOLDER/en/_part.html, line 2,", "oops", "FOLDER/en/welcome.html"],
        ),
    ];
    for (files, parts) in cases {
        let told = refusal(files);
        for part in parts {
            assert!(told.contains(part), "{part:?} is missing in {told:?}");
        }
    }
    let missing = Postman::new(own(Path::new("/no/such/folder")), Transport::Memory(Mailbox::new()));
    assert!(missing.err().unwrap().to_string().contains("/no/such/folder"));
}

#[test]
fn a_variable_that_only_sometimes_has_a_value_is_tried_without_it() {
    let careless = "{% extends \"layout.html\" %}{% block title %}x{% endblock %}\
        {% block preheader %}x{% endblock %}{% block body %}{{ link | length }}{% endblock %}\
        {% block button %}x{% endblock %}";
    let told = refusal(&[("en/welcome.html", careless)]);
    assert!(told.contains("FOLDER/en/welcome.html, line 1,"), "{told}");
}

#[tokio::test]
async fn a_broken_folder_leaves_the_templates_in_use() {
    let subject = |word: &str| {
        format!(
            "{{% extends \"layout.txt\" %}}{{% block subject %}}{word}{{% endblock %}}\
             {{% block body %}}b{{% endblock %}}{{% block button %}}c{{% endblock %}}"
        )
    };
    let folder = folder(&[("en/welcome.txt", &subject("one"))]);
    let mailbox = Mailbox::new();
    let postman = Postman::new(own(folder.path()), Transport::Memory(mailbox.clone())).unwrap();
    let send = async || {
        mailbox.clear();
        postman.deliver(&mail(MailMessage::Welcome)).await.unwrap();
        mailbox.messages().remove(0).subject
    };
    put(&folder, "en/welcome.txt", &subject("two"));
    assert_eq!(send().await, "one", "files are read when told, not for each mail");
    postman.reload().unwrap();
    assert_eq!(send().await, "two");
    put(&folder, "en/welcome.txt", &subject("{{ broken"));
    let refused = postman.reload().unwrap_err().to_string();
    assert!(refused.contains("en/welcome.txt, line 1,"), "{refused}");
    assert_eq!(send().await, "two");
    fs::remove_file(folder.path().join("en/welcome.txt")).unwrap();
    postman.reload().unwrap();
    assert_eq!(send().await, "Welcome to Example", "what is gone is built in again");
}
