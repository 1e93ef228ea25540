//! HTTP POST: parcels in, answers out. Knows no notice.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header, redirect};

use super::DeliveryError;
use super::plan::Parcel;
use crate::tls;

/// One address to post to.
#[derive(Clone, Debug)]
pub(super) struct Post {
    client: Client,
    url: Url,
}

impl Post {
    /// Posts to `url`, `http` or `https`; no attempt takes longer than `timeout`.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if that is no such URL.
    pub(super) fn new(url: &str, timeout: Duration) -> Result<Self, DeliveryError> {
        let never = |why: String| DeliveryError::Permanent(format!("{url}: {why}"));
        let parsed = Url::parse(url).map_err(|error| never(error.to_string()))?;
        if !matches!(parsed.scheme(), "http" | "https") {
            return Err(never("neither http:// nor https://".to_owned()));
        }
        let tls = tls::client_config(None, None).map_err(|error| never(error.to_string()))?;
        let client = Client::builder()
            .tls_backend_preconfigured(tls)
            .timeout(timeout)
            .connect_timeout(timeout)
            // A redirect would carry notices to where the configuration does not say; nor does the environment say.
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("linewatch/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| never(error.to_string()))?;
        Ok(Self { client, url: parsed })
    }

    /// Posts one parcel: `Ok` is a 2xx.
    ///
    /// # Errors
    /// No connection, no answer in time, or an answer that is not 2xx.
    pub(super) async fn send(&self, parcel: &Parcel) -> Result<(), DeliveryError> {
        let mut request = self.client.post(self.url.clone());
        request = request.header(header::CONTENT_TYPE, parcel.content_type);
        if let Some(name) = &parcel.name {
            request = request.header("Idempotency-Key", name);
        }
        let answer = request.body(parcel.body.to_string()).send().await;
        let answer = answer.map_err(|error| DeliveryError::Retry(error.without_url().to_string()))?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if is_about_this_notice(status) => Err(DeliveryError::Permanent(status.to_string())),
            status => Err(DeliveryError::Retry(status.to_string())),
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
        let post = |url| Post::new(url, Duration::from_secs(1));
        for url in ["", "hq", "ftp://hq/", "mqtt://hq"] {
            assert!(matches!(post(url), Err(DeliveryError::Permanent(_))), "{url}");
        }
        assert!(post("https://hq.example/notices").is_ok());
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
