//! What a [`archon_domain::ports::Archive`] must do.

mod content;

use std::sync::Arc;

use archon_domain::archive::{
    ChainEnd, ChainEndName, KnownNetwork, PasswordHistory, Record, RecordKey, Refusal, RefusalReason,
    Revocation, StoredEvent, Table,
};
use archon_domain::ports::{
    Alerts, Archive, Blocklist, Credentials, EventLog, Identities, Outbox, Revocations, SessionStore,
    UserDirectory, UserRepo,
};
use archon_domain::{
    ChainLink, ClientNetwork, Opening, SecurityEvent, SessionId, TokenPurpose, TokenRef, User,
};

pub use content::content;

use crate::Stores;
use crate::samples::{Samples, after, email, ip, opening_rule, start};

/// What the cases of this suite work on: an archive, and the ports of the same store.
#[derive(Clone)]
pub struct Port {
    /// The archive.
    pub archive: Arc<dyn Archive>,
    /// The other ports of the store.
    pub stores: Stores,
}

impl Port {
    /// The archive and the other ports of one store.
    pub fn of<S>(store: Arc<S>) -> Self
    where
        S: Archive
            + UserRepo
            + UserDirectory
            + Credentials
            + Identities
            + SessionStore
            + Revocations
            + Outbox
            + EventLog
            + Alerts
            + Blocklist
            + 'static,
    {
        Self { archive: Arc::clone(&store) as _, stores: Stores::of(store) }
    }

    async fn put(&self, table: Table, records: &[Record]) {
        assert_eq!(self.archive.put(table, records.to_vec()).await.unwrap(), [], "{table}");
    }

    /// Every record of a table, read page by page.
    async fn read(&self, table: Table, page: u32) -> Vec<Record> {
        let mut records: Vec<Record> = Vec::new();
        loop {
            let after = records.last().map(Record::key);
            let next = self.archive.page(table, after.as_ref(), page).await.unwrap();
            assert!(next.len() <= page as usize, "{table}: a page of {}", next.len());
            if next.is_empty() {
                return records;
            }
            records.extend(next);
        }
    }
}

/// Runs the suite of `Archive` on the [`Port`](crate::archive::Port) of a fixture.
#[macro_export]
macro_rules! archive {
    ($fixture:ident) => {
        $crate::cases! {
            archive of $crate::archive::Port: $fixture,
            cases [
                every_record_is_counted,
                pages_of_any_size_give_every_record_once_in_order,
                what_the_other_ports_have_stored_is_given,
                what_is_put_is_found_by_the_other_ports,
                a_record_takes_the_place_of_the_one_with_its_key,
                password_hashes_keep_their_order,
                a_user_whose_address_is_taken_is_refused,
                what_belongs_to_nobody_is_refused,
                an_event_whose_place_is_anothers_is_refused,
            ],
            concurrency [],
        }
    };
}

/// MUST count every record of the table.
pub async fn every_record_is_counted(port: &Port) {
    for table in Table::ALL {
        assert_eq!(port.archive.count(table).await.unwrap(), 0, "{table}");
    }
    for (table, records) in content(&Samples::default(), 3) {
        port.put(table, &records).await;
        assert_eq!(port.archive.count(table).await.unwrap(), records.len() as u64, "{table}");
    }
}

/// MUST give every record once, in the order of the keys, however small the pages.
pub async fn pages_of_any_size_give_every_record_once_in_order(port: &Port) {
    for (table, mut records) in content(&Samples::default(), 4) {
        port.put(table, &records).await;
        records.sort_by(|a, b| a.order().cmp(b.order()));
        for size in [1, 2, 3, 1000] {
            assert_eq!(port.read(table, size).await, records, "{table} by {size}");
        }
    }
}

