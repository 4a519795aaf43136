//! A connection over TCP, with or without TLS, that does not block.

use super::settings::Params;
use super::tls;
use crate::error::{Error, Result};
use rustls::{ClientConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

/// How long one address of the broker may take to answer.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection to the broker.
pub enum Transport {
    /// TCP alone.
    Plain(TcpStream),
    /// TLS over TCP. The handshake happens with the first reads and writes.
    Tls(Box<StreamOwned<ClientConnection, TcpStream>>),
}

impl Transport {
    /// Connects. It waits for the name to be resolved and for the broker's machine to answer.
    pub fn open(params: &Params) -> Result<Self> {
        let tls = params.broker.tls.then(|| tls::connection(params)).transpose()?;
        let cannot = |e: io::Error| Error::failed(format!("cannot connect to {}", params.broker)).because(e);
        let addresses = (params.broker.host.as_str(), params.broker.port).to_socket_addrs().map_err(cannot)?;
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in addresses {
            match connected(address) {
                Ok(stream) => {
                    return Ok(match tls {
                        Some(tls) => Self::Tls(Box::new(StreamOwned::new(tls, stream))),
                        None => Self::Plain(stream),
                    });
                }
                Err(e) => last = e,
            }
        }
        Err(cannot(last))
    }

    /// Whether something waits to be sent that [`Write::write`] has taken.
    pub fn wants_write(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.conn.wants_write(),
        }
    }

    /// Whether the handshake of TLS is not over.
    pub fn is_handshaking(&self) -> bool {
        match self {
            Self::Plain(_) => false,
            Self::Tls(stream) => stream.conn.is_handshaking(),
        }
    }
}

fn connected(address: std::net::SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect_timeout(&address, CONNECT)?;
    stream.set_nonblocking(true)?;
    // small messages are not held back for larger packets
    stream.set_nodelay(true)?;
    Ok(stream)
}

impl Read for Transport {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(bytes),
            Self::Tls(stream) => stream.read(bytes),
        }
    }
}

impl Write for Transport {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.write(bytes),
            Self::Tls(stream) => stream.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.flush(),
            Self::Tls(stream) => stream.flush(),
        }
    }
}

impl AsFd for Transport {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Plain(stream) => stream.as_fd(),
            Self::Tls(stream) => stream.sock.as_fd(),
        }
    }
}
