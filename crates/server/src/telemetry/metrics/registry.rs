//! Every metric of the service: name, type, unit, labels and meaning stand here and nowhere else.
//!
//! What counts names its metric again where it happens; a test holds the two together.

use std::sync::LazyLock;

use archon_domain::{AlertKind, Bucket, EventKind};
use metrics::Unit;

/// Figures of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// The subject.
    pub title: &'static str,
    /// The figures.
    pub metrics: Vec<Metric>,
}

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub kind: Kind,
    /// What it is counted in.
    pub unit: Unit,
    /// What it is told apart by.
    pub labels: Vec<Label>,
    /// Where it is shown only there, such as "Redis is configured".
    pub only_where: Option<&'static str>,
    /// What it says, in a sentence or two.
    pub doc: &'static str,
}

/// The type of a figure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Kind {
    /// It only rises, and begins at zero with the process.
    Counter,
    /// It is as it is now.
    Gauge,
    /// How many values were at most as great as each of these bounds.
    Histogram(&'static [f64]),
}

/// What a figure is told apart by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// What it can be; never what a client chooses.
    pub values: Values,
}

/// What a label can be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    /// One of these.
    These(Vec<&'static str>),
    /// One of a few that this describes.
    Described(&'static str),
}

/// Bounds for what a request waits for, in seconds.
const REQUEST: &[f64] =
    &[0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds for what takes a core some time, and for waiting for it, in seconds.
const HASHING: &[f64] = &[0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, 2.5, 5.0];

/// Bounds for what other people's servers take, in seconds; a try to send a mail is given up after 70.
const SENDING: &[f64] = &[0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 70.0];

static SECTIONS: LazyLock<Vec<Section>> = LazyLock::new(|| {
    vec![requests(), log_ins(), security(), hashing(), database(), redis(), mail(), service(), process()]
});

/// Every section, in the order of the page.
#[must_use]
pub fn sections() -> &'static [Section] {
    &SECTIONS
}

/// Every metric.
pub fn all() -> impl Iterator<Item = &'static Metric> {
    sections().iter().flat_map(|section| &section.metrics)
}

fn requests() -> Section {
    let method = || these("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"]);
    let route = || described("route", "the pattern of a path, such as `/auth/sessions/{id}`, or `unknown`");
    Section {
        title: "Requests",
        metrics: vec![
            counter("archon_http_requests_total", "Requests that were answered.")
                .label(method())
                .label(route())
                .label(described("status", "the status code")),
            histogram(
                "archon_http_request_seconds",
                REQUEST,
                "How long answering took, without the network.",
            )
            .label(method())
            .label(route()),
            counter("archon_rate_limit_decisions_total", "Requests that were held against a budget.")
                .label(these("bucket", Bucket::ALL.map(Bucket::as_str)))
                .label(these("decision", ["allowed", "refused"])),
        ],
    }
}

fn log_ins() -> Section {
    let outcomes = [
        "success",
        "invalid_credentials",
        "locked",
        "email_not_verified",
        "account_disabled",
        "session_limit_reached",
        "address_blocked",
        "fault",
    ];
    Section {
        title: "Log-ins",
        metrics: vec![
            counter("archon_logins_total", "Log-ins with a password, by how they ended.")
                .label(these("outcome", outcomes)),
            counter("archon_oauth_total", "Ways to a provider and back, to log in or to link, by how they ended.")
                .label(described("provider", "a configured provider, or `unknown`"))
                .label(described(
                    "outcome",
                    "`known`, `linked`, `reclaimed`, `opened`, `linked_by_user`, `linked_before`, or why it failed, \
                     such as `denied` or `provider_unavailable`",
                )),
            counter("archon_breached_lookups_total", "New passwords that were looked up among the public ones.")
                .label(these("outcome", ["found", "not_found", "failed"])),
        ],
    }
}

fn security() -> Section {
    let kinds: Vec<_> = EventKind::ALL.iter().map(|kind| kind.as_str()).collect();
    let channel = || these("channel", ["webhook", "mail"]);
    Section {
        title: "Security",
        metrics: vec![
            counter("archon_security_events_total", "Security events that were recorded.")
                .label(these("type", kinds)),
            counter(
                "archon_security_events_unstored_total",
                "Security events that are in no store but in the service's own log.",
            ),
            gauge(
                "archon_security_events_sequence",
                "How far the chain of events has come, as of the last ten minutes; it never falls.",
            ),
            counter("archon_alerts_total", "Alerts that were raised by this replica.")
                .label(these("type", AlertKind::ALL.map(AlertKind::as_str))),
            counter(
                "archon_alert_notices_total",
                "Tries to tell operators of an alert; `failed` were given up.",
            )
            .label(channel())
            .label(these("outcome", ["sent", "postponed", "failed"])),
            histogram("archon_alert_notice_seconds", SENDING, "How long tries to tell operators took.")
                .label(channel()),
            gauge("archon_blocked_addresses", "Client addresses that are blocked now."),
            counter("archon_blocked_requests_total", "Requests refused because their address is blocked."),
        ],
    }
}

fn hashing() -> Section {
    Section {
        title: "Password hashing",
        metrics: vec![
            histogram("archon_hash_seconds", HASHING, "How long computing a hash took."),
            histogram("archon_hash_wait_seconds", HASHING, "How long a hash waited for its thread."),
            gauge("archon_hash_queue_depth", "Hashes that wait for a thread."),
            gauge("archon_hash_queue_capacity", "How many may wait (`hashing.queue`)."),
            gauge("archon_hash_threads", "Threads that compute hashes."),
            counter("archon_hash_rejected_total", "Requests answered 503 because too many hashes waited."),
        ],
    }
}

