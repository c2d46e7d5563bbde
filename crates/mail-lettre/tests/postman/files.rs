//! Mails that are written as files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use archon_domain::ports::Mailer as _;
use archon_domain::{DeliveryError, StoreErrorKind};
use archon_mail_lettre::Transport;

use crate::log::Log;
use crate::{LINK, postman, verify_email};

#[tokio::test]
async fn files_hold_whole_mails_that_only_the_owner_reads() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("data").join("mails");
    let postman = postman(Transport::File(directory.clone()));
    postman.probe().await.unwrap();
    let mail = verify_email();
    postman.deliver(&mail).await.unwrap();
    postman.deliver(&mail).await.unwrap();
    let names: Vec<_> = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, [format!("{}.eml", mail.id).as_str()], "one file per mail, and nothing else");
    let path = directory.join(&names[0]);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let content = fs::read_to_string(&path).unwrap();
    assert!(content.contains(LINK), "{content}");
    assert!(content.ends_with("\r\n"));
}

#[tokio::test]
async fn the_link_of_a_file_is_logged_and_the_address_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let log = Log::listen();
    postman(Transport::File(folder.path().to_owned())).deliver(&verify_email()).await.unwrap();
    let logged = log.text();
    let line = logged.lines().find(|line| line.contains("mail written to a file")).unwrap();
    assert!(line.contains(" INFO ") && line.contains(LINK) && line.contains(".eml"), "{line}");
    assert!(!logged.contains("Ada@Example.com") && !logged.contains("Lovelace"), "{logged}");
}

#[tokio::test]
async fn a_directory_that_cannot_be_used_is_temporary_and_named() {
    let parent = tempfile::tempdir().unwrap();
    let directory = parent.path().join("mails");
    fs::write(&directory, "a file where the directory belongs").unwrap();
    let postman = postman(Transport::File(directory.clone()));
    let outcome = postman.deliver(&verify_email()).await;
    let Err(DeliveryError::Temporary(why)) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains(directory.to_str().unwrap()), "{why}");
    assert_eq!(postman.probe().await.unwrap_err().kind(), StoreErrorKind::Unavailable);
}
