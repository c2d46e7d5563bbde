use anyhow::Context as _;
use reqwest::Method;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// Calls a test server as one client would.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base_url: String,
    headers: Vec<(String, String)>,
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub text: String,
    /// The body as JSON; null where it is none.
    pub json: Value,
}

impl Client {
    /// A client of a service that runs elsewhere, such as in a process of its own.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(base_url: String) -> anyhow::Result<Self> {
        Ok(Self { http: connections()?, base_url, headers: Vec::new() })
    }

    /// The same client with connections of its own. Connections end with the runtime that made them, so
    /// a client that is made in one test is not to lend its own to another.
    pub(crate) fn with_own_connections(&self) -> Self {
        let http = connections().unwrap_or_else(|_| self.http.clone());
        Self { http, ..self.clone() }
    }

    /// The same client with one more header on every request.
    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut headers = self.headers.clone();
        headers.retain(|(present, _)| present != name);
        headers.push((name.to_owned(), value.to_owned()));
        Self { headers, ..self.clone() }
    }

    /// The same client with an access token.
    #[must_use]
    pub fn with_token(&self, access_token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {access_token}"))
    }

    /// The same client from another address, as the trusted proxy of the test server reports it.
    #[must_use]
    pub fn from_address(&self, address: &str) -> Self {
        self.with_header("x-forwarded-for", address)
    }

    /// The same client with another user agent.
    #[must_use]
    pub fn with_user_agent(&self, user_agent: &str) -> Self {
        self.with_header("user-agent", user_agent)
    }

    /// GET.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(Method::GET, path, None).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Answer> {
        self.send(Method::POST, path, Some(body)).await
    }

    /// Any method, with or without a JSON body.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
        let request = self.request(method, path);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        Self::finish(request).await
    }

    /// Any method with any bytes as the body and any `Content-Type`.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn send_raw(
        &self,
        method: Method,
        path: &str,
        content_type: Option<&str>,
        body: impl Into<reqwest::Body>,
    ) -> anyhow::Result<Answer> {
        let request = self.request(method, path).body(body);
        let request = match content_type {
            Some(content_type) => request.header("content-type", content_type),
            None => request,
        };
        Self::finish(request).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base_url));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    async fn finish(request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await.context("the server does not answer")?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.context("the answer breaks off")?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, headers, text, json })
    }
}

fn connections() -> Result<reqwest::Client, reqwest::Error> {
    // Servers of the test kit speak no TLS: the machine's authorities need not be read, nor be there.
    reqwest::Client::builder().no_proxy().tls_certs_only([]).build()
}

impl Answer {
    /// A header's text; empty where there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// A text in the JSON body, found by a pointer (RFC 6901) such as `/tokens/access_token`; empty where
    /// there is none.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> &str {
        self.json.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// The code of an error.
    #[must_use]
    pub fn code(&self) -> &str {
        self.text_at("/code")
    }
}
