//! What is delivered for Prometheus and Grafana asks for figures that there are.

use std::collections::BTreeSet;

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{Expr, parse};
use promql_parser::util::{ExprVisitor, walk_expr};
use serde_json::Value;
use yaml_rust2::{Yaml, YamlLoader};

use super::super::registry::{self, Kind, Metric, Values};
use super::{fs, repository};

/// What Prometheus itself knows of what it scrapes.
const OF_PROMETHEUS: [&str; 2] = ["up", "scrape_duration_seconds"];

/// The figures that a query asks for, by name, with the labels that it wants of each.
#[derive(Default)]
struct Asked(Vec<(String, Matchers)>);

impl ExprVisitor for Asked {
    type Error = String;

    fn pre_visit(&mut self, expression: &Expr) -> Result<bool, String> {
        let selector = match expression {
            Expr::VectorSelector(selector) => selector,
            Expr::MatrixSelector(matrix) => &matrix.vs,
            _ => return Ok(true),
        };
        let name = selector.name.clone().ok_or("a selector without a name")?;
        self.0.push((name, selector.matchers.clone()));
        Ok(true)
    }
}

/// Checks a query; the names of our own figures that it asks for.
fn check(query: &str) -> Result<BTreeSet<String>, String> {
    let expression = parse(query).map_err(|error| format!("{query}: {error}"))?;
    let mut asked = Asked::default();
    walk_expr(&mut asked, &expression)?;
    if asked.0.is_empty() {
        return Err(format!("{query}: asks for nothing"));
    }
    let mut names = BTreeSet::new();
    for (name, matchers) in asked.0 {
        if OF_PROMETHEUS.contains(&name.as_str()) {
            continue;
        }
        let metric = registry::all().find(|metric| metric.shown_as().contains(&name));
        let metric = metric.ok_or_else(|| format!("{query}: there is no {name}"))?;
        check_labels(metric, &matchers).map_err(|error| format!("{query}: {error}"))?;
        names.insert(metric.name.to_owned());
    }
    Ok(names)
}

/// Whether a figure has these labels, and can have these values of them.
fn check_labels(metric: &Metric, matchers: &Matchers) -> Result<(), String> {
    for matcher in &matchers.matchers {
        // Prometheus adds these two to whatever it scrapes.
        if ["job", "instance"].contains(&matcher.name.as_str()) {
            continue;
        }
        let label = metric.labels.iter().find(|label| label.name == matcher.name);
        let label = label.ok_or_else(|| format!("{} has no label {}", metric.name, matcher.name))?;
        let Values::These(values) = &label.values else { continue };
        let can_be = match &matcher.op {
            MatchOp::Equal | MatchOp::NotEqual => values.contains(&matcher.value.as_str()),
            MatchOp::Re(pattern) | MatchOp::NotRe(pattern) => {
                values.iter().any(|value| pattern.is_match(value))
            }
        };
        if !can_be {
            return Err(format!("{} of {} is never {}", label.name, metric.name, matcher.value));
        }
    }
    Ok(())
}

/// The rules of a file.
fn rules() -> Vec<Yaml> {
    let text = fs::read_to_string(repository().join("deploy/prometheus/alerts.yml")).unwrap();
    let [document] = &YamlLoader::load_from_str(&text).unwrap()[..] else { panic!("one document") };
    let groups = document["groups"].as_vec().unwrap();
    groups.iter().flat_map(|group| group["rules"].as_vec().unwrap().clone()).collect()
}

#[test]
fn alert_rules_ask_for_figures_that_there_are() {
    let mut seen = BTreeSet::new();
    for rule in rules() {
        let name = rule["alert"].as_str().unwrap().to_owned();
        check(rule["expr"].as_str().unwrap()).unwrap();
        assert!(["critical", "warning"].contains(&rule["labels"]["severity"].as_str().unwrap()), "{name}");
        for annotation in ["summary", "description"] {
            let text = rule["annotations"][annotation].as_str().unwrap_or_default();
            assert!(!text.trim().is_empty(), "{name} has no {annotation}");
        }
        assert!(seen.insert(name.clone()), "{name} stands there twice");
    }
    assert!(seen.len() >= 15, "{seen:?}");
}

