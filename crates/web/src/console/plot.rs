//! Plots as shapes: where each line, bar and label of a picture stands. `templates/console/plot.html` draws them,
//! in the colours of the page, with words and a table for whoever does not see them.

use archon_domain::{Instant, Span};
use minijinja::{Value, context};

use super::times::{clock, stamp};

/// The drawing board, in its own units: about a pixel each on a phone.
const WIDTH: f64 = 340.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 42.0;
const RIGHT: f64 = 6.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 24.0;

/// What share of its step a bar is wide.
const BAR: f64 = 0.72;

/// How often, roughly, the time is written below a plot.
const LABELS: usize = 4;

/// What there is to draw.
#[derive(Debug, Clone)]
pub(super) struct Plot {
    /// Tells the plots of a page apart; a word.
    pub(super) name: &'static str,
    /// What the plot shows.
    pub(super) title: &'static str,
    /// What its figures are, such as "mails"; empty where that goes without saying.
    pub(super) unit: &'static str,
    /// How it is drawn.
    pub(super) style: Style,
    /// When its first step begins.
    pub(super) from: Instant,
    /// How long each step is.
    pub(super) step: Span,
    /// What is drawn, one figure for each step.
    pub(super) series: Vec<Series>,
}

/// How a plot is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// A bar for each step, of the one series: what is counted within it.
    Bars,
    /// A line for each series: what is measured now and then.
    Lines,
}

/// One row of figures; `None` where nothing is known.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) figures: Vec<Option<f64>>,
}

impl Plot {
    /// What the template draws.
    pub(super) fn into_value(self) -> Value {
        let most = self.series.iter().flat_map(|series| series.figures.iter().flatten());
        let scale = Scale::up_to(most.copied().fold(0.0, f64::max));
        let steps = self.series.iter().map(|series| series.figures.len()).max().unwrap_or(0);
        let shapes: Vec<Value> = match self.style {
            Style::Bars => self.series.iter().map(|series| self.bars(series, scale)).collect(),
            Style::Lines => self.series.iter().map(|series| self.line(series, scale)).collect(),
        };
        context! {
            name => self.name,
            title => self.title,
            summary => self.summary(),
            width => WIDTH,
            height => HEIGHT,
            left => LEFT,
            right => WIDTH - RIGHT,
            floor => HEIGHT - BOTTOM,
            rows => scale.rows(),
            columns => self.columns(steps),
            bars => self.style == Style::Bars,
            shapes,
            names => self.series.iter().map(|series| series.name).collect::<Vec<_>>(),
            table => self.table(steps),
        }
    }

    fn begins(&self, step: usize) -> Instant {
        self.from + self.step * i32::try_from(step).unwrap_or(i32::MAX)
    }

    fn width_of_step(steps: usize) -> f64 {
        (WIDTH - LEFT - RIGHT) / (steps.max(1) as f64)
    }

    fn bars(&self, series: &Series, scale: Scale) -> Value {
        let width = Self::width_of_step(series.figures.len());
        let drawn = series.figures.iter().enumerate().filter_map(|(step, figure)| Some((step, (*figure)?)));
        let drawn = drawn.filter(|(_, figure)| *figure > 0.0);
        let bars = drawn.map(|(step, figure)| {
            let top = scale.height_of(figure);
            context! {
                x => tenths(LEFT + (step as f64 + (1.0 - BAR) / 2.0) * width),
                y => tenths(top),
                width => tenths(width * BAR),
                height => tenths(HEIGHT - BOTTOM - top),
                says => format!("{}: {}", stamp(self.begins(step)), written(figure)),
            }
        });
        Value::from(bars.collect::<Vec<_>>())
    }

    /// A path through the middles of the steps, interrupted where nothing is known, and a dot for each point that
    /// stands between two gaps.
    fn line(&self, series: &Series, scale: Scale) -> Value {
        let width = Self::width_of_step(series.figures.len());
        let (mut path, mut dots) = (String::new(), Vec::new());
        let mut before = None;
        for (step, figure) in series.figures.iter().enumerate() {
            if let Some(figure) = *figure {
                let (x, y) = (tenths(LEFT + (step as f64 + 0.5) * width), tenths(scale.height_of(figure)));
                let isolated = before.is_none() && series.figures.get(step + 1).is_none_or(Option::is_none);
                let verb = if before.is_none() { 'M' } else { 'L' };
                if isolated {
                    dots.push(context! { x, y });
                } else {
                    path.push_str(&format!("{verb}{x} {y}"));
                }
            }
            before = *figure;
        }
        context! { path, dots }
    }

