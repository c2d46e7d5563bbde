use std::sync::Arc;

use archon_app::{Auth, BlockAddress, Policy, Reason};
use archon_domain::{BlockedAddress, ClientNetwork, FieldError, FieldErrorCode, Instant, Span};
use minijinja::{Value, context};

use super::ConsolePlace;
use super::confirmation::Confirmation;
use super::desk::Desk;
use super::times::moment;
use crate::bodies::ReasonBody;
use crate::body::RequestBody;
use crate::fields::Fields;
use crate::pages::{Done, Form, PageAnswer, Visit};
use crate::problem::Problem;

/// How many blocks are shown.
const MOST: u32 = 500;

/// For how long an address is blocked if nothing else is typed, in minutes.
const USUAL: &str = "60";

/// The longest block by hand, in minutes: a year.
const LONGEST: i64 = 366 * 24 * 60;

/// An address to block, and why.
struct NewBlock {
    block: BlockAddress,
    reason: Reason,
}

impl RequestBody for NewBlock {
    fn read(fields: &mut Fields, _: &Policy) -> Option<Self> {
        let network = fields.text("address", read_address);
        let duration = fields.text("minutes", read_minutes);
        let reason = fields.text("reason", Reason::parse);
        Some(Self { block: BlockAddress { network: network?, duration: duration? }, reason: reason? })
    }
}

fn read_address(text: &str) -> Result<ClientNetwork, FieldError> {
    let message = "must be an IP address such as 192.0.2.7 or 2001:db8::7";
    text.trim().parse().map_err(|_| FieldError::new("address", FieldErrorCode::InvalidFormat, message))
}

fn read_minutes(text: &str) -> Result<Span, FieldError> {
    let minutes = text.trim().parse().ok().filter(|minutes| (1..=LONGEST).contains(minutes));
    let message = "must be a whole number of minutes, from 1 to 527040";
    let minutes =
        minutes.ok_or_else(|| FieldError::new("minutes", FieldErrorCode::InvalidFormat, message))?;
    Ok(Span::minutes(minutes))
}

/// The addresses that are blocked.
pub(crate) async fn list_blocked(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::BlockedAddresses).await?;
    let blocked = desk.auth().blocked_addresses(MOST).await.map_err(Problem::from)?;
    let blocked: Vec<Value> = blocked.iter().map(|block| row(block, desk.now())).collect();
    let news = [Done::AddressBlocked, Done::BlockLifted];
    desk.show("console/blocked-addresses.html", &news, context! { blocked })
}

/// A block as the console shows it.
pub(super) fn row(block: &BlockedAddress, now: Instant) -> Value {
    context! {
        address => block.network.to_string(),
        since => moment(block.since, now),
        until => moment(block.until, now),
        reason => &block.reason,
        alert => block.alert.map(|id| id.to_string()),
    }
}

/// Asks which address to block, and why.
pub(crate) async fn show_block(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::BlockedAddresses).await?;
    let address = desk.visit.query("address").unwrap_or_default();
    desk.ask(blocking(address))
}

/// Blocks an address.
pub(crate) async fn block(visit: Visit) -> PageAnswer {
    let (desk, form) = Desk::receive(visit, ConsolePlace::BlockedAddresses).await?;
    let blocked = async {
        let NewBlock { block, reason } = form.judge(desk.auth().policy())?;
        let block = |auth: Arc<Auth>, mandate| async move { auth.block_address(&mandate, block).await };
        desk.act(reason, block).await
    };
    match blocked.await {
        Ok(_) => Ok(desk.done(ConsolePlace::BlockedAddresses, Done::AddressBlocked)),
        Err(problem) => desk.ask_again(blocking(String::new()), &form, &problem),
    }
}

fn blocking(address: String) -> Confirmation {
    Confirmation {
        action: "/auth/console/blocked-addresses/block".to_owned(),
        heading: "Block an address",
        says: vec![
            "Nobody can log in from there, unless with the right password and from there before; nor open an \
             account, nor ask for a new password. Sessions that are open go on.",
        ],
        button: "Block address",
        grave: true,
        fields: vec![
            ("address", "An IPv4 address, or an IPv6 address for its whole /64."),
            ("minutes", "The block ends by itself."),
        ],
        typed: vec![("address", address), ("minutes", USUAL.to_owned())],
        ..Confirmation::default()
    }
}

/// Asks before a block is lifted.
pub(crate) async fn show_lift(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::BlockedAddresses).await?;
    let address = desk.visit.query("address").unwrap_or_default();
    desk.ask(lifting(&read_network(&address)?))
}

/// Lifts a block.
pub(crate) async fn lift(visit: Visit) -> PageAnswer {
    let (desk, mut form) = Desk::receive(visit, ConsolePlace::BlockedAddresses).await?;
    let network = read_network(&form.take("address"))?;
    match lift_for(&desk, &form, network).await {
        Ok(()) => Ok(desk.done(ConsolePlace::BlockedAddresses, Done::BlockLifted)),
        Err(problem) => desk.ask_again(lifting(&network), &form, &problem),
    }
}

async fn lift_for(desk: &Desk, form: &Form, network: ClientNetwork) -> Result<(), Problem> {
    let ReasonBody { reason } = form.judge(desk.auth().policy())?;
    desk.act(reason, |auth, mandate| async move { auth.lift_block(&mandate, network).await }).await
}

fn read_network(text: &str) -> Result<ClientNetwork, Problem> {
    text.parse().map_err(|_| Problem::not_found("NOT_FOUND", "That is no address"))
}

fn lifting(network: &ClientNetwork) -> Confirmation {
    Confirmation {
        action: "/auth/console/blocked-addresses/lift".to_owned(),
        heading: "Lift this block?",
        target: network.to_string(),
        says: vec!["Whoever comes from there can log in again at once."],
        button: "Lift block",
        hidden: vec![("address", network.to_string())],
        ..Confirmation::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_and_its_minutes_are_read_strictly() {
        let shown = |text: &str| read_address(text).map(|network| network.to_string());
        assert_eq!(shown(" 192.0.2.7 ").unwrap(), "192.0.2.7");
        assert_eq!(shown("2001:db8::7").unwrap(), "2001:db8::/64");
        assert!(["", "x", "192.0.2.0/24", "192.0.2"].into_iter().all(|text| shown(text).is_err()));
        assert_eq!(read_minutes(" 60 ").unwrap(), Span::hours(1));
        assert!(
            ["", "0", "-1", "1.5", "527041", "99999999999999999999"]
                .into_iter()
                .all(|text| read_minutes(text).is_err())
        );
    }
}
