use std::io::{BufRead as _, BufReader};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use serde_json::Value;

use crate::support::servers::OwnMailServer;

/// A mail server that remembers what it has seen.
pub(crate) struct MailServer {
    server: OwnMailServer,
    events: Arc<Mutex<Vec<Value>>>,
}

/// A mail as it has arrived.
#[derive(Debug, Clone)]
pub(crate) struct Arrival {
    pub(crate) to: String,
    pub(crate) message_id: String,
    pub(crate) subject: String,
    pub(crate) is_encrypted: bool,
    /// Who has sent it, where the server wants to know.
    pub(crate) user: Option<String>,
}

impl MailServer {
    /// Starts one for anybody; `smtp_server.py` says what `setup` may hold.
    pub(crate) fn start(setup: Value) -> anyhow::Result<Self> {
        OwnMailServer::start(&setup).and_then(Self::follow)
    }

    /// Starts one that takes mails only with STARTTLS and from somebody who has logged in.
    pub(crate) fn start_guarded(setup: Value) -> anyhow::Result<Self> {
        OwnMailServer::start_guarded(setup).and_then(Self::follow)
    }

    fn follow(mut server: OwnMailServer) -> anyhow::Result<Self> {
        let events = Arc::new(Mutex::new(Vec::new()));
        let (told, lines) = (Arc::clone(&events), BufReader::new(server.events()?).lines());
        thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                let event = serde_json::from_str(&line).unwrap_or(Value::Null);
                told.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            }
        });
        Ok(Self { server, events })
    }

    /// The setting by which the service sends mails to it.
    pub(crate) fn setting(&self) -> String {
        self.server.setting()
    }

    /// Takes connections from now on, where it was told to start closed.
    pub(crate) fn open(&mut self) -> anyhow::Result<()> {
        self.server.open()
    }

    /// Every event of a name so far.
    pub(crate) fn told(&self, name: &str) -> Vec<Value> {
        let events = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        events.iter().filter(|event| event["event"] == name).cloned().collect()
    }

    /// Every mail so far, in the order of their arrival.
    pub(crate) fn arrivals(&self) -> Vec<Arrival> {
        self.told("mail").iter().map(Arrival::of).collect()
    }
}

impl Arrival {
    fn of(event: &Value) -> Self {
        let header = |name: &str| {
            let headers = event["headers"].as_array().into_iter().flatten();
            let value = headers.filter(|header| header[0] == name).find_map(|header| header[1].as_str());
            value.unwrap_or_default().to_owned()
        };
        Self {
            to: event["recipients"][0].as_str().unwrap_or_default().to_owned(),
            message_id: header("Message-ID"),
            subject: header("Subject"),
            is_encrypted: event["is_encrypted"] == true,
            user: event["user"].as_str().map(str::to_owned),
        }
    }
}