    /// Where the time is written, and what: days for plots of several days.
    fn columns(&self, steps: usize) -> Vec<Value> {
        let width = Self::width_of_step(steps);
        let days = self.step * i32::try_from(steps).unwrap_or(i32::MAX) > Span::days(1);
        let every = steps.div_ceil(LABELS).max(1);
        let column = |step: usize| {
            let begins = self.begins(step);
            let label = if days { begins.format("%-d %b").to_string() } else { clock(begins) };
            context! { x => tenths(LEFT + step as f64 * width), label }
        };
        (0..steps).step_by(every).map(column).collect()
    }

    /// The plot in a sentence or two.
    fn summary(&self) -> String {
        let of_series = self.series.iter().map(|series| {
            let known: Vec<f64> = series.figures.iter().flatten().copied().collect();
            let most = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let place = series.figures.iter().position(|figure| *figure == Some(most));
            let (Some(place), true) = (place, most > 0.0) else {
                let nothing = if known.is_empty() { "nothing is known" } else { "none" };
                return format!("{}: {nothing}.", series.name);
            };
            let peak = format!("the most, {}, at {}", written(most), stamp(self.begins(place)));
            match self.style {
                Style::Bars => {
                    format!("{}: {} in all; {peak}.", series.name, written(known.iter().sum()))
                }
                Style::Lines => {
                    let latest = known.last().copied().unwrap_or_default();
                    format!("{}: lately {}; {peak}.", series.name, written(latest))
                }
            }
        });
        let unit = if self.unit.is_empty() { String::new() } else { format!(" Figures are {}.", self.unit) };
        format!("{}{unit}", of_series.collect::<Vec<_>>().join(" "))
    }

    /// Each step with its figures as text, the latest first; steps of which nothing is known are left out.
    fn table(&self, steps: usize) -> Vec<Value> {
        let row = |step: usize| {
            let figures: Vec<Option<f64>> =
                self.series.iter().map(|series| series.figures.get(step).copied().flatten()).collect();
            let known = figures.iter().any(Option::is_some);
            let said = |figure: &Option<f64>| figure.map_or_else(String::new, written);
            let begins = self.begins(step);
            known.then(|| {
                context! {
                    at => begins.to_rfc3339(),
                    said => stamp(begins),
                    figures => figures.iter().map(said).collect::<Vec<_>>(),
                }
            })
        };
        (0..steps).rev().filter_map(row).collect()
    }
}

/// How figures become heights: from zero to a round number.
#[derive(Debug, Clone, Copy)]
struct Scale {
    top: f64,
    rows: u8,
}

impl Scale {
    /// The scale that ends at the first of 1, 2, 5, 10, 20, ... times as many rows as fit, at or above `most`. What
    /// is counted has no parts, and what is measured in less than one has.
    fn up_to(most: f64) -> Self {
        if most <= 0.0 {
            return Self { top: 1.0, rows: 1 };
        }
        let magnitude = 10_f64.powf(most.log10().floor());
        let candidates = [(1.0, 2), (2.0, 2), (4.0, 4), (5.0, 5), (6.0, 3), (8.0, 4), (10.0, 5)];
        let found = candidates.into_iter().find(|(factor, _)| factor * magnitude >= most * 0.999_999);
        let (factor, rows) = found.unwrap_or((10.0, 5));
        let top = factor * magnitude;
        // A half of one log-in is nothing to draw a line at.
        if (top - 1.0).abs() < f64::EPSILON { Self { top, rows: 1 } } else { Self { top, rows } }
    }

    fn height_of(self, figure: f64) -> f64 {
        let floor = HEIGHT - BOTTOM;
        floor - figure.clamp(0.0, self.top) / self.top * (floor - TOP)
    }

    fn rows(self) -> Vec<Value> {
        let row = |place: u8| {
            let figure = self.top * f64::from(place) / f64::from(self.rows);
            context! { y => tenths(self.height_of(figure)), label => written(figure) }
        };
        (0..=self.rows).map(row).collect()
    }
}

