use archon_domain::{CacheAnswer, CachedProfile, Instant, Lease, Passage, Profile, Session, User, UserId};

use super::{Port, entry, put};
use crate::samples::{Samples, after, start, tick};

/// A user with a live session in the cache.
struct Known {
    user: User,
    session: Session,
}

async fn known(cache: &Port, samples: &Samples) -> Known {
    let user = samples.user("Ada@Example.com");
    let session = samples.session(user.id, start());
    put(cache, samples, &entry(&session), start()).await;
    Known { user, session }
}

impl Known {
    /// The profile as it is to be settled: it lives ten minutes.
    fn entry(&self) -> CachedProfile {
        cached(&self.user)
    }

    fn asking(&self, samples: &Samples) -> Passage {
        Passage { profile: true, ..samples.passage(&self.session) }
    }

    /// The profile that the cache shows of the live session to who asks for it, with a fresh lease.
    async fn shown(&self, cache: &Port, samples: &Samples) -> Option<Profile> {
        shown(cache, &self.asking(samples), &samples.lease(), after(1)).await
    }

    /// Puts the profile in, which must be there for a case to go on.
    async fn settled(&self, cache: &Port, samples: &Samples) {
        let lease = samples.lease();
        assert_eq!(shown(cache, &self.asking(samples), &lease, start()).await, None);
        cache.settle_profile(self.user.id, &lease, Some(&self.entry()), start()).await.unwrap();
        assert_eq!(self.shown(cache, samples).await, Some(self.entry().profile));
    }
}

/// The profile of a user as it is to be settled: it lives ten minutes.
pub(crate) fn cached(user: &User) -> CachedProfile {
    CachedProfile { profile: Profile::from(user.clone()), expires_at: after(600) }
}

/// The profile that a passage is answered with, whose session is live.
pub(crate) async fn shown(cache: &Port, passage: &Passage, lease: &Lease, now: Instant) -> Option<Profile> {
    match cache.pass(passage, lease, now).await.unwrap() {
        CacheAnswer::Live { profile, .. } => profile.map(|profile| *profile),
        CacheAnswer::Unsure { .. } => panic!("the session is live"),
    }
}

/// MUST answer with a profile only when it is asked for, and only with one that was settled, has not expired,
/// and was not forgotten since.
pub async fn a_settled_profile_is_shown_to_those_who_ask(cache: &Port) {
    let samples = Samples::default();
    let bare = known(cache, &samples).await;
    let mut full = known(cache, &samples).await;
    full.user.email_verified_at = Some(after(1) + tick());
    full.user.updated_at = after(2) + tick();
    full.user.last_login_at = Some(after(3) + tick());
    let other = known(cache, &samples).await;
    for known in [&bare, &full] {
        known.settled(cache, &samples).await;
    }
    for known in [&bare, &full] {
        let profile = known.shown(cache, &samples).await.expect("it was settled");
        assert_eq!(profile, known.entry().profile);
        assert_eq!(profile.email.as_typed(), known.user.email.as_typed(), "in the case that was typed");
        let not_asking = samples.passage(&known.session);
        assert_eq!(shown(cache, &not_asking, &samples.lease(), after(1)).await, None);
    }
    assert_eq!(other.shown(cache, &samples).await, None, "nobody has settled it");
}

/// MUST answer with a profile only when it is asked for, and only with one that was settled, has not expired,
/// and was not forgotten since.
pub async fn a_profile_is_shown_until_it_expires(cache: &Port) {
    let samples = Samples::default();
    let known = known(cache, &samples).await;
    known.settled(cache, &samples).await;
    let expiry = known.entry().expires_at;
    let at = async |now| shown(cache, &known.asking(&samples), &samples.lease(), now).await;
    assert!(at(expiry - tick()).await.is_some());
    assert_eq!(at(expiry).await, None);
}

