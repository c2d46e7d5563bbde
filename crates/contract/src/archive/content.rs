//! Records of every table, with texts that collations like to put in another order than bytes do.

use archon_domain::archive::{
    ChainEnd, ChainEndName, KnownNetwork, PasswordHistory, Record, Revocation, StoredEvent, Table,
};
use archon_domain::{
    ChainLink, ClientNetwork, IssuedToken, LinkedIdentity, QueuedMail, Session, SessionEnding, Succession,
    TerminationReason, TokenPurpose, User,
};

use crate::samples::{Samples, after, email, ip, start, travelled};

/// Names that sort otherwise by letters than by bytes.
const NAMES: [&str; 6] = ["a", "B", "_c", "é", "Z", "-z"];

/// The content of a store with so many users, table by table in the order in which it can be stored.
///
/// The first user has everything twice or more, the last one nothing but the account.
#[must_use]
pub fn content(samples: &Samples, users: usize) -> Vec<(Table, Vec<Record>)> {
    let users: Vec<User> = (0..users).map(|number| user(samples, number)).collect();
    let rich: Vec<(usize, &User)> = users.iter().enumerate().take(users.len().max(2) - 1).collect();
    let each = |make: &dyn Fn(usize, &User) -> Vec<Record>| -> Vec<Record> {
        rich.iter().flat_map(|(number, user)| make(*number, user)).collect()
    };
    let events = events(samples, &rich);
    vec![
        (Table::Users, users.iter().map(Record::from).collect()),
        (Table::OauthIdentities, each(&|number, user| identities(number, user))),
        (Table::PasswordHistory, each(&|number, user| history(samples, number, user))),
        (Table::KnownNetworks, each(&|_, user| networks(user))),
        (Table::Sessions, each(&|_, user| sessions(samples, user))),
        (Table::Revocations, each(&|_, _| revocations(samples))),
        (Table::OneTimeTokens, each(&|_, user| tokens(samples, user))),
        (Table::Outbox, each(&|_, user| mails(samples, user))),
        (Table::SecurityEvents, events.iter().map(Record::from).collect()),
        (Table::EventChain, chain_ends(&events)),
    ]
}

fn user(samples: &Samples, number: usize) -> User {
    let mut user = samples.user(&format!("User{number}@Example.com"));
    if number % 2 == 1 {
        user.password = None;
        user.last_login_at = Some(after(7));
    }
    user
}

fn identities(number: usize, user: &User) -> Vec<Record> {
    let of = |subject: &&str| LinkedIdentity {
        user: user.id,
        provider: subject.to_lowercase(),
        subject: format!("{subject}{number}"),
        email: number.is_multiple_of(2).then(|| "Ada@Example.com".to_owned()),
        created_at: start(),
    };
    NAMES.iter().map(|subject| Record::from(&of(subject))).collect()
}

fn history(samples: &Samples, number: usize, user: &User) -> Vec<Record> {
    let hashes = (0..=number % 6).map(|_| samples.hash()).collect();
    vec![Record::from(&PasswordHistory { user: user.id, hashes })]
}

fn networks(user: &User) -> Vec<Record> {
    let addresses = ["192.0.2.10", "192.0.2.9", "2001:db8::1", "2001:db8:ff::1"];
    let of = |address: &&str| {
        let network = ClientNetwork::of(ip(address));
        Record::from(&KnownNetwork { user: user.id, network, last_login_at: after(3) })
    };
    addresses.iter().map(of).collect()
}

fn sessions(samples: &Samples, user: &User) -> Vec<Record> {
    let mut sessions: Vec<Session> = (0..4).map(|number| samples.session(user.id, after(number))).collect();
    sessions[0].refresh = samples.rotated_state();
    sessions[2].trace = travelled(&sessions[2].trace, after(8));
    sessions[1].ending = Some(SessionEnding { at: after(9), reason: TerminationReason::Logout });
    sessions.iter().map(Record::from).collect()
}

