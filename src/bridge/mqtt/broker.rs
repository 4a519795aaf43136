//! The address of a broker.

use crate::secrets::redact;
use std::fmt;

/// What is expected of an address.
const EXPECTED: &str = "expected mqtts://HOST[:PORT], or mqtt://HOST[:PORT] without TLS";

/// A broker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broker {
    /// Whether the connection is encrypted: `mqtts`.
    pub tls: bool,
    /// Its name, or its address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The user of the address.
    pub user: Option<String>,
}

impl Broker {
    /// Reads an address; an error says what was expected.
    pub fn parse(url: &str) -> Result<Self, String> {
        let (scheme, rest) = url.split_once("://").ok_or_else(|| match url {
            "" => EXPECTED.to_owned(),
            host => format!("{EXPECTED}; did you mean mqtts://{}?", redact(host)),
        })?;
        let tls = match scheme {
            "mqtts" => true,
            "mqtt" => false,
            "ssl" | "tls" | "mqtss" | "mqqts" => return Err(format!("{EXPECTED}; did you mean mqtts?")),
            "tcp" | "mqqt" => return Err(format!("{EXPECTED}; did you mean mqtt?")),
            "ws" | "wss" => return Err(format!("{EXPECTED}; WebSockets are not supported")),
            _ => return Err(EXPECTED.to_owned()),
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (user, address) = match rest.rsplit_once('@') {
            Some((user, _)) if user.contains(':') => {
                return Err("a password does not belong there, where every user of this machine may see it; password_file names a file that has it".into());
            }
            Some((user, address)) => (Some(user.to_owned()), address),
            None => (None, rest),
        };
        let (host, port) = match address.strip_prefix('[').and_then(|address| address.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':').ok_or(EXPECTED)?)),
            None => match address.split_once(':') {
                Some((_, port)) if port.contains(':') => return Err(format!("{EXPECTED}; an IPv6 address has brackets, [::1]")),
                Some((host, port)) => (host, Some(port)),
                None => (address, None),
            },
        };
        let port = match port {
            None => {
                if tls {
                    8883
                } else {
                    1883
                }
            }
            Some(port) => port.parse().ok().filter(|port| *port > 0).ok_or("a port is a number from 1 to 65535")?,
        };
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '#' | '@')) {
            return Err(EXPECTED.to_owned());
        }
        Ok(Self { tls, host: host.to_owned(), port, user })
    }
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "mqtts" } else { "mqtt" };
        match self.host.contains(':') {
            true => write!(f, "{scheme}://[{}]:{}", self.host, self.port),
            false => write!(f, "{scheme}://{}:{}", self.host, self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        for (url, shown, user) in [
            ("mqtts://hub.local", "mqtts://hub.local:8883", None),
            ("mqtt://10.0.0.7/", "mqtt://10.0.0.7:1883", None),
            ("mqtts://me@hub:1", "mqtts://hub:1", Some("me")),
            ("mqtt://[::1]", "mqtt://[::1]:1883", None),
            ("mqtts://[fe80::1]:8884", "mqtts://[fe80::1]:8884", None),
        ] {
            let broker = Broker::parse(url).unwrap();
            assert_eq!((broker.to_string().as_str(), broker.user.as_deref()), (shown, user));
        }
    }

    #[test]
    fn a_wrong_address_is_refused_with_what_is_expected() {
        for (url, told) in [
            ("", "expected mqtts://HOST[:PORT], or mqtt://HOST[:PORT] without TLS"),
            ("hub:1883", "did you mean mqtts://hub:1883?"),
            ("mqtts:/hub", "did you mean mqtts://"),
            ("ssl://hub", "did you mean mqtts?"),
            ("tcp://hub", "did you mean mqtt?"),
            ("wss://hub", "WebSockets are not supported"),
            ("http://hub", "expected mqtts://"),
            ("mqtt://", "expected mqtts://"),
            ("mqtt://hub:0", "a port is a number from 1 to 65535"),
            ("mqtt://hub:port", "a port is a number"),
            ("mqtt://::1", "an IPv6 address has brackets"),
            ("mqtt://hub/topic", "expected mqtts://"),
            ("mqtt://[::1]1", "expected mqtts://"),
        ] {
            let error = Broker::parse(url).unwrap_err();
            assert!(error.contains(told), "{url}: {error}");
        }
        let error = Broker::parse("mqtt://me:hunter2@hub").unwrap_err();
        assert!(error.contains("password_file") && !error.contains("hunter2"), "{error}");
    }
}
