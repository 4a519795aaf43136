//! The socket and its subscribers, in the test's process.

use glimpsed::message::Hello;
use glimpsed::publish::socket::{Params, Socket, hello};
use serde_json::Value;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub fn params(path: &Path) -> Params {
    Params { path: path.to_owned(), mode: 0o660, group: None, limit: 8 }
}

/// The `hello` of a daemon with two cameras.
pub fn greeting() -> Hello {
    hello("animals", "CPU", "the CPU", &["front", "back"], &super::animals())
}

pub fn open(path: &Path) -> Socket {
    Socket::open(&params(path), &greeting()).unwrap()
}

/// A subscriber that gets everything from now on. A line that does not arrive within ten seconds is a failure.
pub fn subscriber(path: &Path) -> BufReader<UnixStream> {
    let mut reader = silent(path);
    assert_eq!(line(&mut reader)["type"], "hello");
    ask(&mut reader, r#"{"subscribe":{}}"#);
    reader
}

pub fn silent(path: &Path) -> BufReader<UnixStream> {
    let stream = UnixStream::connect(path).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    BufReader::new(stream)
}

pub fn line(reader: &mut BufReader<UnixStream>) -> Value {
    let mut text = String::new();
    reader.read_line(&mut text).unwrap();
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text:?}"))
}

/// Sends a request and returns the answer.
pub fn ask(reader: &mut BufReader<UnixStream>, request: &str) -> Value {
    reader.get_mut().write_all(format!("{request}\n").as_bytes()).unwrap();
    let answer = line(reader);
    assert_eq!(answer["type"], "subscribed", "{answer}");
    answer
}

pub fn is_over(reader: &mut BufReader<UnixStream>) -> bool {
    let mut rest = Vec::new();
    match reader.read_to_end(&mut rest) {
        Ok(_) => rest.is_empty(),
        Err(e) => e.kind() == ErrorKind::ConnectionReset,
    }
}

pub fn temporary() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("glimpsed.sock");
    (folder, path)
}
