use archon_domain::{Mail, MailMessage};
use minijinja::{Error, ErrorKind};

use super::files::Files;
use super::{Rendered, Templates};
use crate::samples::{bare_samples, samples};
use crate::{Pages, PostmanError};

impl Templates {
    /// Tries every mail in every language, with everything in it and with all left out that may be missing.
    pub(super) fn check(&self) -> Result<(), PostmanError> {
        for language in self.files.languages() {
            for kind in MailMessage::KINDS {
                self.check_pair(language, kind)?;
            }
            for mail in samples() {
                self.check_mail(Mail { locale: Some(language.to_owned()), ..mail }, &every_page())?;
            }
            for mail in bare_samples() {
                self.check_mail(Mail { locale: Some(language.to_owned()), ..mail }, &Pages::default())?;
            }
        }
        Ok(())
    }

    /// Half a mail in one language and half in English is none.
    fn check_pair(&self, language: &str, kind: &str) -> Result<(), PostmanError> {
        let [html, text] = ["html", "txt"].map(|ending| format!("{kind}.{ending}"));
        let (there, missing) = match (self.files.find(language, &html), self.files.find(language, &text)) {
            (Some(there), None) => (there, text),
            (None, Some(there)) => (there, html),
            (Some(_), Some(_)) | (None, None) => return Ok(()),
        };
        let reason = format!("{missing} is missing beside it: a mail has both versions in one language");
        Err(PostmanError::Template { file: self.files.place(&there), line: None, reason })
    }

    fn check_mail(&self, mail: Mail, pages: &Pages) -> Result<(), PostmanError> {
        let [html, text] = self.names(&mail);
        let rendered = self.render_with(&mail, pages)?;
        let wrong = |name: &str, reason: &str| PostmanError::Template {
            file: self.files.place(name),
            line: None,
            reason: reason.to_owned(),
        };
        let Rendered { subject, text: plain, html: rich } = rendered;
        if subject.is_empty() {
            return Err(wrong(&text, "the block subject is empty"));
        }
        if let Some(link) = mail.message.link() {
            // HTML writes a slash as a reference, too.
            let token = link.rsplit('/').next().unwrap_or(link);
            if !plain.contains(link) {
                return Err(wrong(&text, "the link is missing, which the mail is about"));
            }
            if !rich.contains(token) {
                return Err(wrong(&html, "the link is missing, which the mail is about"));
            }
        }
        Ok(())
    }
}

fn every_page() -> Pages {
    let page = |name: &str| Some(format!("https://auth.example.com/auth/pages/{name}"));
    Pages { sign_in: page("sign-in"), forgot_password: page("forgot"), sessions: page("sessions") }
}

/// What is wrong with a template, in words for who wrote it. `mail` is the template that was rendered.
pub(super) fn fault(files: &Files, mail: &str, error: &Error) -> PostmanError {
    // The innermost error is the fault; those around it say who included whom.
    let mut cause = error;
    while let Some(inner) = std::error::Error::source(cause).and_then(|inner| inner.downcast_ref()) {
        cause = inner;
    }
    let name = cause.name().unwrap_or(mail);
    let mut reason = match (cause.kind(), cause.detail()) {
        (ErrorKind::UndefinedError, None) => "a variable is used that there is none of".to_owned(),
        (_, Some(detail)) => detail.to_owned(),
        (kind, None) => kind.to_string(),
    };
    if name != mail {
        reason = format!("{reason} (while {} was tried)", files.place(mail));
    }
    PostmanError::Template { file: files.place(name), line: cause.line(), reason }
}
