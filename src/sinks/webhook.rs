//! The webhook: each notice is POSTed, one after the other, until the far end answers 2xx.
//!
//! In: the sink's queue. Out: HTTP requests. A far end that is down or unwell is waited for, in order. One that is
//! well but will not have *this* notice (a 4xx) does not hold up the others: the notice is set aside, stays owed, and
//! is offered again at a fixed interval. Receivers drop repeats by `(alert, revision)`, which is also the
//! `Idempotency-Key`.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header, redirect};

use super::DeliveryError;
use crate::backoff::Backoff;
use crate::outbox::{Owed, Queue};
use crate::tls;

const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
const BACKOFF_BASE: Duration = Duration::from_millis(500);
const BACKOFF_CAP: Duration = Duration::from_secs(30);
/// A notice the far end refused is offered again this often.
const SET_ASIDE: Duration = Duration::from_secs(30);

/// One webhook.
#[derive(Clone, Debug)]
pub struct Webhook {
    client: Client,
    url: Url,
    timing: Timing,
}

/// The waits of a webhook; tests shorten them.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// An attempt without an answer is given up after this long.
    pub attempt: Duration,
    /// First wait after a failure.
    pub base: Duration,
    /// Longest wait after many.
    pub cap: Duration,
    /// How often a refused notice is offered again.
    pub set_aside: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { attempt: ATTEMPT_TIMEOUT, base: BACKOFF_BASE, cap: BACKOFF_CAP, set_aside: SET_ASIDE }
    }
}

impl Webhook {
    /// A webhook to `url`, `http` or `https`.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if that is no such URL.
    pub fn new(url: &str) -> Result<Self, DeliveryError> {
        Self::with_timing(url, Timing::default())
    }

    /// The same, with other waits.
    ///
    /// # Errors
    /// As [`Webhook::new`].
    pub fn with_timing(url: &str, timing: Timing) -> Result<Self, DeliveryError> {
        let never = |why: String| DeliveryError::Permanent(format!("webhook {url}: {why}"));
        let parsed = Url::parse(url).map_err(|error| never(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(never("neither http:// nor https://".to_owned()));
        }
        let tls = tls::client_config(None, None).map_err(|error| never(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(timing.attempt)
            .connect_timeout(timing.attempt)
            // A redirect would carry notices to where the configuration does not say; nor does the environment say.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("linewatch/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| never(error.to_string()))?;
        Ok(Self { client, url: parsed, timing })
    }

    /// Delivers until the outbox is closed and nothing is owed.
    pub async fn run(&self, queue: &Queue) {
        let mut cursor = None;
        let mut set_aside = BTreeSet::new();
        let mut again = tokio::time::interval(self.timing.set_aside);
        again.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                owed = queue.after(cursor) => match owed {
                    Some(owed) => {
                        cursor = Some(owed.sequence);
                        if self.insist(queue, &owed).await.is_err() {
                            if set_aside.is_empty() {
                                again.reset();
                            }
                            set_aside.insert(owed.sequence);
                        }
                    }
                    None if set_aside.is_empty() => return,
                    None => { again.tick().await; self.offer_again(queue, &mut set_aside).await; }
                },
                _ = again.tick(), if !set_aside.is_empty() => self.offer_again(queue, &mut set_aside).await,
            }
        }
    }

    /// One notice, again and again, until it is delivered.
    ///
    /// # Errors
    /// The far end is well and refuses this notice.
    async fn insist(&self, queue: &Queue, owed: &Owed) -> Result<(), DeliveryError> {
        let mut backoff = Backoff::new(self.timing.base, self.timing.cap);
        let mut draining = false;
        loop {
            let error = match self.attempt(owed).await {
                Ok(()) => {
                    queue.acknowledged(owed.sequence);
                    return Ok(());
                }
                Err(error) => error,
            };
            queue.retried();
            tracing::warn!(sink = %queue.sink, alert = %owed.notice.alert, revision = owed.notice.revision,
                %error, "not delivered");
            if matches!(error, DeliveryError::Permanent(_)) {
                return Err(error);
            }
            let wait = tokio::time::sleep(backoff.next_wait());
            if draining {
                wait.await;
                continue;
            }
            // A shutdown cuts the wait short once: there is little time left to try in.
            tokio::select! {
                () = wait => {}
                () = queue.closed() => { draining = true; backoff.reset(); }
            }
        }
    }

    async fn attempt(&self, owed: &Owed) -> Result<(), DeliveryError> {
        let answer = self
            .client
            .post(self.url.clone())
            .header(header::CONTENT_TYPE, "application/json")
            .header("Idempotency-Key", format!("{}.{}", owed.notice.alert, owed.notice.revision))
            .body(owed.json.to_string())
            .send()
            .await
            .map_err(|error| DeliveryError::Retry(error.without_url().to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if is_about_this_notice(status) => Err(DeliveryError::Permanent(status.to_string())),
            status => Err(DeliveryError::Retry(status.to_string())),
        }
    }

    /// Offers every refused notice once; stops at the first sign that the far end itself is unwell.
    async fn offer_again(&self, queue: &Queue, set_aside: &mut BTreeSet<u64>) {
        for sequence in set_aside.clone() {
            let Some(owed) = queue.get(sequence) else {
                set_aside.remove(&sequence);
                continue;
            };
            match self.attempt(&owed).await {
                Ok(()) => {
                    queue.acknowledged(sequence);
                    set_aside.remove(&sequence);
                }
                Err(error) => {
                    queue.retried();
                    tracing::warn!(sink = %queue.sink, alert = %owed.notice.alert, %error, "still refused");
                    if matches!(error, DeliveryError::Retry(_)) {
                        return;
                    }
                }
            }
        }
    }
}

/// Whether an answer speaks of the notice rather than of the server: 4xx, except "too slow", "too early", "too many",
/// and except those that say the address or the credentials are wrong, which would be so for every notice.
fn is_about_this_notice(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_REQUEST
            | StatusCode::CONFLICT
            | StatusCode::GONE
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_web_address_is_refused_at_once() {
        for url in ["", "hq", "ftp://hq/", "mqtt://hq"] {
            assert!(matches!(Webhook::new(url), Err(DeliveryError::Permanent(_))), "{url}");
        }
        assert!(Webhook::new("https://hq.example/notices").is_ok());
    }

    #[test]
    fn an_answer_about_the_server_holds_the_line_and_one_about_the_notice_does_not() {
        for about_server in [301, 401, 403, 404, 408, 425, 429, 500, 503] {
            assert!(!is_about_this_notice(StatusCode::from_u16(about_server).unwrap()), "{about_server}");
        }
        for about_notice in [400, 409, 410, 413, 415, 422] {
            assert!(is_about_this_notice(StatusCode::from_u16(about_notice).unwrap()), "{about_notice}");
        }
    }
}