fn database() -> Section {
    let pool = || these("pool", ["postgres", "sqlite_readers", "sqlite_writer"]);
    let sql = "there is a SQL database";
    Section {
        title: "Database",
        metrics: vec![
            gauge(
                "archon_database_up",
                "1 where the database answered when the metrics were asked for, else 0.",
            ),
            gauge("archon_database_connections", "Open connections.")
                .label(pool())
                .label(these("state", ["in_use", "idle"]))
                .only_where(sql),
            gauge("archon_database_connections_max", "Most connections that are opened.")
                .label(pool())
                .only_where(sql),
            gauge("archon_database_waiting", "Queries that wait for a connection.")
                .label(pool())
                .only_where(sql),
        ],
    }
}

fn redis() -> Section {
    Section {
        title: "Redis",
        metrics: vec![
            gauge(
                "archon_fast_store_up",
                "1 while Redis is relied on, 0 while the breaker is open and the database does its work.",
            )
            .only_where("Redis is configured"),
            counter("archon_fast_store_failures_total", "Calls of Redis that failed or took too long.")
                .label(described("call", "which call, such as `pass`, `take` or `settle`")),
            counter(
                "archon_session_lookups_total",
                "Sessions that Redis was asked for, by what it answered.",
            )
            .label(these("fast_store", ["hit", "miss", "away"])),
            counter(
                "archon_notices_dropped_total",
                "What operators do not see in Redis because it was away.",
            ),
        ],
    }
}

fn mail() -> Section {
    let kinds = [
        "verify_email",
        "welcome",
        "password_changed",
        "password_reset",
        "new_device",
        "account_locked",
        "already_registered",
    ];
    let outcome = || these("outcome", ["sent", "postponed", "failed"]);
    Section {
        title: "Mail",
        metrics: vec![
            gauge("archon_mail_queue_pending", "Mails that wait, of all replicas together."),
            gauge("archon_mail_queue_failed", "Mails that were given up, of all replicas together."),
            gauge("archon_mail_queue_age_seconds", "For how long the oldest mail that waits has waited.")
                .seconds(),
            counter("archon_mails_total", "Tries to send a mail; `failed` were given up.")
                .label(these("kind", kinds))
                .label(outcome()),
            histogram("archon_mail_send_seconds", SENDING, "How long tries to send a mail took.")
                .label(outcome()),
        ],
    }
}

fn service() -> Section {
    Section {
        title: "The service",
        metrics: vec![
            gauge("archon_build_info", "1, for the version that runs.")
                .label(described("version", "the version of this process")),
            gauge(
                "archon_clock_seconds",
                "The replica's clock, as Unix time: held against the one of Prometheus, it tells a wrong clock.",
            )
            .seconds(),
        ],
    }
}

fn process() -> Section {
    let linux = "the service runs on Linux";
    Section {
        title: "The process",
        metrics: vec![
            counter("process_cpu_seconds_total", "Processor time that was used.").seconds().only_where(linux),
            gauge("process_resident_memory_bytes", "Memory in use.").bytes().only_where(linux),
            gauge("process_open_fds", "Open files and connections.").only_where(linux),
            gauge("process_max_fds", "Most files and connections that may be open.").only_where(linux),
            gauge("process_threads", "Threads.").only_where(linux),
            gauge("process_start_time_seconds", "When the process started, as Unix time.")
                .seconds()
                .only_where(linux),
        ],
    }
}

fn counter(name: &'static str, doc: &'static str) -> Metric {
    Metric { name, kind: Kind::Counter, unit: Unit::Count, labels: Vec::new(), only_where: None, doc }
}

fn gauge(name: &'static str, doc: &'static str) -> Metric {
    Metric { kind: Kind::Gauge, ..counter(name, doc) }
}

fn histogram(name: &'static str, bounds: &'static [f64], doc: &'static str) -> Metric {
    Metric { kind: Kind::Histogram(bounds), ..counter(name, doc) }.seconds()
}

fn these(name: &'static str, values: impl IntoIterator<Item = &'static str>) -> Label {
    Label { name, values: Values::These(values.into_iter().collect()) }
}

fn described(name: &'static str, values: &'static str) -> Label {
    Label { name, values: Values::Described(values) }
}

impl Metric {
    fn label(mut self, label: Label) -> Self {
        self.labels.push(label);
        self
    }

    fn only_where(mut self, condition: &'static str) -> Self {
        self.only_where = Some(condition);
        self
    }

    fn seconds(mut self) -> Self {
        self.unit = Unit::Seconds;
        self
    }

    fn bytes(mut self) -> Self {
        self.unit = Unit::Bytes;
        self
    }

    /// The labels of every series that there can be; none where that is not known before something happens.
    pub(super) fn series_from_the_start(&self) -> Vec<Vec<metrics::Label>> {
        self.labels.iter().fold(vec![Vec::new()], |series, label| match &label.values {
            Values::These(values) => {
                let with = |begun: &Vec<_>, value: &'static str| {
                    [begun.clone(), vec![metrics::Label::from_static_parts(label.name, value)]].concat()
                };
                series.iter().flat_map(|begun| values.iter().map(move |value| with(begun, value))).collect()
            }
            Values::Described(_) => Vec::new(),
        })
    }

    /// The names under which the page shows it.
    #[must_use]
    pub fn shown_as(&self) -> Vec<String> {
        match self.kind {
            Kind::Counter | Kind::Gauge => vec![self.name.to_owned()],
            Kind::Histogram(_) => {
                ["bucket", "sum", "count"].map(|part| format!("{}_{part}", self.name)).to_vec()
            }
        }
    }
}
