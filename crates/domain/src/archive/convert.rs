//! What the domain speaks of, as records and back.

use sha2::{Digest as _, Sha256};

use super::{
    FieldValue as _, Fields, JsonText, KnownNetwork, Misfit, PasswordHistory, Record, Revocation,
    SIGNING_KEYS, Table,
};
use crate::{
    Email, FieldError, IssuedToken, LinkedIdentity, Mail, Metadata, PasswordHash, PersonName, QueuedMail,
    RefreshState, Role, SealedToken, Session, SessionEnding, SessionId, SessionTrace, SigningKey, Succession,
    TokenDigest, TokenPurpose, User, UserAgent,
};

/// A record from values in the order of the layout.
macro_rules! record {
    ($layout:expr; $($value:expr),* $(,)?) => {
        Record::of($layout, vec![$($value.into_field()),*])
    };
}

pub(super) fn json(value: &impl serde::Serialize) -> JsonText {
    // Text, numbers and their like: nothing that could not be written.
    JsonText(serde_json::to_string(value).unwrap_or_default())
}

pub(super) fn read_json<T: serde::de::DeserializeOwned>(fields: &mut Fields) -> Result<T, Misfit> {
    let JsonText(text) = fields.take()?;
    serde_json::from_str(&text).map_err(|error| fields.misfit(error.to_string()))
}

fn message(error: FieldError) -> String {
    error.message.into_owned()
}

pub(super) fn session_id(text: &str) -> Result<SessionId, &'static str> {
    SessionId::parse(text).ok_or("a session id is none")
}

pub(super) fn user_agent(text: &str) -> Result<UserAgent, std::convert::Infallible> {
    Ok(UserAgent::new(text))
}

impl From<&User> for Record {
    fn from(user: &User) -> Self {
        record! { Table::Users.layout();
            user.id, user.email.as_typed(), user.email.key().as_str(), user.name.as_str(),
            user.password.as_ref().map(PasswordHash::expose), user.email_verified_at, json(&user.roles),
            user.status.as_str(), json(&user.metadata), user.created_at, user.updated_at, user.last_login_at,
            user.attempts_void_before,
        }
    }
}

impl TryFrom<Record> for User {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        let id = fields.take()?;
        let email = fields.parse(|text| Email::parse(text).map_err(message))?;
        let _key: String = fields.take()?;
        Ok(Self {
            id,
            email,
            name: fields.parse(|text| PersonName::parse(text).map_err(message))?,
            password: fields.take::<Option<String>>()?.map(PasswordHash::new),
            email_verified_at: fields.take()?,
            roles: read_json::<std::collections::BTreeSet<Role>>(&mut fields)?,
            status: fields.parse(str::parse)?,
            metadata: read_json::<Metadata>(&mut fields)?,
            created_at: fields.take()?,
            updated_at: fields.take()?,
            last_login_at: fields.take()?,
            attempts_void_before: fields.take()?,
        })
    }
}

impl From<&LinkedIdentity> for Record {
    fn from(identity: &LinkedIdentity) -> Self {
        record! { Table::OauthIdentities.layout();
            identity.user, identity.provider.as_str(), identity.subject.as_str(), identity.email.clone(),
            identity.created_at,
        }
    }
}

impl TryFrom<Record> for LinkedIdentity {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        Ok(Self {
            user: fields.take()?,
            provider: fields.take()?,
            subject: fields.take()?,
            email: fields.take()?,
            created_at: fields.take()?,
        })
    }
}

impl From<&PasswordHistory> for Record {
    fn from(history: &PasswordHistory) -> Self {
        let hashes: Vec<String> = history.hashes.iter().map(|hash| hash.expose().to_owned()).collect();
        record! { Table::PasswordHistory.layout(); history.user, hashes }
    }
}

impl TryFrom<Record> for PasswordHistory {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        let user = fields.take()?;
        let hashes: Vec<String> = fields.take()?;
        Ok(Self { user, hashes: hashes.into_iter().map(PasswordHash::new).collect() })
    }
}

impl From<&KnownNetwork> for Record {
    fn from(known: &KnownNetwork) -> Self {
        record! { Table::KnownNetworks.layout(); known.user, known.network.to_string(), known.last_login_at }
    }
}

impl TryFrom<Record> for KnownNetwork {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        Ok(Self { user: fields.take()?, network: fields.parse(str::parse)?, last_login_at: fields.take()? })
    }
}

impl From<&Session> for Record {
    fn from(session: &Session) -> Self {
        let last = session.refresh.last.as_ref();
        record! { Table::Sessions.layout();
            session.user, session.id.as_str(), session.created_at, session.last_accessed, session.expires_at,
            session.absolute_expires_at, session.remembered, session.address.to_string(),
            session.user_agent.as_str(), session.fingerprint.as_str(), session.refresh.current,
            session.refresh.chain_began, last.map(|last| last.predecessor), last.map(|last| last.rotated_at),
            last.map(|last| last.user_agent.as_str()),
            last.map(|last| last.sealed_successor.as_bytes().to_vec()), session.ending.map(|ending| ending.at),
            session.ending.map(|ending| ending.reason.as_str()), session.trace.to_json(),
        }
    }
}

