//! The pages that the service shows to people: HTML that works without scripts and asks no other host.
//!
//! Opening a page never spends a token, since mail scanners follow links; its button does. Every form is bound
//! to the browser that it was shown to (see `guard`), its fields are judged like those of the API, and what was
//! refused is shown again with everything typed but passwords.

mod assets;
mod binding;
mod change_password;
mod cookies;
mod done;
mod form;
mod guard;
mod identities;
mod place;
mod problem_page;
mod providers;
mod refusal;
mod register;
mod reset_password;
mod sessions;
mod sign_in;
mod verify_email;
mod visit;
mod words;

use actix_web::HttpResponse;

pub(crate) use assets::{asset, icon, mark, mark_of, style};
pub(crate) use change_password::{change, show_change};
pub(crate) use done::Done;
pub(crate) use form::Form;
pub(crate) use identities::{begin_link, finish_link, list_identities, unlink};
pub(crate) use place::{Place, is_page};
pub(crate) use problem_page::problem_page;
pub(crate) use providers::{begin_sign_in, finish_sign_in};
pub(crate) use refusal::Refusal;
pub(crate) use register::{register, show_register};
pub(crate) use reset_password::{forget, reset, show_forgotten, show_reset};
pub(crate) use sessions::{end_one, end_others, list, resend};
pub(crate) use sign_in::{index, show_sign_in, sign_in, sign_out};
pub(crate) use verify_email::{show_verify, verify};
pub(crate) use visit::{Detour, Visit, is_detour};
pub(crate) use words::ago;

/// What pages answer with.
pub(crate) type PageAnswer = Result<HttpResponse, Detour>;