/// MUST put the profile in only under an unbroken lease, and otherwise change nothing. MUST leave a lease that
/// stands to its holder, for a few seconds at the most: many who ask at the same time would else keep each other
/// from settling for ever.
pub async fn only_an_unbroken_lease_settles_a_profile(cache: &Port) {
    let samples = Samples::default();
    let known = known(cache, &samples).await;
    let (id, stale) = (known.user.id, known.entry());
    let settle = async |lease: &Lease, entry| cache.settle_profile(id, lease, entry, start()).await.unwrap();

    settle(&samples.lease(), Some(&stale)).await;
    let [first, second] = [samples.lease(), samples.lease()];
    for lease in [&first, &second] {
        let asked = shown(cache, &known.asking(&samples), lease, start()).await;
        assert_eq!(asked, None, "nobody was given a lease yet, or has used it");
    }
    settle(&second, Some(&stale)).await;
    assert_eq!(known.shown(cache, &samples).await, None, "it was not the second's to settle");
    settle(&first, Some(&stale)).await;
    let mut changed = known.entry();
    changed.profile.updated_at = after(9);
    for spent in [&first, &second] {
        settle(spent, Some(&changed)).await;
        settle(spent, None).await;
        assert_eq!(known.shown(cache, &samples).await, Some(stale.profile.clone()), "a lease settles once");
    }

    cache.forget_profiles(&[id]).await.unwrap();
    let lease = samples.lease();
    assert_eq!(shown(cache, &known.asking(&samples), &lease, start()).await, None);
    settle(&lease, None).await;
    assert_eq!(known.shown(cache, &samples).await, None, "it was settled that there is none");
}

/// MUST forget every profile it is told and break its lease.
pub async fn every_profile_told_is_forgotten_with_its_lease(cache: &Port) {
    let samples = Samples::default();
    let (kept, told, leased) = (
        known(cache, &samples).await,
        [known(cache, &samples).await, known(cache, &samples).await],
        known(cache, &samples).await,
    );
    for known in told.iter().chain([&kept]) {
        known.settled(cache, &samples).await;
    }
    let lease = samples.lease();
    assert_eq!(shown(cache, &leased.asking(&samples), &lease, start()).await, None);
    let mut ids: Vec<UserId> = told.iter().chain([&leased]).map(|known| known.user.id).collect();
    ids.push(samples.user_id());
    cache.forget_profiles(&ids).await.unwrap();
    cache.forget_profiles(&[]).await.unwrap();
    cache.settle_profile(leased.user.id, &lease, Some(&leased.entry()), start()).await.unwrap();
    for known in told.iter().chain([&leased]) {
        assert_eq!(known.shown(cache, &samples).await, None);
    }
    assert!(kept.shown(cache, &samples).await.is_some());
}

/// MUST forget a profile of another version, break its lease, and leave a profile of the very version.
pub async fn a_profile_of_another_version_is_forgotten(cache: &Port) {
    let samples = Samples::default();
    let (current, updated, logged_in, leased) = (
        known(cache, &samples).await,
        known(cache, &samples).await,
        known(cache, &samples).await,
        known(cache, &samples).await,
    );
    for known in [&current, &updated, &logged_in] {
        known.settled(cache, &samples).await;
    }
    let lease = samples.lease();
    assert_eq!(shown(cache, &leased.asking(&samples), &lease, start()).await, None);
    let mut versions = [&current, &updated, &logged_in, &leased].map(|known| known.entry().profile.version());
    // Also back in time: the clocks of replicas are not quite the same.
    versions[1].updated_at -= tick();
    versions[2].last_login_at = Some(after(1));
    cache.forget_outdated(&versions).await.unwrap();
    cache.forget_outdated(&[]).await.unwrap();
    cache.settle_profile(leased.user.id, &lease, Some(&leased.entry()), start()).await.unwrap();
    assert!(current.shown(cache, &samples).await.is_some());
    for known in [&updated, &logged_in, &leased] {
        assert_eq!(known.shown(cache, &samples).await, None);
    }
}
