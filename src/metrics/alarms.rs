//! How well the alarms serve those who hear them: the picture's figures as gauges.

use prometheus::GaugeVec;

use super::families::Families;
use super::{Metrics, NONE};
use crate::engine::Picture;
use crate::time::Span;

/// An alert that has stood for longer is stale: either it is to be mended, or its rule is.
const STALE_AFTER: Span = Span::from_secs(24 * 3600);

/// The gauges.
pub(super) struct Alarms {
    waiting: GaugeVec,
    rate: GaugeVec,
    flood: GaugeVec,
    flood_ratio: GaugeVec,
    held: GaugeVec,
    chattering: GaugeVec,
}

impl Alarms {
    pub(super) fn new(families: &mut Families) -> Self {
        Self {
            waiting: families.gauge("linewatch_alerts_waiting"),
            rate: families.gauge("linewatch_alarm_rate"),
            flood: families.gauge("linewatch_alarm_flood"),
            flood_ratio: families.gauge("linewatch_alarm_flood_ratio"),
            held: families.gauge("linewatch_alarm_held"),
            chattering: families.gauge("linewatch_alarm_chattering"),
        }
    }
}

impl Metrics {
    /// Shows the picture's figures of the alarms.
    pub(super) fn show_alarms(&self, picture: &Picture) {
        let of = &self.alarms;
        let count = |which: &dyn Fn(&crate::watch::Notice) -> bool| {
            picture.alerts.iter().filter(|notice| which(notice)).count() as f64
        };
        let is_stale = |raised_at| picture.time.is_some_and(|now| now.since(raised_at) > STALE_AFTER);
        for (word, waiting) in [
            ("acknowledgement", count(&|notice| notice.life.acknowledged.is_none())),
            ("shelf", count(&|notice| notice.life.shelved.is_some())),
            ("stale", count(&|notice| is_stale(notice.raised_at))),
        ] {
            of.waiting.with_label_values(&[word]).set(waiting);
        }
        let row = &picture.alarms;
        for (over, rate) in [
            ("now", row.rang_lately as f64),
            ("most", f64::from(row.rang_most)),
            ("average", row.rang_average.unwrap_or(f64::NAN)),
        ] {
            of.rate.with_label_values(&[over]).set(rate);
        }
        of.flood.with_label_values(NONE).set(f64::from(u8::from(row.flood_since.is_some())));
        of.flood_ratio.with_label_values(NONE).set(row.flood_ratio.unwrap_or(f64::NAN));
        of.held.with_label_values(NONE).set(row.held as f64);
        of.chattering.with_label_values(NONE).set(row.chattering as f64);
    }
}
