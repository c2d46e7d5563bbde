//! The clean-up worker: what it shows of the chain of security events.

use std::time::Duration;

use archon_app::workers::{CleanUp, Retention};
use archon_contract::faults::Fault;
use archon_domain::Span;
use archon_domain::ports::EventLog as _;
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::support::log::Log;
use crate::support::world::World;

const KEEP_ALL: Retention =
    Retention { events: Span::days(90), known_networks: Span::days(90), sessions: Span::days(30) };

/// Lets the worker look once more.
async fn a_look() {
    sleep(Duration::from_secs(601)).await;
}

/// Records an event and returns the new head, as operators note it, and its sequence.
async fn head_after_another_event(world: &World, name: &str) -> (String, u64) {
    world.second.registered(name).await;
    world.second.auth.recorder().flush().await;
    let head = world.shared.store.chain_ends().await.unwrap().head;
    (head.to_string(), head.sequence)
}

#[tokio::test(start_paused = true)]
async fn the_head_of_the_chain_is_logged_once_a_day_and_its_sequence_shown_at_every_look() {
    let log = Log::listen();
    let recorder = PrometheusBuilder::new().build_recorder();
    let _counting = metrics::set_default_local_recorder(&recorder);
    let shown = |sequence: u64| {
        let line = format!("archon_security_events_sequence {sequence}\n");
        recorder.handle().render().contains(&line)
    };
    let lines = || -> Vec<String> {
        let text = log.text();
        text.lines().filter(|line| line.contains("the chain of security events")).map(str::to_owned).collect()
    };
    let world = World::calm().await;
    let (head, sequence) = head_after_another_event(&world, "ada").await;
    let (stop, stopped) = watch::channel(false);
    let worker = tokio::spawn(CleanUp::new(&world.second.auth, KEEP_ALL).run(stopped));

    sleep(Duration::from_millis(1)).await;
    assert!(shown(sequence), "{}", recorder.handle().render());
    let [first] = &lines()[..] else { panic!("not said at the start: {:?}", lines()) };
    assert!(first.contains(" INFO ") && first.contains(&format!("head={head}")), "{first}");

    let (_, sequence) = head_after_another_event(&world, "bob").await;
    a_look().await;
    assert!(shown(sequence), "{}", recorder.handle().render());
    world.shared.clock.advance(Span::hours(23));
    a_look().await;
    assert_eq!(lines().len(), 1, "it is not a day yet");

    world.shared.clock.advance(Span::hours(1));
    let (head, _) = head_after_another_event(&world, "eve").await;
    a_look().await;
    a_look().await;
    let [_, second] = &lines()[..] else { panic!("not once a day: {:?}", lines()) };
    assert!(second.contains(&format!("head={head}")), "{second}");

    stop.send(true).unwrap();
    worker.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_clean_up_that_is_put_off_is_made_up_for_and_the_head_is_shown_all_the_same() {
    let log = Log::listen();
    let world = World::calm().await;
    let (head, _) = head_after_another_event(&world, "ada").await;
    world.second.durable.strike_all(Fault::Refused);
    let (_stop, stopped) = watch::channel(false);
    tokio::spawn(CleanUp::new(&world.second.auth, KEEP_ALL).run(stopped));
    sleep(Duration::from_millis(1)).await;
    let text = log.text();
    assert!(text.contains("clean-up is put off") && text.contains(&format!("head={head}")), "{text}");
    assert!(!text.contains("cleaned up"), "{text}");
    world.second.durable.heal();
    a_look().await;
    assert!(log.text().contains("cleaned up"), "{}", log.text());
}