fn revocations(samples: &Samples) -> Vec<Record> {
    let of = |number: i64| Revocation {
        token: samples.token_id(),
        expires_at: after(number),
        reason: "by hand; it's \"ü\"".to_owned(),
        session: (number == 0).then(|| samples.session_id()),
    };
    (0..2).map(|number| Record::from(&of(number))).collect()
}

fn tokens(samples: &Samples, user: &User) -> Vec<Record> {
    let of = |purpose| Record::from(&samples.token(user.id, purpose));
    [TokenPurpose::VerifyEmail, TokenPurpose::ResetPassword].map(of).to_vec()
}

fn mails(samples: &Samples, user: &User) -> Vec<Record> {
    let mut mails = [samples.mail(user, start()), samples.mail(user, after(1))];
    mails[1].next_attempt_at = None;
    mails[1].attempts = 8;
    mails[1].last_error = Some("550 no such \"mailbox\"".to_owned());
    mails[1].mail.locale = None;
    mails.iter().map(Record::from).collect()
}

/// Two events of each user in one chain, in front of them one from before the chain.
fn events(samples: &Samples, users: &[(usize, &User)]) -> Vec<StoredEvent> {
    let mut head = ChainLink::before_the_first();
    let mut stored = Vec::new();
    for (number, user) in users {
        let mut events = [samples.event(user.id, start()), samples.event(user.id, after(1))];
        events[1].user = None;
        events[1].session = None;
        events[1].address = None;
        events[1].user_agent = None;
        events[1].request_id = None;
        if *number == 0 {
            stored.push(StoredEvent { event: samples.event(user.id, start()), link: None });
        }
        for event in events {
            head = head.next(&Record::from(&event));
            stored.push(StoredEvent { event, link: Some(head) });
        }
    }
    stored
}

/// The chain of these events, with an anchor in front of the latest.
fn chain_ends(events: &[StoredEvent]) -> Vec<Record> {
    let mut links = events.iter().rev().filter_map(|stored| stored.link);
    let ends = [ChainEndName::Head, ChainEndName::Anchor].into_iter().filter_map(|name| {
        let link = links.next()?;
        Some(Record::from(&ChainEnd { name, link }))
    });
    ends.collect()
}

/// One changed record of each table of `stored`, whose key is there; that of the users is `user`'s.
pub(super) fn changed(
    samples: &Samples,
    user: &User,
    stored: &[(Table, Vec<Record>)],
) -> Vec<(Table, Record)> {
    stored.iter().map(|(table, records)| (*table, change(samples, user, *table, &records[0]))).collect()
}

fn change(samples: &Samples, user: &User, table: Table, record: &Record) -> Record {
    macro_rules! change {
        ($type:ty, $change:expr) => {{
            let mut item = <$type>::try_from(record.clone()).unwrap();
            let change: &dyn Fn(&mut $type) = &$change;
            change(&mut item);
            Record::from(&item)
        }};
    }
    match table {
        Table::Users => {
            Record::from(&User { email: email("New-Address@example.com"), password: None, ..user.clone() })
        }
        Table::OauthIdentities => {
            change!(LinkedIdentity, |identity| identity.email = Some("b@c.de".to_owned()))
        }
        Table::PasswordHistory => change!(PasswordHistory, |history| history.hashes = vec![samples.hash()]),
        Table::KnownNetworks => change!(KnownNetwork, |known| known.last_login_at = after(99)),
        Table::Sessions => change!(Session, |session| {
            session.refresh.last = None::<Succession>;
            session.last_accessed = after(50);
        }),
        Table::Revocations => change!(Revocation, |revoked| revoked.session = None),
        Table::OneTimeTokens => change!(IssuedToken, |token| token.expires_at = after(1)),
        Table::Outbox => change!(QueuedMail, |queued| {
            queued.next_attempt_at = None;
            queued.attempts += 1;
        }),
        Table::SecurityEvents => change!(StoredEvent, |stored| {
            stored.event.user = None;
            stored.event.details.clear();
        }),
        Table::EventChain => change!(ChainEnd, |end| end.link.sequence += 1),
    }
}
