//! Sinks deliver notices; a slow one slows nobody else.

/// One configured sink. Checked by `config`.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Its name, also its metric label.
    pub id: String,
    /// What it is.
    pub kind: Kind,
}

/// Where a sink delivers.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// HTTP POST of each notice until the far end answers 2xx.
    Webhook {
        /// Where to.
        url: String,
    },
    /// The sector's alerts topic, over the `[mqtt]` section's broker.
    Mqtt,
}
