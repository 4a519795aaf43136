//! TLS: whom to trust, and the client certificate.

use super::settings::Params;
use crate::error::{Error, Result};
use crate::files;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};
use std::path::Path;
use std::sync::Arc;

/// A connection to the broker of `params`, which has sent nothing yet. The files are read again for each connection, because
/// certificates are renewed.
pub fn connection(params: &Params) -> Result<ClientConnection> {
    let host = &params.broker.host;
    let name = ServerName::try_from(host.clone())
        .map_err(|_| Error::config(format!("'{host}' is not a name that a certificate can be for")))?;
    let failed = |e: rustls::Error| Error::failed("cannot start TLS").because(e);
    ClientConnection::new(Arc::new(config(params)?), name).map_err(failed)
}

/// The settings of TLS. An error names the file that cannot be used.
pub fn config(params: &Params) -> Result<ClientConfig> {
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().map_err(|e| Error::failed("cannot start TLS").because(e))?;
    let builder = builder.with_root_certificates(roots(params.ca.as_deref())?);
    let Some((certificate, key)) = &params.certificate else { return Ok(builder.with_no_client_auth()) };
    let chain = certificates(certificate)?;
    let bytes = read(key)?;
    let private = PrivateKeyDer::from_pem_slice(&bytes)
        .map_err(|_| unusable(key).because("it holds no private key as PEM").hint("An encrypted key cannot be used."))?;
    builder.with_client_auth_cert(chain, private).map_err(|e| unusable(certificate).because(e))
}

fn roots(ca: Option<&Path>) -> Result<RootCertStore> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        let (found, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if found == 0 {
            let hint = "Install ca-certificates, or name the broker's CA with --ca FILE.";
            return Err(Error::config("this system trusts no CA").hint(hint));
        }
        return Ok(roots);
    };
    for certificate in certificates(path)? {
        roots.add(certificate).map_err(|e| unusable(path).because(e))?;
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>> {
    let bytes = read(path)?;
    let found = CertificateDer::pem_slice_iter(&bytes).collect::<std::result::Result<Vec<_>, _>>();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(unusable(path).because("it holds no certificate as PEM (-----BEGIN CERTIFICATE-----)")),
    }
}

fn read(path: &Path) -> Result<Vec<u8>> {
    files::read(path, files::SETTINGS).map_err(|e| Error::config(format!("cannot read '{}'", path.display())).because(e))
}

fn unusable(path: &Path) -> Error {
    Error::config(format!("cannot use '{}' for TLS", path.display()))
}
