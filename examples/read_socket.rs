//! A client in Rust: reads a daemon's socket and prints the best class of each result.
//!
//! ```sh
//! glimpsed run --model testcard --name front --socket glimpsed.sock --pipeline pipelines/testcard.launch
//! cargo run --example read_socket -- glimpsed.sock front
//! ```
//!
//! The first argument is the socket (default: `/run/glimpsed/glimpsed.sock`); the others are the cameras (default: all).

use glimpsed::message::{self, Message, Request, State, Subscribe};
use std::env;
use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "/run/glimpsed/glimpsed.sock".to_owned());
    let cameras: Vec<_> = arguments.collect();

    let mut stream = UnixStream::connect(path)?;
    let cameras = (!cameras.is_empty()).then_some(cameras);
    let subscribe = Subscribe { cameras, top: Some(1), ..Subscribe::default() };
    stream.write_all(&message::line(&Request { subscribe }))?;

    let mut out = io::stdout();
    for line in BufReader::new(stream).lines() {
        match Message::read(line?.as_bytes())? {
            Message::Hello(hello) => writeln!(out, "{} with {} on {}", hello.program, hello.model, hello.execution)?,
            Message::Subscribed(subscribed) if !subscribed.unknown_cameras.is_empty() => {
                writeln!(out, "no such camera: {}", subscribed.unknown_cameras.join(", "))?;
            }
            Message::Classification(result) => {
                if let Some(best) = result.classifications.first() {
                    writeln!(out, "{}: {} {:.0} %", result.source, best.label, best.confidence * 100.0)?;
                }
            }
            Message::Status(status) if status.state != State::Flowing => {
                writeln!(out, "{}: {}", status.source, status.reason.as_deref().unwrap_or(status.state.as_str()))?;
            }
            Message::Error(error) => return Err(error.message.into()),
            // messages of later versions, and ones that this client does not need
            _ => {}
        }
    }
    Ok(())
}
