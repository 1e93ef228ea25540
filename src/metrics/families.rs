//! From the table to registered metric families: what is registered is what the table says, nothing else.

use std::collections::{BTreeMap, HashMap};

use prometheus::{GaugeVec, HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};

use super::table::{Kind, METRICS};

/// Registered families, each handed out once by name.
pub(super) struct Families {
    registry: Registry,
    by_name: BTreeMap<&'static str, Family>,
}

enum Family {
    Counter(IntCounterVec),
    Gauge(GaugeVec),
    Histogram(HistogramVec),
}

impl Families {
    /// Registers the whole table, with `sector` on every metric.
    pub(super) fn register(sector: &str) -> Self {
        let labels = HashMap::from([("sector".to_owned(), sector.to_owned())]);
        let registry =
            Registry::new_custom(None, Some(labels)).expect("a label without a prefix is accepted");
        let by_name = METRICS
            .iter()
            .map(|metric| {
                let family = match metric.kind {
                    Kind::Counter => IntCounterVec::new(Opts::new(metric.name, metric.help), metric.labels)
                        .map(Family::Counter),
                    Kind::Gauge => {
                        GaugeVec::new(Opts::new(metric.name, metric.help), metric.labels).map(Family::Gauge)
                    }
                    Kind::Histogram(buckets) => HistogramVec::new(
                        HistogramOpts::new(metric.name, metric.help).buckets(buckets.to_vec()),
                        metric.labels,
                    )
                    .map(Family::Histogram),
                };
                (metric.name, family.expect("the table's names and labels are well formed"))
            })
            .collect();
        Self { registry, by_name }
    }

    pub(super) fn counter(&mut self, name: &str) -> IntCounterVec {
        match self.take(name) {
            Family::Counter(family) => self.registered(family),
            _ => unreachable!("{name} is no counter in the table"),
        }
    }

    pub(super) fn gauge(&mut self, name: &str) -> GaugeVec {
        match self.take(name) {
            Family::Gauge(family) => self.registered(family),
            _ => unreachable!("{name} is no gauge in the table"),
        }
    }

    pub(super) fn histogram(&mut self, name: &str) -> HistogramVec {
        match self.take(name) {
            Family::Histogram(family) => self.registered(family),
            _ => unreachable!("{name} is no histogram in the table"),
        }
    }

    /// The registry, once every family has found its use.
    pub(super) fn finish(self) -> Registry {
        assert!(self.by_name.is_empty(), "never set: {:?}", self.by_name.keys());
        self.registry
            .register(Box::new(prometheus::process_collector::ProcessCollector::for_self()))
            .expect("no metric of ours begins with process_");
        self.registry
    }

    fn take(&mut self, name: &str) -> Family {
        self.by_name.remove(name).unwrap_or_else(|| unreachable!("{name} is not in the table, or used twice"))
    }

    fn registered<F: prometheus::core::Collector + Clone + 'static>(&self, family: F) -> F {
        self.registry.register(Box::new(family.clone())).expect("names in the table are unique");
        family
    }
}
