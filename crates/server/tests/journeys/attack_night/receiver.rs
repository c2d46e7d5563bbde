//! Where webhooks arrive.

use std::sync::{Arc, Mutex, PoisonError};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, web};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use openssl::hash::MessageDigest;
use openssl::pkey::PKey;
use openssl::sign::Signer;
use serde_json::Value;

/// What operators and service share.
pub(super) const SECRET: &str = "whsec_bmlnaHQgd2F0Y2ggb2YgdGhlIGF0dGFjayBuaWdodA==";

/// What has arrived, each with its id.
#[derive(Clone, Default)]
pub(super) struct Receiver(Arc<Mutex<Vec<(String, Value)>>>);

impl Receiver {
    /// Listens on a free port of this machine, for as long as the runtime of the test lives; its URL.
    pub(super) fn start(&self) -> anyhow::Result<String> {
        let arrived = self.clone();
        let server = HttpServer::new(move || {
            App::new().app_data(web::Data::new(arrived.clone())).route("/hook", web::post().to(take))
        });
        let server = server.workers(1).disable_signals().bind(("127.0.0.1", 0))?;
        let address = server.addrs()[0];
        tokio::spawn(server.run());
        Ok(format!("http://{address}/hook"))
    }

    /// What was told, without what was told twice.
    pub(super) fn told(&self) -> Vec<Value> {
        let arrived = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ids = std::collections::BTreeSet::new();
        arrived.iter().filter(|(id, _)| ids.insert(id.clone())).map(|(_, body)| body.clone()).collect()
    }
}

async fn take(receiver: web::Data<Receiver>, request: HttpRequest, body: web::Bytes) -> HttpResponse {
    let header =
        |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
    if !header("webhook-signature").split(' ').any(|signed| is_signature(signed, id, timestamp, &body)) {
        return HttpResponse::Unauthorized().finish();
    }
    let Ok(told) = serde_json::from_slice(&body) else { return HttpResponse::BadRequest().finish() };
    receiver.0.lock().unwrap_or_else(PoisonError::into_inner).push((id.to_owned(), told));
    HttpResponse::NoContent().finish()
}

/// Checks a signature as the Standard Webhooks specification says, with another library than the service's.
fn is_signature(signed: &str, id: &str, timestamp: &str, body: &[u8]) -> bool {
    let sign = || -> anyhow::Result<String> {
        let secret = STANDARD.decode(SECRET.trim_start_matches("whsec_"))?;
        let key = PKey::hmac(&secret)?;
        let mut signer = Signer::new(MessageDigest::sha256(), &key)?;
        signer.update(format!("{id}.{timestamp}.").as_bytes())?;
        signer.update(body)?;
        Ok(format!("v1,{}", STANDARD.encode(signer.sign_to_vec()?)))
    };
    sign().is_ok_and(|expected| expected == signed)
}
