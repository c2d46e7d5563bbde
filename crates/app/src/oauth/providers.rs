use std::sync::Arc;

use archon_domain::ProviderDescriptor;
use archon_domain::ports::IdentityProvider;

use crate::Auth;

/// What users can log in with, in the order in which it is shown.
#[derive(Clone)]
pub struct Providers(Arc<[Listed]>);

/// A provider, and whether there are credentials for it.
struct Listed {
    descriptor: ProviderDescriptor,
    provider: Option<Arc<dyn IdentityProvider>>,
}

/// What a provider's name stands for.
pub enum ProviderLookup<'a> {
    /// Users can log in with it.
    Configured(&'a Arc<dyn IdentityProvider>),
    /// A well-known one, for which there are no credentials.
    NotConfigured,
    /// None that is listed.
    Unknown,
}

impl Providers {
    /// Google, GitHub and Microsoft, which are listed whether they are configured or not, and the others that
    /// are, in their order.
    #[must_use]
    pub fn new(configured: Vec<Arc<dyn IdentityProvider>>) -> Self {
        let well_known =
            [ProviderDescriptor::google(), ProviderDescriptor::github(), ProviderDescriptor::microsoft()];
        let mut listed: Vec<Listed> =
            well_known.map(|descriptor| Listed { descriptor, provider: None }).into();
        for provider in configured {
            let descriptor = provider.descriptor().clone();
            let entry = Listed { descriptor, provider: Some(provider) };
            match listed.iter_mut().find(|listed| listed.descriptor.name == entry.descriptor.name) {
                Some(listed) => *listed = entry,
                None => listed.push(entry),
            }
        }
        Self(listed.into())
    }

    /// Every provider in order, and whether users can log in with it.
    pub fn iter(&self) -> impl Iterator<Item = (&ProviderDescriptor, bool)> {
        self.0.iter().map(|listed| (&listed.descriptor, listed.provider.is_some()))
    }

    /// What stands behind a name.
    #[must_use]
    pub fn find(&self, name: &str) -> ProviderLookup<'_> {
        match self.0.iter().find(|listed| listed.descriptor.name == name) {
            Some(Listed { provider: Some(provider), .. }) => ProviderLookup::Configured(provider),
            Some(Listed { provider: None, .. }) => ProviderLookup::NotConfigured,
            None => ProviderLookup::Unknown,
        }
    }
}

impl Default for Providers {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl Auth {
    /// Every provider in order, and whether users can log in with it.
    #[must_use]
    pub fn providers(&self) -> Vec<(&ProviderDescriptor, bool)> {
        self.ports.providers.iter().collect()
    }

    /// What a provider's button says, by the provider's name; the name itself where it is configured no more.
    #[must_use]
    pub fn provider_display_name<'a>(&'a self, name: &'a str) -> &'a str {
        let found = self.ports.providers.iter().find(|(descriptor, _)| descriptor.name == name);
        found.map_or(name, |(descriptor, _)| &descriptor.display_name)
    }
}