/// As short as it can be told: whole numbers, or three digits.
fn written(figure: f64) -> String {
    let rounded = match figure.abs() {
        100.0.. => figure.round(),
        10.0..100.0 => (figure * 10.0).round() / 10.0,
        _ => (figure * 100.0).round() / 100.0,
    };
    match rounded {
        1_000_000.0.. => format!("{}M", (rounded / 100_000.0).round() / 10.0),
        10_000.0.. => format!("{}k", (rounded / 100.0).round() / 10.0),
        _ => format!("{rounded}"),
    }
}

fn tenths(place: f64) -> f64 {
    (place * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(style: Style, rows: &[&[Option<f64>]]) -> Plot {
        let names = ["Half", "Nearly all"];
        let series = names.into_iter().zip(rows);
        let series = series.map(|(name, figures)| Series { name, figures: figures.to_vec() });
        Plot {
            name: "test",
            title: "Test",
            unit: "",
            style,
            from: Instant::from_timestamp(1_767_607_200, 0).unwrap(),
            step: Span::hours(1),
            series: series.collect(),
        }
    }

    fn get(value: &Value, path: &str) -> Value {
        path.split('/').fold(value.clone(), |value, name| match name.parse::<usize>() {
            Ok(place) => value.get_item_by_index(place).unwrap(),
            Err(_) => value.get_attr(name).unwrap(),
        })
    }

    #[test]
    fn bars_stand_on_the_floor_and_reach_up_to_their_figure() {
        let value = plot(Style::Bars, &[&[Some(0.0), Some(2.0), None, Some(4.0)]]).into_value();
        let bars = get(&value, "shapes/0");
        assert_eq!(bars.len(), Some(2), "nothing is no bar");
        assert_eq!(get(&bars, "1/y"), Value::from(TOP));
        assert_eq!(get(&bars, "1/height"), Value::from(HEIGHT - TOP - BOTTOM));
        assert_eq!(get(&bars, "0/height"), Value::from((HEIGHT - TOP - BOTTOM) / 2.0));
        assert_eq!(get(&bars, "0/says").to_string(), "5 Jan 2026, 11:00:00: 2");
        assert_eq!(
            get(&value, "summary").to_string(),
            "Half: 6 in all; the most, 4, at 5 Jan 2026, 13:00:00."
        );
    }

    #[test]
    fn a_line_is_interrupted_where_nothing_is_known() {
        let figures = [Some(1.0), Some(2.0), None, Some(1.0), None];
        let value = plot(Style::Lines, &[&figures, &[None; 5]]).into_value();
        assert_eq!(get(&value, "shapes/0/path").to_string(), "M71.2 68L129.6 10");
        assert_eq!(get(&value, "shapes/0/dots/0/x"), Value::from(246.4));
        assert_eq!(get(&value, "shapes/0/dots").len(), Some(1));
        assert_eq!(get(&value, "shapes/1/path").to_string(), "");
        let summary = get(&value, "summary").to_string();
        assert!(summary.ends_with("Nearly all: nothing is known."), "{summary}");
        assert_eq!(get(&value, "table").len(), Some(3), "of two steps nothing is known");
        assert_eq!(get(&value, "table/0/said").to_string(), "5 Jan 2026, 13:00:00");
    }

    #[test]
    fn scales_end_at_a_round_number() {
        let scale = |most: f64| {
            let Scale { top, rows } = Scale::up_to(most);
            (written(top), rows)
        };
        let expected = [(0.0, "1", 1), (1.0, "1", 1), (3.0, "4", 4), (7.0, "8", 4), (11.0, "20", 2)];
        for (most, top, rows) in expected.into_iter().chain([(10.0, "10", 2), (950.0, "1000", 5)]) {
            assert_eq!(scale(most), (top.to_owned(), rows), "{most}");
        }
        for most in [0.0, 0.4, 1.0, 1e-9, 1e9, 12_345.0, 99.999_999_9] {
            assert!(Scale::up_to(most).top >= most, "{most}");
        }
    }

    #[test]
    fn figures_are_short() {
        let said = [0.0, 1.0, 0.126, 12.34, 123.4, 9999.0, 12_345.0, 2_500_000.0].map(written);
        assert_eq!(said, ["0", "1", "0.13", "12.3", "123", "9999", "12.3k", "2.5M"]);
    }

    #[test]
    fn no_steps_are_no_fault() {
        for style in [Style::Bars, Style::Lines] {
            let value = plot(style, &[&[], &[]]).into_value();
            assert_eq!(get(&value, "columns").len(), Some(0));
        }
    }
}
