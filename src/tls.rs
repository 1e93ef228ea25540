//! TLS of outgoing connections: paths in, one rustls client configuration out. Files are read when it is called, so
//! that a connection made after a certificate was renewed uses the new one.
//!
//! Knows nothing of what is spoken inside the connection.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

/// Where Debian, and most others, keep the authorities this machine trusts.
const SYSTEM_ROOTS: &str = "/etc/ssl/certs/ca-certificates.crt";

/// Why no TLS configuration could be made.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A PEM file cannot be read or holds something else.
    #[error("{path}: {cause}")]
    File {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        cause: rustls::pki_types::pem::Error,
    },
    /// A PEM file holds no certificate.
    #[error("{0}: no certificate in it")]
    NoCertificate(PathBuf),
    /// The certificate and key do not fit each other, or are of an unknown kind.
    #[error("client certificate: {0}")]
    Identity(rustls::Error),
}

/// A client's side of TLS 1.2 and 1.3: trusts `ca_file`, or the system's authorities if there is none, and shows
/// `identity` (certificate chain and key) where one is given.
///
/// # Errors
/// A file cannot be read or does not hold what it should. A system without authorities is no error: then every
/// handshake fails, and only connections that use TLS notice.
pub fn client_config(
    ca_file: Option<&Path>,
    identity: Option<(&Path, &Path)>,
) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    match ca_file {
        Some(path) => {
            let (added, _) = roots.add_parsable_certificates(certificates(path)?);
            if added == 0 {
                return Err(TlsError::NoCertificate(path.to_owned()));
            }
        }
        None => {
            roots.add_parsable_certificates(certificates(Path::new(SYSTEM_ROOTS)).unwrap_or_default());
        }
    }
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring implements both default protocol versions")
        .with_root_certificates(roots);
    let Some((certificate, key)) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let chain = certificates(certificate)?;
    if chain.is_empty() {
        return Err(TlsError::NoCertificate(certificate.to_owned()));
    }
    let key =
        PrivateKeyDer::from_pem_file(key).map_err(|cause| TlsError::File { path: key.to_owned(), cause })?;
    builder.with_client_auth_cert(chain, key).map_err(TlsError::Identity)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let wrong = |cause| TlsError::File { path: path.to_owned(), cause };
    CertificateDer::pem_file_iter(path).map_err(wrong)?.collect::<Result<_, _>>().map_err(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_not_what_it_should_be_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let absent = folder.path().join("absent.pem");
        let empty = folder.path().join("empty.pem");
        std::fs::write(&empty, "no certificate").unwrap();
        for (ca, found) in [(&absent, "absent.pem: "), (&empty, "empty.pem: no certificate")] {
            let error = client_config(Some(ca), None).unwrap_err().to_string();
            assert!(error.contains(found), "{error}");
        }
        assert!(client_config(None, Some((&empty, &absent))).is_err());
        assert!(client_config(None, None).is_ok());
    }
}
