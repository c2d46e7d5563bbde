use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use archon_domain::MailMessage;

use crate::PostmanError;

macro_rules! folder {
    ($folder:literal: $($name:literal),+) => {
        &[$((
            concat!($folder, "/", $name),
            include_str!(concat!("../../templates/", $folder, "/", $name)),
        )),+]
    };
}

macro_rules! language {
    ($language:literal) => {
        folder!(
            $language: "layout.html", "layout.txt", "date.txt", "duration.txt",
            "verify_email.html", "verify_email.txt", "welcome.html", "welcome.txt",
            "password_reset.html", "password_reset.txt", "password_changed.html", "password_changed.txt",
            "new_device.html", "new_device.txt", "account_locked.html", "account_locked.txt",
            "already_registered.html", "already_registered.txt"
        )
    };
}

const LOOK: &[(&str, &str)] = &[
    ("base.html", include_str!("../../templates/base.html")),
    ("base.txt", include_str!("../../templates/base.txt")),
];

const BUILT_IN: [&[(&str, &str)]; 4] = [LOOK, language!("en"), language!("de"), language!("es")];

/// What a language has besides its mails.
const COMMON: [&str; 4] = ["layout.html", "layout.txt", "date.txt", "duration.txt"];

/// The files of templates: the built-in ones, and what a folder puts in their place or adds.
///
/// A name is `base.html` or `language/file`, the language in lower case.
#[derive(Debug)]
pub(super) struct Files(BTreeMap<String, File>);

#[derive(Debug)]
pub(super) struct File {
    pub(super) text: Cow<'static, str>,
    /// Where it was read; `None` for a built-in one.
    path: Option<PathBuf>,
}

impl Files {
    /// The files that come with the service.
    pub(super) fn built_in() -> Self {
        let all = BUILT_IN.into_iter().flatten();
        let file = |text| File { text: Cow::Borrowed(text), path: None };
        Self(all.map(|(name, text)| ((*name).to_owned(), file(*text))).collect())
    }

    /// The built-in files with those of a folder in front.
    pub(super) fn with_folder(folder: &Path) -> Result<Self, PostmanError> {
        let mut files = Self::built_in();
        for (name, path) in entries(folder)? {
            if path.is_dir() {
                files.read_language(&name, &path)?;
            } else {
                files.read(&name, None, &path)?;
            }
        }
        Ok(files)
    }

    fn read_language(&mut self, language: &str, folder: &Path) -> Result<(), PostmanError> {
        if !is_language(language) {
            return Err(PostmanError::TemplateFolder {
                path: folder.to_owned(),
                reason: "a folder here is named by a language tag such as fr or pt-BR".to_owned(),
            });
        }
        for (name, path) in entries(folder)? {
            self.read(&name, Some(&language.to_ascii_lowercase()), &path)?;
        }
        Ok(())
    }

    /// Takes a file in; what is no template is left alone.
    fn read(&mut self, name: &str, language: Option<&str>, path: &Path) -> Result<(), PostmanError> {
        let Some((stem, ending)) = name.rsplit_once('.') else { return Ok(()) };
        if !matches!(ending, "html" | "txt") || path.is_dir() {
            return Ok(());
        }
        let unusable = |reason| PostmanError::TemplateFolder { path: path.to_owned(), reason };
        let known = match language {
            Some(_) => COMMON.contains(&name) || MailMessage::KINDS.contains(&stem),
            None => LOOK.iter().any(|(look, _)| *look == name),
        };
        // Parts of a team's own begin with a low line; anything else is a slip of the pen.
        if !known && !name.starts_with('_') {
            return Err(unusable(format!("nothing uses this file; there are {}", names(language.is_some()))));
        }
        let text = fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
        let name = language.map_or_else(|| name.to_owned(), |language| format!("{language}/{name}"));
        self.0.insert(name, File { text: Cow::Owned(text), path: Some(path.to_owned()) });
        Ok(())
    }

    /// Every file by its name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &File)> {
        self.0.iter().map(|(name, file)| (name.as_str(), file))
    }

    /// Every language that has a file.
    pub(super) fn languages(&self) -> Vec<&str> {
        let mut languages: Vec<&str> =
            self.0.keys().filter_map(|name| Some(name.split_once('/')?.0)).collect();
        languages.sort_unstable();
        languages.dedup();
        languages
    }

    /// The name of a file in a language: the language's own, or the one of the language it is a kind of,
    /// as `de` for `de-AT` (RFC 4647 section 3.4).
    pub(super) fn find(&self, language: &str, file: &str) -> Option<String> {
        let mut range = language.to_ascii_lowercase().replace('_', "-");
        loop {
            let name = format!("{range}/{file}");
            if self.0.contains_key(&name) {
                return Some(name);
            }
            let end = range.rfind('-')?;
            range.truncate(end);
        }
    }

    /// The name of what `parent` calls `file`: of its own language, or of the look of all.
    pub(super) fn join(&self, file: &str, parent: &str) -> String {
        let Some((language, _)) = parent.split_once('/') else { return file.to_owned() };
        if file.contains('/') || (self.0.contains_key(file) && self.find(language, file).is_none()) {
            return file.to_owned();
        }
        self.find(language, file).unwrap_or_else(|| format!("{language}/{file}"))
    }

    /// Where an operator finds a file.
    pub(super) fn place(&self, name: &str) -> String {
        match self.0.get(name).and_then(|file| file.path.as_ref()) {
            Some(path) => path.display().to_string(),
            None if self.0.contains_key(name) => format!("{name} (built in)"),
            None => name.to_owned(),
        }
    }
}

/// What is in a folder, by name. Hidden entries are passed over: Kubernetes keeps its own there.
fn entries(folder: &Path) -> Result<BTreeMap<String, PathBuf>, PostmanError> {
    let unreadable = |error: std::io::Error| PostmanError::TemplateFolder {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') {
            found.insert(name, entry.path());
        }
    }
    Ok(found)
}

/// Whether it looks like a language tag (RFC 5646): letters first, then parts of letters and digits.
fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let is_first =
        |part: &str| (2..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphabetic());
    let is_other =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    parts.next().is_some_and(is_first) && parts.all(is_other)
}

/// The files that may be there, for those who misspelt one.
fn names(in_language: bool) -> String {
    let stems = MailMessage::KINDS.join(", ");
    if in_language {
        format!("{}, and of each mail .html and .txt: {stems}", COMMON.join(", "))
    } else {
        "base.html and base.txt beside the folders of languages".to_owned()
    }
}
