//! The real far end of parcels: a folder, an address to POST to, or both. The simulator has the other one.

use std::path::PathBuf;
use std::time::Duration;

use super::DeliveryError;
use super::files;
use super::http::Post;
use super::plan::{FarEnd, Parcel};

/// Everywhere a sink's parcels go.
#[derive(Clone, Debug)]
pub struct RealFarEnd {
    dir: Option<PathBuf>,
    post: Option<Post>,
}

impl RealFarEnd {
    /// One address, `http` or `https`; no attempt takes longer than `timeout`.
    ///
    /// # Errors
    /// [`DeliveryError::Permanent`] if that is no such URL.
    pub fn post(url: &str, timeout: Duration) -> Result<Self, DeliveryError> {
        Self::both(None, Some(url), timeout)
    }

    /// A folder, an address, or both: then a parcel has arrived once both have it.
    ///
    /// # Errors
    /// As [`RealFarEnd::post`].
    pub fn both(dir: Option<PathBuf>, url: Option<&str>, timeout: Duration) -> Result<Self, DeliveryError> {
        Ok(Self { dir, post: url.map(|url| Post::new(url, timeout)).transpose()? })
    }
}

impl FarEnd for RealFarEnd {
    async fn send(&mut self, parcel: &Parcel) -> Result<(), DeliveryError> {
        if let Some(dir) = &self.dir {
            files::keep(dir, parcel).await?;
        }
        match &self.post {
            Some(post) => post.send(parcel).await,
            None => Ok(()),
        }
    }
}
