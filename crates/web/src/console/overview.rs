use archon_domain::{Alert, AlertFilter, BlockedAddress, OutboxCounts};
use minijinja::{Value, context};

use super::desk::Desk;
use super::plot::Plot;
use super::tally::{Window, counted, of_events, of_samples};
use super::{ConsolePlace, alerts, blocked_addresses};
use crate::pages::{PageAnswer, Visit};
use crate::problem::Problem;

/// How many of the latest alerts are looked at for open ones, and how many blocks are counted.
const LOOKED_AT: u32 = 200;

/// How many of each are shown.
const SHOWN: usize = 5;

/// What goes on: in plots, and what needs somebody's attention.
pub(crate) async fn overview(visit: Visit) -> PageAnswer {
    let desk = Desk::open(visit, ConsolePlace::Overview).await?;
    let (auth, now) = (desk.auth(), desk.now());
    let window = Window::parse(&desk.visit.query("window").unwrap_or_default());
    let blocked = auth.blocked_addresses(LOOKED_AT).await.map_err(Problem::from)?;
    let open = open_alerts(&desk).await?;
    let mails = auth.mail_counts().await.map_err(Problem::from)?;
    desk.app().samples.mails_waiting(mails.pending, now);
    let plots = plots(&desk, window).await?;
    let shown = open.iter().take(SHOWN).map(|alert| alerts::row(&desk, alert, now));
    let held = blocked.iter().take(SHOWN).map(|block| blocked_addresses::row(block, now));
    let values = context! {
        tiles => tiles(&open, &blocked, mails),
        windows => Window::ALL.map(|other| option(other, window)).to_vec(),
        step => window.step_name(),
        plots => plots.into_iter().map(Plot::into_value).collect::<Vec<_>>(),
        alerts => shown.collect::<Vec<_>>(),
        blocked => held.collect::<Vec<_>>(),
        blocked_more => blocked.len() > SHOWN,
    };
    desk.show("console/overview.html", &[], values)
}

async fn open_alerts(desk: &Desk) -> Result<Vec<Alert>, Problem> {
    let found = desk.auth().find_alerts(&AlertFilter::default(), None, LOOKED_AT).await?;
    Ok(found.items.into_iter().filter(|alert| alerts::is_open(desk, alert)).collect())
}

async fn plots(desk: &Desk, window: Window) -> Result<Vec<Plot>, Problem> {
    let now = desk.now();
    let (from, until) = (window.from(now), window.until(now));
    let tallies = desk.auth().tally_events(&counted(), from, until, window.step()).await?;
    let samples = desk.app().samples.since(from);
    Ok([of_events(&tallies, window, now), of_samples(&samples, window, now)].concat())
}

fn option(window: Window, current: Window) -> Value {
    context! { word => window.word(), name => window.name(), current => window == current }
}

/// What is to be seen first: figures with what they say, where they lead, and whether they are good.
fn tiles(open: &[Alert], blocked: &[BlockedAddress], mails: OutboxCounts) -> Vec<Value> {
    let tile = |place: ConsolePlace, figure: String, [one, several]: [&str; 2], tone: &str| {
        let (says, tone) = match &*figure {
            "0" => (several, ""),
            "1" => (one, tone),
            _ => (several, tone),
        };
        context! { path => place.path(), figure, says, tone }
    };
    vec![
        tile(ConsolePlace::Alerts, counted_up(open.len()), ["open alert", "open alerts"], "caution"),
        tile(
            ConsolePlace::BlockedAddresses,
            counted_up(blocked.len()),
            ["blocked address", "blocked addresses"],
            "",
        ),
        tile(ConsolePlace::Mail, mails.pending.to_string(), ["mail waiting", "mails waiting"], ""),
        tile(ConsolePlace::Mail, mails.failed.to_string(), ["mail given up", "mails given up"], "wrong"),
    ]
}

/// A count that is exact only below what is looked at.
fn counted_up(length: usize) -> String {
    if length < LOOKED_AT as usize { length.to_string() } else { format!("{length} or more") }
}
