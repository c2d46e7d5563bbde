use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use archon_testkit::Client;

/// The page of metrics, in the text format of Prometheus.
#[derive(Debug, Default)]
pub(super) struct Page {
    /// The types of figures.
    pub(super) types: BTreeMap<String, String>,
    /// Which figures are explained.
    pub(super) explained: BTreeSet<String>,
    pub(super) samples: Vec<Sample>,
}

/// A value at one moment.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) name: String,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) value: f64,
}

impl Page {
    pub(super) async fn get(metrics: &Client) -> anyhow::Result<Self> {
        let answer = metrics.get("/metrics").await?;
        anyhow::ensure!(answer.status == 200, "{} {}", answer.status, answer.text);
        let mut page = Self::default();
        for line in answer.text.lines().filter(|line| !line.is_empty()) {
            page.add(line).with_context(|| format!("the line is none of Prometheus: {line}"))?;
        }
        Ok(page)
    }

    fn add(&mut self, line: &str) -> Option<()> {
        if let Some(explained) = line.strip_prefix("# HELP ") {
            self.explained.insert(explained.split_once(' ')?.0.to_owned());
        } else if let Some(typed) = line.strip_prefix("# TYPE ") {
            let (name, kind) = typed.split_once(' ')?;
            self.types.insert(name.to_owned(), kind.to_owned());
        } else {
            let (series, value) = line.rsplit_once(' ')?;
            let (name, labels) = series.split_once('{').unwrap_or((series, "}"));
            let labels = labels.strip_suffix('}')?.split("\",").filter(|label| !label.is_empty());
            let labels = labels.map(|label| {
                let (name, value) = label.split_once("=\"")?;
                Some((name.to_owned(), value.trim_end_matches('"').to_owned()))
            });
            let labels = labels.collect::<Option<_>>()?;
            self.samples.push(Sample { name: name.to_owned(), labels, value: value.parse().ok()? });
        }
        Some(())
    }

    /// The samples of a figure that have these labels, among others.
    pub(super) fn of<'a>(
        &'a self,
        name: &'a str,
        labels: &'a [(&str, &str)],
    ) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| {
            let has =
                |(label, value): &(&str, &str)| sample.labels.get(*label).is_some_and(|has| has == value);
            sample.name == name && labels.iter().all(has)
        })
    }

    /// What a figure comes to over all series that have these labels.
    pub(super) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        self.of(name, labels).map(|sample| sample.value).sum()
    }
}