/// MUST give what the other ports have stored, to the letter.
pub async fn what_the_other_ports_have_stored_is_given(port: &Port) {
    let (samples, stores) = (Samples::default(), &port.stores);
    let mut account = samples.account("Ada@Example.com");
    let token = samples.token(account.user.id, TokenPurpose::VerifyEmail);
    let mail = samples.mail(&account.user, start());
    account.verification = Some(token.clone());
    account.mails = vec![mail.clone()];
    let user = stores.opened(account).await;
    let network = ClientNetwork::of(ip("2001:db8::1"));
    stores.users.record_login(user.id, network, after(1)).await.unwrap();
    let user = stores.user(&user).await;
    let mut session = samples.session(user.id, start());
    session.refresh = samples.rotated_state();
    let opening = stores.sessions.open(session.clone(), opening_rule(5), start()).await.unwrap();
    assert_eq!(opening, Opening::Opened { ended: Vec::new() });
    let revoked = samples.token_ref(after(100));
    stores.revocations.revoke(&revoked, "it's \"ü\"").await.unwrap();
    let event = samples.event(user.id, start());
    stores.events.append(vec![event.clone()]).await.unwrap();

    let head = ChainLink::before_the_first().next(&Record::from(&event));
    let TokenRef { id, session: of_session, expires_at } = revoked;
    let reason = "it's \"ü\"".to_owned();
    let hashes = user.password.iter().cloned().collect();
    for (table, record) in [
        (Table::Users, Record::from(&user)),
        (Table::PasswordHistory, Record::from(&PasswordHistory { user: user.id, hashes })),
        (
            Table::KnownNetworks,
            Record::from(&KnownNetwork { user: user.id, network, last_login_at: after(1) }),
        ),
        (Table::Sessions, Record::from(&session)),
        (
            Table::Revocations,
            Record::from(&Revocation { token: id, expires_at, reason, session: Some(of_session) }),
        ),
        (Table::OneTimeTokens, Record::from(&token)),
        (Table::Outbox, Record::from(&mail)),
        (Table::SecurityEvents, Record::from(&StoredEvent { event, link: Some(head) })),
        (Table::EventChain, Record::from(&ChainEnd { name: ChainEndName::Head, link: head })),
    ] {
        same(&port.read(table, 10).await, &record);
    }
}

/// Says which fields differ, since records do not show theirs.
fn same(stored: &[Record], given: &Record) {
    let [stored] = stored else { panic!("{} records in place of {given:?}", stored.len()) };
    assert_eq!(stored.differing_fields(given), Vec::<&str>::new(), "{given:?}");
}

