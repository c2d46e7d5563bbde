//! How far back the overview looks, and what it makes of events and samples there.

use archon_domain::{EventKind, EventTally, Instant, Span};

use super::plot::{Plot, Series, Style};
use super::samples::Sample;

/// How far back the overview looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Window {
    Hour,
    Day,
    Week,
}

impl Window {
    pub(super) const ALL: [Self; 3] = [Self::Hour, Self::Day, Self::Week];

    /// What an address asks for; a day for anything else.
    pub(super) fn parse(word: &str) -> Self {
        Self::ALL.into_iter().find(|window| window.word() == word).unwrap_or(Self::Day)
    }

    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::Day => "24h",
            Self::Week => "7d",
        }
    }

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1 hour",
            Self::Day => "24 hours",
            Self::Week => "7 days",
        }
    }

    /// How long a step is, in words.
    pub(super) const fn step_name(self) -> &'static str {
        match self {
            Self::Hour => "2 minutes",
            Self::Day => "1 hour",
            Self::Week => "6 hours",
        }
    }

    pub(super) const fn step(self) -> Span {
        match self {
            Self::Hour => Span::minutes(2),
            Self::Day => Span::hours(1),
            Self::Week => Span::hours(6),
        }
    }

    const fn steps(self) -> i32 {
        match self {
            Self::Hour => 30,
            Self::Day => 24,
            Self::Week => 28,
        }
    }

    /// When the window begins: at a round time, so that the latest step is the one that goes on.
    pub(super) fn from(self, now: Instant) -> Instant {
        let step = self.step().num_seconds();
        let begun = now.timestamp().div_euclid(step) * step;
        let latest = Instant::from_timestamp(begun, 0).unwrap_or(now);
        latest - self.step() * (self.steps() - 1)
    }

    /// When the step ends that goes on.
    pub(super) fn until(self, now: Instant) -> Instant {
        self.from(now) + self.step() * self.steps()
    }

    /// The step that an instant lies in.
    fn place(self, from: Instant, at: Instant) -> Option<usize> {
        let place = (at - from).num_seconds().div_euclid(self.step().num_seconds());
        usize::try_from(place).ok().filter(|place| *place < self.len())
    }

    fn len(self) -> usize {
        usize::try_from(self.steps()).unwrap_or(0)
    }
}

/// What is counted: the name of its plot, what it is called, and the events.
const COUNTED: [(&str, &str, &[EventKind]); 3] = [
    ("log-ins", "Log-ins", &[EventKind::LoginSucceeded]),
    ("failures", "Failed log-ins", &[EventKind::LoginFailed, EventKind::OauthFailed]),
    ("locks", "Locked accounts", &[EventKind::AccountLocked]),
];

/// The events that are counted.
pub(super) fn counted() -> Vec<EventKind> {
    COUNTED.iter().flat_map(|(_, _, kinds)| kinds.iter().copied()).collect()
}

/// A plot for each thing that is counted.
pub(super) fn of_events(tallies: &[EventTally], window: Window, now: Instant) -> Vec<Plot> {
    let from = window.from(now);
    let plot = |(name, title, kinds): (&'static str, &'static str, &'static [EventKind])| {
        let mut figures = vec![Some(0.0); window.len()];
        for tally in tallies.iter().filter(|tally| kinds.contains(&tally.kind)) {
            let place = window.place(from, tally.from);
            if let Some(figure) = place.and_then(|place| figures.get_mut(place)) {
                *figure = figure.map(|figure| figure + tally.count as f64);
            }
        }
        let series = vec![Series { name: title, figures }];
        Plot { name, title, unit: "", style: Style::Bars, from, step: window.step(), series }
    };
    COUNTED.into_iter().map(plot).collect()
}

/// The plots of what this replica remembers; of each step the slowest or fullest minute.
pub(super) fn of_samples(samples: &[Sample], window: Window, now: Instant) -> Vec<Plot> {
    let from = window.from(now);
    let most = |figure: &dyn Fn(&Sample) -> Option<f64>| {
        let mut figures: Vec<Option<f64>> = vec![None; window.len()];
        for sample in samples {
            let at = Instant::from_timestamp(sample.minute * 60, 0).unwrap_or_default();
            let place = window.place(from, at);
            if let (Some(kept), Some(figure)) =
                (place.and_then(|place| figures.get_mut(place)), figure(sample))
            {
                *kept = Some(kept.map_or(figure, |kept| kept.max(figure)));
            }
        }
        figures
    };
    let milliseconds = |seconds: f64| seconds * 1000.0;
    let p50 = most(&|sample| sample.latency.map(|latency| milliseconds(latency.p50)));
    let p99 = most(&|sample| sample.latency.map(|latency| milliseconds(latency.p99)));
    let mails = most(&|sample| sample.mails.map(|count| count as f64));
    let plot = |name, title, unit, series| Plot {
        name,
        title,
        unit,
        style: Style::Lines,
        from,
        step: window.step(),
        series,
    };
    vec![
        plot(
            "latency",
            "Answers, in milliseconds",
            "milliseconds",
            vec![Series { name: "Half", figures: p50 }, Series { name: "99 of 100", figures: p99 }],
        ),
        plot("queue", "Mails waiting", "mails", vec![Series { name: "Mails waiting", figures: mails }]),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::samples::Latency;
    use super::*;

    fn now() -> Instant {
        Instant::from_timestamp(1_767_607_530, 0).unwrap()
    }

    #[test]
    fn a_window_ends_with_the_step_that_goes_on() {
        for (window, from) in [(Window::Hour, "09:06"), (Window::Day, "11:00"), (Window::Week, "12:00")] {
            assert_eq!(window.from(now()).format("%H:%M").to_string(), from);
            assert!(window.until(now()) > now() && window.until(now()) - window.step() <= now());
            assert_eq!(window.place(window.from(now()), now()), Some(window.len() - 1));
            assert_eq!(window.place(window.from(now()), window.until(now())), None);
            assert_eq!(Window::parse(window.word()), window);
        }
        assert_eq!(Window::parse("<b>"), Window::Day);
    }

    #[test]
    fn events_count_in_their_step_and_with_their_like() {
        let from = Window::Day.from(now());
        let tally = |step: i32, kind, count| EventTally { from: from + Span::hours(1) * step, kind, count };
        let tallies = [
            tally(0, EventKind::LoginFailed, 2),
            tally(0, EventKind::OauthFailed, 3),
            tally(23, EventKind::LoginSucceeded, 7),
            tally(24, EventKind::LoginSucceeded, 9),
        ];
        let plots = of_events(&tallies, Window::Day, now());
        let figures = |place: usize| plots[place].series[0].figures.clone();
        assert_eq!(figures(0)[23], Some(7.0));
        assert_eq!(figures(0).iter().flatten().sum::<f64>(), 7.0);
        assert_eq!(figures(1)[0], Some(5.0));
        assert_eq!(figures(2), vec![Some(0.0); 24]);
    }

    #[test]
    fn of_a_step_the_slowest_minute_counts() {
        let minute = now().timestamp() / 60;
        let sample = |ago: i64, p99: f64| Sample {
            minute: minute - ago,
            latency: Some(Latency { p50: 0.001, p99 }),
            mails: (ago == 0).then_some(4),
        };
        let plots = of_samples(&[sample(1, 0.5), sample(0, 0.25)], Window::Day, now());
        assert_eq!(plots[0].series[1].figures[23], Some(500.0));
        assert_eq!(plots[0].series[0].figures[22], None);
        assert_eq!(plots[1].series[0].figures[23], Some(4.0));
    }
}