#[test]
fn each_alert_rule_says_what_to_do() {
    let readme = fs::read_to_string(repository().join("deploy/README.md")).unwrap();
    for rule in rules() {
        let name = rule["alert"].as_str().unwrap();
        assert!(readme.contains(&format!("| `{name}` |")), "deploy/README.md does not explain {name}");
    }
}

/// The panels of the board, those within rows included.
fn panels() -> (Value, Vec<Value>) {
    let text = fs::read_to_string(repository().join("deploy/grafana/archon-auth.json")).unwrap();
    let board: Value = serde_json::from_str(&text).unwrap();
    let within = |panel: &Value| {
        let inner = panel["panels"].as_array().cloned().unwrap_or_default();
        [vec![panel.clone()], inner].concat()
    };
    let panels = board["panels"].as_array().unwrap().iter().flat_map(within).collect();
    (board, panels)
}

/// A query of the board as Prometheus gets it.
fn filled_in(query: &str) -> String {
    query.replace("$__rate_interval", "5m").replace("$__range", "1h")
}

#[test]
fn the_board_asks_for_figures_that_there_are_and_shows_nearly_all() {
    let mut shown = BTreeSet::new();
    for panel in panels().1 {
        for target in panel["targets"].as_array().into_iter().flatten() {
            shown.extend(check(&filled_in(target["expr"].as_str().unwrap())).unwrap());
        }
    }
    let of_no_interest = ["process_threads"];
    let missing: Vec<_> = registry::all()
        .map(|metric| metric.name)
        .filter(|name| !shown.contains(*name) && !of_no_interest.contains(name))
        .collect();
    assert!(missing.is_empty(), "the board does not show {missing:?}");
}

#[test]
fn the_board_is_one_that_grafana_can_import() {
    let (board, panels) = panels();
    assert_eq!(board["uid"], "archon-auth");
    assert_eq!(board["id"], Value::Null, "a number of somebody's own Grafana");
    let rows: Vec<_> = panels
        .iter()
        .filter(|panel| panel["type"] == "row")
        .map(|row| row["title"].as_str().unwrap())
        .collect();
    let wanted = ["Traffic", "Log-ins", "Security", "Hashing", "Database and Redis", "Mail", "Process"];
    assert_eq!(rows, wanted);
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for panel in &panels {
        let title = panel["title"].as_str().unwrap();
        assert!(ids.insert(panel["id"].as_u64().unwrap()), "two panels have the id of {title}");
        assert!(titles.insert(title), "two panels are called {title}");
        if panel["type"] != "row" {
            assert_eq!(panel["datasource"]["uid"], "${datasource}", "{title}");
            assert!(!panel["description"].as_str().unwrap_or_default().is_empty(), "{title} says nothing");
        }
        let place = &panel["gridPos"];
        assert!(place["x"].as_u64().unwrap() + place["w"].as_u64().unwrap() <= 24, "{title} is too wide");
    }
}

#[test]
fn a_query_for_what_is_not_there_is_found_out() {
    for (query, word) in [
        ("rate(archon_nothing_total[5m])", "archon_nothing_total"),
        ("archon_http_request_seconds > 1", "archon_http_request_seconds"),
        ("archon_logins_total{result=\"success\"}", "result"),
        ("archon_logins_total{outcome=\"succes\"}", "succes"),
        ("archon_logins_total{outcome=~\"succ.\"}", "succ."),
        ("sum(rate(archon_logins_total[5m])", "archon_logins_total"),
        ("vector(1)", "nothing"),
    ] {
        let error = check(query).unwrap_err();
        assert!(error.contains(word), "{query}: {error}");
    }
    let good = "histogram_quantile(0.9, sum by (le) (rate(archon_http_request_seconds_bucket{route!=\"unknown\"}[5m])))";
    assert_eq!(check(good).unwrap(), BTreeSet::from(["archon_http_request_seconds".to_owned()]));
    assert!(registry::all().any(|metric| matches!(metric.kind, Kind::Histogram(_))));
}
