//! The service's own pages, as a browser without scripts meets them.

pub(crate) mod browser;
mod budgets;
mod cookies;
mod every_page;
mod forms;
mod guard;
mod hostile;
mod html;
mod identities;
mod links;
mod oauth;
mod outage;
mod password;
mod provider;
mod reset;
mod sessions;
mod switched_off;