/// MUST store every field as it was given, so that the other ports find it.
pub async fn what_is_put_is_found_by_the_other_ports(port: &Port) {
    let (samples, stores) = (Samples::default(), &port.stores);
    let mut user = samples.user("Ada@Example.com");
    user.email_verified_at = Some(after(2));
    user.last_login_at = Some(after(3));
    let mut session = samples.session(user.id, start());
    session.refresh = samples.rotated_state();
    let network =
        KnownNetwork { user: user.id, network: ClientNetwork::of(ip("192.0.2.1")), last_login_at: after(1) };
    let hashes = vec![samples.hash(), samples.hash()];
    let history = PasswordHistory { user: user.id, hashes: hashes.clone() };
    let revoked = samples.token_ref(after(100));
    let revocation = Revocation {
        token: revoked.id,
        expires_at: revoked.expires_at,
        reason: "log-out".to_owned(),
        session: Some(revoked.session.clone()),
    };
    let token = samples.token(user.id, TokenPurpose::VerifyEmail);
    let mut mail = samples.mail(&user, start());
    mail.last_error = Some("450 later".to_owned());
    let event = samples.event(user.id, start());
    let head = ChainLink::before_the_first().next(&Record::from(&event));
    let stored_event = StoredEvent { event: event.clone(), link: Some(head) };
    for (table, record) in [
        (Table::Users, Record::from(&user)),
        (Table::PasswordHistory, Record::from(&history)),
        (Table::KnownNetworks, Record::from(&network)),
        (Table::Sessions, Record::from(&session)),
        (Table::Revocations, Record::from(&revocation)),
        (Table::OneTimeTokens, Record::from(&token)),
        (Table::Outbox, Record::from(&mail)),
        (Table::SecurityEvents, Record::from(&stored_event)),
        (Table::EventChain, Record::from(&ChainEnd { name: ChainEndName::Head, link: head })),
    ] {
        port.put(table, &[record]).await;
    }

    crate::stores::assert_same_user(&stores.user(&user).await, &user);
    assert!(stores.users.find_by_email(email("ada@example.COM").key()).await.unwrap().is_some());
    assert_eq!(stores.credentials.password_history(user.id, 9).await.unwrap(), hashes);
    let known = stores.users.known_networks(user.id).await.unwrap();
    assert_eq!(known, [(network.network, network.last_login_at)]);
    assert_eq!(stores.sessions.find(&session.id).await.unwrap(), Some(session.clone()));
    assert_eq!(stores.sessions.list(user.id, start()).await.unwrap(), [session]);
    assert!(stores.revocations.is_revoked(&revoked, after(99)).await.unwrap());
    let listed = stores.revocations.of_session(&revoked.session, start()).await.unwrap();
    assert_eq!(listed, [revoked.id]);
    let claimed = stores.claim_all(start()).await;
    assert_eq!(claimed.len(), 1);
    crate::stores::assert_same_mail(&claimed[0].mail, &mail.mail);
    assert_eq!(claimed[0].last_error, mail.last_error);
    assert_eq!(stores.events.of_user(user.id, 9).await.unwrap(), [event]);
    assert_eq!(stores.events.chain_ends().await.unwrap().head, head);
    let next = samples.event(user.id, after(1));
    stores.events.append(vec![next.clone()]).await.unwrap();
    let found = stores.events.chain_ends().await.unwrap().head;
    assert_eq!(found, head.next(&Record::from(&next)), "the chain goes on where it was");
    assert!(stores.credentials.verify_email(&token.digest, start()).await.unwrap().is_some());
}

/// MUST put a record in the place of the one with its key, and leave all others alone.
pub async fn a_record_takes_the_place_of_the_one_with_its_key(port: &Port) {
    let samples = Samples::default();
    let stored = content(&samples, 3);
    for (table, records) in &stored {
        port.put(*table, records).await;
    }
    let user = User::try_from(stored[0].1[1].clone()).unwrap();
    for (table, record) in content::changed(&samples, &user, &stored) {
        let key = record.key();
        port.put(table, std::slice::from_ref(&record)).await;
        let (_, former) = stored.iter().find(|(of, _)| *of == table).unwrap();
        let expected = |old: &Record| if old.key() == key { record.clone() } else { old.clone() };
        let mut expected: Vec<_> = former.iter().map(expected).collect();
        assert_ne!(&expected, former, "{table}: something must have changed");
        expected.sort_by(|a, b| a.order().cmp(b.order()));
        assert_eq!(port.read(table, 1000).await, expected, "{table}");
    }
    let found = port.stores.users.find_by_email(email("new-address@example.com").key()).await.unwrap();
    assert_eq!(found.map(|found| found.id), Some(user.id), "the new address holds");
    assert_eq!(port.stores.users.find_by_email(user.email.key()).await.unwrap(), None, "and the old is free");
}

/// MUST keep the order of a user's password hashes.
pub async fn password_hashes_keep_their_order(port: &Port) {
    let samples = Samples::default();
    let users = ["ada@example.com", "bob@example.com"].map(|address| samples.user(address));
    let records = users.each_ref().map(Record::from);
    port.put(Table::Users, &records).await;
    for _ in 0..2 {
        let histories = users.each_ref().map(|user| {
            let hashes = (0..6).map(|_| samples.hash()).collect();
            PasswordHistory { user: user.id, hashes }
        });
        port.put(Table::PasswordHistory, &histories.each_ref().map(Record::from)).await;
        for history in histories {
            let hashes = port.stores.credentials.password_history(history.user, 9).await.unwrap();
            assert_eq!(hashes, history.hashes);
        }
    }
}

