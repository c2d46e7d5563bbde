//! Writes every mail in every language into a folder, with sample data: `preview OUT [TEMPLATES]`.
//!
//! What a translator or designer looks at; `scripts/mail-pictures.sh` makes pictures of it.

use std::fs;
use std::path::PathBuf;

use archon_domain::MailMessage;
use archon_mail_lettre::{Mailbox, Pages, Postman, PostmanSettings, Transport};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let out = arguments.next().ok_or("say into which folder: preview OUT [TEMPLATES]")?;
    let page = |name: &str| Some(format!("https://auth.example.com/auth/pages/{name}"));
    let settings = PostmanSettings {
        service: "Example".to_owned(),
        templates: arguments.next(),
        pages: Pages {
            sign_in: page("sign-in"),
            forgot_password: page("forgot"),
            sessions: page("sessions"),
        },
        ..PostmanSettings::default()
    };
    let postman = Postman::new(settings, Transport::Memory(Mailbox::new()))?;
    for language in postman.languages() {
        fs::create_dir_all(out.join(&language))?;
        for kind in MailMessage::KINDS {
            let Some(mail) = postman.preview(&language, kind)? else { continue };
            let file = out.join(&language).join(kind);
            fs::write(file.with_extension("html"), mail.html)?;
            fs::write(file.with_extension("txt"), format!("Subject: {}\n\n{}", mail.subject, mail.text))?;
        }
    }
    Ok(())
}
