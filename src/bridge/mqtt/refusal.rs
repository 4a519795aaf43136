//! Why there is no connection, in words, with what to do next.

use super::settings::{Params, Version};
use crate::error::Error;
use rustls::{AlertDescription, CertificateError};
use std::io::{self, ErrorKind};

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The handshake of TLS.
    Handshake,
    /// The broker has not answered the request to connect.
    Unanswered,
    /// Connected.
    Connected,
}

/// The error of a connection that ended at `stage` with `error`.
pub fn of_io(error: io::Error, stage: Stage, params: &Params) -> Error {
    if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        return of_tls(tls, stage, params);
    }
    let broker = &params.broker;
    match (stage, error.kind()) {
        (Stage::Connected, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => {
            lost(params).because("the broker has closed it")
        }
        (Stage::Connected, _) => lost(params).because(error),
        (Stage::Handshake, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => cannot(params)
            .because("the broker closes the connection instead of starting TLS")
            .hint(format!("If port {} is one without TLS, the address is mqtt://.", broker.port)),
        (Stage::Unanswered, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) if !broker.tls => {
            cannot(params)
                .because("the broker closes the connection without an answer")
                .hint(format!("If port {} is one with TLS, the address is mqtts://.", broker.port))
        }
        (Stage::Unanswered, ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::BrokenPipe) => cannot(params)
            .because("the broker closes the connection without an answer")
            .hint("It may want a client certificate: --certificate and --key. Its log says more."),
        _ => cannot(params).because(error),
    }
}

fn of_tls(error: &rustls::Error, stage: Stage, params: &Params) -> Error {
    let host = &params.broker.host;
    let failed = if stage == Stage::Connected { lost(params) } else { cannot(params) };
    match error {
        rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer) => match &params.ca {
            Some(ca) => failed
                .because(format!("the broker's certificate is not signed by a CA in '{}'", ca.display()))
                .hint("Is the file the CA's certificate, and of this broker?"),
            None => failed
                .because("the broker's certificate is not signed by a CA that this system trusts")
                .hint("--ca FILE names the broker's own CA."),
        },
        rustls::Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }) => {
            failed
                .because(format!("the broker's certificate is not for '{host}'"))
                .hint("The host in --broker must be one of the names in the certificate.")
        }
        rustls::Error::InvalidCertificate(CertificateError::Expired | CertificateError::ExpiredContext { .. }) => {
            failed.because("the broker's certificate has expired").hint("Or this machine's clock is wrong: timedatectl")
        }
        rustls::Error::InvalidCertificate(CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. }) => {
            failed.because("the broker's certificate is not valid yet").hint("Is this machine's clock right? timedatectl")
        }
        rustls::Error::InvalidMessage(_) => failed
            .because("the broker does not speak TLS")
            .hint(format!("If port {} is one without TLS, the address is mqtt://.", params.broker.port)),
        rustls::Error::AlertReceived(
            alert @ (AlertDescription::CertificateRequired
            | AlertDescription::HandshakeFailure
            | AlertDescription::BadCertificate
            | AlertDescription::CertificateUnknown
            | AlertDescription::CertificateExpired
            | AlertDescription::UnknownCA),
        ) => match &params.certificate {
            None => failed
                .because(format!("the broker wants a client certificate ({alert:?})"))
                .hint("--certificate FILE and --key FILE name it."),
            Some((certificate, _)) => {
                failed.because(format!("the broker refuses the client certificate '{}' ({alert:?})", certificate.display()))
            }
        },
        other => failed.because(other.to_string()),
    }
}

/// The error of a broker that sends what is not MQTT; `bytes` are the first ones.
pub fn not_mqtt(bytes: &[u8], what: String, params: &Params) -> Error {
    // a TLS alert
    if !params.broker.tls && bytes.starts_with(&[0x15, 0x03]) {
        return cannot(params)
            .because(format!("port {} is one with TLS", params.broker.port))
            .hint("The address is mqtts://, not mqtt://.");
    }
    cannot(params).because(format!("the program there does not speak MQTT: {what}")).hint("Is the port the broker's?")
}

/// The error of a broker that answers the request to connect with `code`.
pub fn of_code(code: u8, params: &Params) -> Error {
    let refused = Error::failed(format!("{} refuses the connection", params.broker)).because(words(code));
    match code {
        4 | 5 | 0x86 | 0x87 => match &params.username {
            Some(_) => refused.hint("Are the user and the password in the file right? The broker's log says more."),
            None => refused.hint("--username NAME and --password-file FILE say who this is."),
        },
        1 | 0x84 if params.version == Version::V5 => refused.hint("Most brokers speak 3.1.1: --protocol 3.1.1"),
        _ => refused,
    }
}

/// A code of MQTT in words.
pub fn words(code: u8) -> String {
    let words = match code {
        1 | 0x84 => "this version of MQTT is not supported",
        2 | 0x85 => "the client's name is not accepted",
        3 | 0x88 => "the broker is not available",
        4 | 0x86 => "wrong user name or password",
        5 | 0x87 => "not authorized",
        0x89 => "the broker is busy",
        0x8a => "this client is banned",
        0x8b => "the broker shuts down",
        0x8d => "the broker heard nothing for too long",
        0x8e => "another client has connected under the same name",
        0x90 => "the topic is not accepted",
        0x95 => "the message is too long",
        0x97 => "a quota is exceeded",
        0x9a => "the broker does not keep messages",
        0x9f => "too many connections at a time",
        _ => return format!("code {code}"),
    };
    words.to_owned()
}

/// An attempt to connect that failed.
pub fn cannot(params: &Params) -> Error {
    Error::failed(format!("cannot connect to {}", params.broker))
}

/// A connection that was lost.
pub fn lost(params: &Params) -> Error {
    Error::failed(format!("the connection to {} is lost", params.broker))
}
