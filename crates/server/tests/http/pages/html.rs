//! HTML as strictly as a test can read it: what browsers would mend is refused.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail, ensure};

/// Elements that have no end tag (<https://html.spec.whatwg.org/#void-elements>).
const VOID: [&str; 6] = ["meta", "link", "img", "input", "br", "hr"];

/// A page, read.
#[derive(Debug, Clone)]
pub(crate) struct Html(Vec<Element>);

/// One element with the text of everything in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) text: String,
    /// The form that it stands in, by its place in the page.
    form: Option<usize>,
    /// The drawing that it stands in, by its place in the page.
    drawing: Option<usize>,
}

impl Element {
    /// An attribute's value; empty where there is none.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.attributes.get(name).map_or("", String::as_str)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.attributes.contains_key(name)
    }
}

impl Html {
    /// Reads a page whose tags are balanced.
    pub(crate) fn parse(text: &str) -> anyhow::Result<Self> {
        let mut rest = text.strip_prefix("<!DOCTYPE html>").context("the page does not begin as HTML")?;
        let (mut elements, mut open) = (Vec::<Element>::new(), Vec::<usize>::new());
        while let Some((before, after)) = rest.split_once('<') {
            let words = decoded(before)?;
            open.iter().for_each(|place| elements[*place].text.push_str(&words));
            let (tag, following) = after.split_once('>').context("a tag has no end")?;
            rest = following;
            if let Some(name) = tag.strip_prefix('/') {
                let place = open.pop().with_context(|| format!("</{name}> closes nothing"))?;
                ensure!(elements[place].name == name, "</{name}> closes <{}>", elements[place].name);
                continue;
            }
            let mut element = element(tag)?;
            let within = |name: &str| open.iter().rev().find(|place| elements[**place].name == name).copied();
            (element.form, element.drawing) = (within("form"), within("svg"));
            if !VOID.contains(&element.name.as_str()) {
                open.push(elements.len());
            }
            elements.push(element);
        }
        ensure!(open.is_empty() && rest.trim().is_empty(), "not everything is closed: {rest:?}");
        elements.iter_mut().for_each(|element| {
            element.text = element.text.split_whitespace().collect::<Vec<_>>().join(" ");
        });
        Ok(Self(elements))
    }

    pub(crate) fn all(&self, name: &str) -> Vec<&Element> {
        self.0.iter().filter(|element| element.name == name).collect()
    }

    pub(crate) fn by_id(&self, id: &str) -> Option<&Element> {
        self.0.iter().find(|element| element.get("id") == id)
    }

    /// The page's main heading.
    pub(crate) fn heading(&self) -> &str {
        self.0.iter().find(|element| element.name == "h1").map_or("", |heading| &heading.text)
    }

    /// Everything that is to be read.
    pub(crate) fn text(&self) -> &str {
        self.0.iter().find(|element| element.name == "body").map_or("", |body| &body.text)
    }

    /// What stands beside a field as wrong with it.
    pub(crate) fn error(&self, field: &str) -> &str {
        self.by_id(&format!("{field}-error")).map_or("", |error| &error.text)
    }

    /// What stands in the one element of a role, such as `alert`.
    pub(crate) fn role(&self, role: &str) -> &str {
        self.0.iter().find(|element| element.get("role") == role).map_or("", |element| &element.text)
    }

    /// Every link's address, by its text.
    pub(crate) fn link(&self, text: &str) -> anyhow::Result<&str> {
        let link = self.0.iter().find(|element| element.name == "a" && element.text == text);
        Ok(link.with_context(|| format!("no link {text:?} in {}", self.text()))?.get("href"))
    }

    /// The name and value of every input of the forms that go to `action`, one list per form.
    pub(crate) fn forms(&self, action: &str) -> Vec<Vec<&Element>> {
        let forms = self.0.iter().enumerate();
        let forms = forms.filter(|(_, element)| element.name == "form" && element.get("action") == action);
        let inputs = |form: usize| {
            let inside = self.0.iter().filter(move |element| element.form == Some(form));
            inside.filter(|element| element.name == "input").collect()
        };
        forms.map(|(place, _)| inputs(place)).collect()
    }