impl TryFrom<Record> for Session {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        let (user, id) = (fields.take()?, fields.parse(session_id)?);
        let (created_at, last_accessed) = (fields.take()?, fields.take()?);
        let (expires_at, absolute_expires_at) = (fields.take()?, fields.take()?);
        let (remembered, address) = (fields.take()?, fields.parse(str::parse)?);
        let user_agent = fields.parse(user_agent)?;
        // What a fingerprint is made of is the domain's to say.
        let _fingerprint: String = fields.take()?;
        let (current, chain_began) = (fields.take()?, fields.take()?);
        let refresh = RefreshState { current, chain_began, last: succession(&mut fields)? };
        let ending = ending(&mut fields)?;
        let trace: Option<String> = fields.take()?;
        let trace = SessionTrace::of_stored(trace.as_deref(), address, &user_agent, created_at)
            .map_err(|error| fields.misfit(error.to_string()))?;
        let fingerprint = user_agent.fingerprint();
        Ok(Self {
            id,
            user,
            created_at,
            last_accessed,
            expires_at,
            absolute_expires_at,
            remembered,
            address,
            user_agent,
            fingerprint,
            refresh,
            trace,
            ending,
        })
    }
}

fn succession(fields: &mut Fields) -> Result<Option<Succession>, Misfit> {
    let parts = (fields.take()?, fields.take()?, fields.parse_optional(user_agent)?, fields.take()?);
    let (Some(predecessor), Some(rotated_at), Some(user_agent), Some(sealed)) = parts else {
        return Ok(None);
    };
    let sealed_successor = SealedToken::new(sealed);
    Ok(Some(Succession { predecessor, rotated_at, user_agent, sealed_successor }))
}

fn ending(fields: &mut Fields) -> Result<Option<SessionEnding>, Misfit> {
    let (at, reason) = (fields.take()?, fields.parse_optional(str::parse)?);
    let (Some(at), Some(reason)) = (at, reason) else { return Ok(None) };
    Ok(Some(SessionEnding { at, reason }))
}

impl From<&Revocation> for Record {
    fn from(revoked: &Revocation) -> Self {
        record! { Table::Revocations.layout();
            revoked.token, revoked.expires_at, revoked.reason.as_str(),
            revoked.session.as_ref().map(SessionId::as_str),
        }
    }
}

impl TryFrom<Record> for Revocation {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        Ok(Self {
            token: fields.take()?,
            expires_at: fields.take()?,
            reason: fields.take()?,
            session: fields.parse_optional(session_id)?,
        })
    }
}

impl From<&IssuedToken> for Record {
    fn from(token: &IssuedToken) -> Self {
        record! { Table::OneTimeTokens.layout();
            token.digest.as_bytes().to_vec(), token.user, token.purpose.as_str(), token.issued_at,
            token.expires_at,
        }
    }
}

impl TryFrom<Record> for IssuedToken {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        let digest: Vec<u8> = fields.take()?;
        let digest: [u8; 32] = digest.try_into().map_err(|_| fields.misfit("a digest has 32 bytes"))?;
        let purposes = [TokenPurpose::VerifyEmail, TokenPurpose::ResetPassword];
        let purpose = |word: &str| {
            purposes.into_iter().find(|purpose| purpose.as_str() == word).ok_or("an unknown purpose")
        };
        Ok(Self {
            digest: TokenDigest::from(digest),
            user: fields.take()?,
            purpose: fields.parse(purpose)?,
            issued_at: fields.take()?,
            expires_at: fields.take()?,
        })
    }
}

impl From<&QueuedMail> for Record {
    fn from(queued: &QueuedMail) -> Self {
        let mail = &queued.mail;
        // By way of a value, as every adapter writes it: with the names in their order.
        let message = serde_json::to_value(&mail.message).unwrap_or_default();
        record! { Table::Outbox.layout();
            mail.id, mail.user, mail.to.as_typed(), mail.name.as_str(), mail.locale.clone(), json(&message),
            queued.queued_at, queued.attempts, queued.next_attempt_at, queued.last_error.clone(),
        }
    }
}

impl TryFrom<Record> for QueuedMail {
    type Error = Misfit;

    fn try_from(record: Record) -> Result<Self, Misfit> {
        let mut fields = record.into_fields();
        Ok(Self {
            mail: Mail {
                id: fields.take()?,
                user: fields.take()?,
                to: fields.parse(|text| Email::parse(text).map_err(message))?,
                name: fields.parse(|text| PersonName::parse(text).map_err(message))?,
                locale: fields.take()?,
                message: read_json(&mut fields)?,
            },
            queued_at: fields.take()?,
            attempts: fields.take()?,
            next_attempt_at: fields.take()?,
            last_error: fields.take()?,
        })
    }
}

impl From<&SigningKey> for Record {
    fn from(key: &SigningKey) -> Self {
        let private_half = Sha256::digest(key.private_pem.as_bytes()).to_vec();
        record! { &SIGNING_KEYS;
            key.id.as_str(), key.algorithm.as_str(), private_half, key.created_at, key.signs_from,
        }
    }
}