/// MUST refuse a user whose address another user has, name that one, and store the others.
pub async fn a_user_whose_address_is_taken_is_refused(port: &Port) {
    let samples = Samples::default();
    let ada = port.stores.open(&samples, "Ada@Example.com").await;
    let (bob, impostor) = (samples.user("bob@example.com"), samples.user("ada@example.com"));
    let twin = samples.user("BOB@example.com");
    let records = [&bob, &impostor, &twin].map(Record::from);
    let mut refused = port.archive.put(Table::Users, records.to_vec()).await.unwrap();
    refused.sort_by(|a, b| a.key.cmp(&b.key));
    let mut expected = vec![
        Refusal { key: records[1].key(), reason: RefusalReason::AddressTaken { by: ada.id } },
        Refusal { key: records[2].key(), reason: RefusalReason::AddressTaken { by: bob.id } },
    ];
    expected.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(refused, expected);
    let keys: Vec<RecordKey> = port.read(Table::Users, 10).await.iter().map(Record::key).collect();
    let mut expected = vec![Record::from(&ada).key(), records[0].key()];
    expected.sort();
    assert_eq!(keys, expected);
}

/// MUST refuse what belongs to a user who is not there, and store the others.
pub async fn what_belongs_to_nobody_is_refused(port: &Port) {
    let samples = Samples::default();
    let ada = port.stores.open(&samples, "ada@example.com").await;
    let nobody = samples.user_id();
    let sessions = [ada.id, nobody].map(|user| samples.session(user, start()));
    let records = sessions.each_ref().map(Record::from);
    let refused = port.archive.put(Table::Sessions, records.to_vec()).await.unwrap();
    let reason = RefusalReason::NoSuchUser(nobody);
    assert_eq!(refused, [Refusal { key: records[1].key(), reason }]);
    let find = async |id: &SessionId| port.stores.sessions.find(id).await.unwrap().is_some();
    assert!(find(&sessions[0].id).await && !find(&sessions[1].id).await);
    for (table, records) in content(&samples, 1) {
        let owned = records.iter().filter(|record| record.owner().is_some()).count();
        if table != Table::Users {
            let refused = port.archive.put(table, records).await.unwrap();
            assert_eq!(refused.len(), owned, "{table}");
        }
    }
}

/// MUST refuse an event whose place in the chain another event has, name that one, and store the others.
pub async fn an_event_whose_place_is_anothers_is_refused(port: &Port) {
    let samples = Samples::default();
    let user = samples.user_id();
    let own = samples.event(user, start());
    port.stores.events.append(vec![own.clone()]).await.unwrap();
    let others = [samples.event(user, start()), samples.event(user, after(1))];
    let first = ChainLink::before_the_first().next(&Record::from(&others[0]));
    let second = first.next(&Record::from(&others[1]));
    let stored = |event: &SecurityEvent, link| Record::from(&StoredEvent { event: event.clone(), link });
    let records = [stored(&others[0], Some(first)), stored(&others[1], Some(second))];
    let refused = port.archive.put(Table::SecurityEvents, records.to_vec()).await.unwrap();
    assert_eq!(
        refused,
        [Refusal { key: records[0].key(), reason: RefusalReason::PlaceTaken { by: own.id } }]
    );
    let without_a_place = stored(&others[0], None);
    port.put(Table::SecurityEvents, std::slice::from_ref(&without_a_place)).await;
    let found = port.read(Table::SecurityEvents, 10).await;
    assert_eq!(found.len(), 3);
    assert!(found.contains(&records[1]) && found.contains(&without_a_place));
    let events = &port.stores.events;
    assert_eq!(events.chain_ends().await.unwrap().outside, 1, "nothing vouches for what has no place");
    assert_eq!(events.purge(after(1)).await.unwrap(), 2, "which is forgotten by its age alone");
    assert_eq!(events.chain_ends().await.unwrap().outside, 0);
}