    /// Holds the page to what every page promises.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        self.check_head()?;
        self.check_ids()?;
        self.check_addresses()?;
        self.check_fields()
    }

    fn check_head(&self) -> anyhow::Result<()> {
        let one = |name: &str| {
            // A drawing has a title of its own.
            let found: Vec<_> =
                self.all(name).into_iter().filter(|element| element.drawing.is_none()).collect();
            ensure!(found.len() == 1, "{} elements {name}", found.len());
            Ok(found[0])
        };
        ensure!(one("html")?.get("lang") == "en", "no language");
        let (title, heading) = (&one("title")?.text, &one("h1")?.text);
        ensure!(!heading.is_empty() && title.starts_with(&format!("{heading} - ")), "{title:?}, {heading:?}");
        one("main")?;
        ensure!(self.0.iter().any(|meta| meta.get("name") == "viewport"), "not for phones");
        for foreign in [
            "script",
            "style",
            "iframe",
            "object",
            "embed",
            "base",
            "use",
            "image",
            "foreignObject",
            "animate",
        ] {
            ensure!(self.all(foreign).is_empty(), "there is a {foreign}");
        }
        for drawing in self.all("svg") {
            let is_described = drawing.has("aria-labelledby") && drawing.has("aria-describedby");
            ensure!(drawing.get("role") == "img" && is_described, "a drawing says nothing: {drawing:?}");
        }
        for element in &self.0 {
            let inline = element.attributes.keys().find(|name| name.starts_with("on") || *name == "style");
            ensure!(inline.is_none(), "{inline:?} on {}", element.name);
        }
        Ok(())
    }

    fn check_ids(&self) -> anyhow::Result<()> {
        let ids: Vec<&str> =
            self.0.iter().map(|element| element.get("id")).filter(|id| !id.is_empty()).collect();
        let unique: BTreeSet<_> = ids.iter().collect();
        ensure!(unique.len() == ids.len(), "an id stands twice: {ids:?}");
        for element in &self.0 {
            for name in ["for", "aria-describedby", "aria-labelledby"] {
                for id in element.get(name).split_whitespace() {
                    ensure!(unique.contains(&id), "{name} names {id:?}, which is not there");
                }
            }
        }
        Ok(())
    }

    /// Nothing leads to another host or asks one.
    fn check_addresses(&self) -> anyhow::Result<()> {
        for element in &self.0 {
            for name in ["href", "src", "action"].into_iter().filter(|name| element.has(name)) {
                let address = element.get(name);
                let here = address.strip_prefix('#').is_some_and(|id| self.by_id(id).is_some());
                let ours = ["/auth/pages", "/auth/console"].into_iter().any(|root| {
                    let below = address.strip_prefix(root);
                    below.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
                });
                // A link that says so leads to a provider; nothing is ever asked of one.
                let leaves = element.name == "a" && element.get("rel") == "external";
                ensure!(here || ours || leaves, "{name} leads to {address:?}");
            }
        }
        Ok(())
    }

    fn check_fields(&self) -> anyhow::Result<()> {
        let labels = self.all("label");
        for input in self.all("input").into_iter().chain(self.all("select")) {
            let id = input.get("id");
            if input.get("type") == "hidden" || input.has("hidden") {
                continue;
            }
            let label = labels.iter().find(|label| !id.is_empty() && label.get("for") == id);
            ensure!(label.is_some_and(|label| !label.text.is_empty()), "no label for {input:?}");
            ensure!(input.get("type") != "password" || !input.has("value"), "a password is shown");
            ensure!(
                input.has("aria-invalid") != self.error(id).is_empty(),
                "{id} is marked and not explained"
            );
        }
        for button in self.all("button") {
            ensure!(!button.text.is_empty(), "a button has no name");
        }
        for image in self.all("img") {
            ensure!(image.has("alt"), "a picture has no alternative");
        }
        for form in self.0.iter().enumerate().filter(|(_, element)| element.name == "form") {
            let secret = |input: &&Element| input.form == Some(form.0) && input.get("name") == "form_token";
            let secrets = self.0.iter().filter(secret).count();
            // What only asks for other rows of a list changes nothing, and its address is to be kept and sent on.
            let asks = form.1.get("method") == "get" && form.1.get("action").starts_with("/auth/console/");
            ensure!(asks || form.1.get("method") == "post", "a form is not posted");
            ensure!(secrets == usize::from(!asks), "a form has {secrets} secrets");
        }
        Ok(())
    }
}

fn element(tag: &str) -> anyhow::Result<Element> {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    ensure!(!name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric()), "<{tag}>");
    let mut attributes = BTreeMap::new();
    while !rest.trim().is_empty() {
        rest = rest.trim_start();
        let end = rest.find(|letter: char| letter == '=' || letter.is_whitespace()).unwrap_or(rest.len());
        let (attribute, after) = rest.split_at(end);
        let valued = after.strip_prefix("=\"");
        let (value, after) = match valued {
            Some(after) => after.split_once('"').with_context(|| format!("<{tag}> has an open value"))?,
            None if after.starts_with('=') => bail!("<{tag}> has a value without quotes"),
            None => ("", after),
        };
        ensure!(attribute.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'), "<{tag}>");
        ensure!(attributes.insert(attribute.to_owned(), decoded(value)?).is_none(), "<{tag}> says it twice");
        rest = after;
    }
    Ok(Element { name: name.to_owned(), attributes, ..Element::default() })
}

/// Text without character references.
fn decoded(text: &str) -> anyhow::Result<String> {
    let named =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    for (place, _) in text.match_indices('&') {
        let is_known = named.iter().any(|(reference, _)| text[place..].starts_with(reference));
        ensure!(is_known, "a bare & in {text:?}");
    }
    ensure!(!text.contains('>'), "a bare > in {text:?}");
    Ok(named.iter().fold(text.to_owned(), |text, (reference, letter)| text.replace(reference, letter)))
}

#[test]
fn what_browsers_would_mend_is_refused() {
    let page = |body: &str| {
        let html = format!(
            "<!DOCTYPE html><html lang=\"en\"><head><title>A - B</title><meta name=\"viewport\"></head><body><main><h1>A</h1>{body}</main></body></html>"
        );
        Html::parse(&html).and_then(|html| html.check())
    };
    assert!(page("").is_ok());
    for bad in [
        "<p>",
        "</p>",
        "<p><b></p></b>",
        "a & b",
        "a > b",
        "<p id=\"a\"></p><p id=\"a\"></p>",
        "<input id=\"a\" type=\"text\">",
        "<a href=\"https://evil.example\">x</a>",
        "<a href=\"//evil.example\">x</a>",
        "<a href=\"#nowhere\">x</a>",
        "<p onclick=\"x\"></p>",
        "<p style=\"x\"></p>",
        "<script></script>",
        "<h1>B</h1>",
        "<p class=x></p>",
        "<form method=\"post\" action=\"/auth/pages/x\"></form>",
        "<button></button>",
        "<p aria-describedby=\"x\"></p>",
        "<svg></svg>",
        "<a href=\"/auth/consoles\">x</a>",
        "<form method=\"get\" action=\"/auth/pages/x\"></form>",
        "<form method=\"post\" action=\"/auth/console/x\"></form>",
        "<select id=\"a\"></select>",
    ] {
        assert!(page(bad).is_err(), "{bad}");
    }
}
