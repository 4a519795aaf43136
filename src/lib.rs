//! glimpsed says, live, what a camera sees.
//!
//! ```text
//! pipelines/usb.launch                          glimpsed
//! camera ! ... ! appsink "frames" ──▶ capture ──▶ channel ──▶ engine ───────────────────▶ publish
//!                                                 bounded,    preprocess  crop, resize,   stdout  JSON lines or text
//!                                                 newest                  quantize        live    a view in the terminal
//!                                                 wins,       runtime     QNN HTP or CPU  socket  JSON lines, many readers
//!                                                 losses      postprocess top-5
//!                                                 counted                             overlay text on the video
//! ```
//!
//! A daemon has any number of cameras, each with its capture and its channel, and one engine ([`daemon`]).
//!
//! Each module is a room for one idea; a frame falls through them from top to bottom, and each knows its neighbour only by what is
//! handed over: [`frame::Frame`], [`tensor::Tensor`], [`prediction::Prediction`]. `use` goes up the list below and never down;
//! `tests/it/layers.rs` holds the source to it.
//!
//! # Threads
//!
//! | thread | what it does | ends |
//! |---|---|---|
//! | `main` | opens model and session, starts the others, then waits for events: signals, steps of a reload, the service manager; it never waits for a thread until the end | last |
//! | `engine` | all inference happens on it: takes frames from the cameras in turn, prepares those that nobody did, publishes results | when its cameras have ended, or when asked to |
//! | `preprocess` | prepares the next frame while the engine runs the model on this one, where one waits already | with the engine |
//! | `capture` | owns one camera: waits for what its pipeline's bus says, builds the pipeline anew when a camera is lost | with the source, or when asked to |
//! | `teardown` | brings one pipeline to rest; a driver that hangs is left behind after 3 s | with the pipeline |
//! | `publish` | runs one publisher that may wait for its reader (standard output), behind a bounded queue ([`event`]) | when its queue is empty at the end, or 1 s after a signal |
//! | GStreamer's own | bring frames and put them into the channel | with the pipeline |
//! | `socket` | serves all subscribers of the socket, and waits for none of them | with the publisher; subscribers get what waits for them, within 0.5 s |
//! | `reload`, `retire` | read other settings and open their model; end the old one | when that is done |
//! | `deadline` | tells an inference to end that takes too long | with its session |
//! | `npu` | tries to bring the NPU back while the CPU does its work | when it is back |
//! | `signals` | the only one that waits for signals | with the process |
//! | `log` | writes the log, and waits for its reader so that no other does | with the process |
//! | `on_stuck` | runs the command of a camera that stays lost | with the command |
//! | `leave` | ends the program where a signal came while it opened a session | with the process |
//! | `timer` | `--for`: asks for the end | when the time is over |
//!
//! The long-lived ones are started by [`threads`], so that their end is seen: one that ends by a fault ends the daemon, with exit status 1.
//!
//! # Invariants
//!
//! 1. Standard output carries results only. Native libraries print there too, so the program keeps a private duplicate of it and
//!    points descriptor 1 at standard error before any of them is loaded ([`publish::claim_stdout`]).
//! 2. A frame is dropped in one place, the [`channel`], and is counted there. Every queue has a written bound.
//! 3. In the steady state nothing is allocated from [`preprocess`] to [`postprocess`], but for what ONNX Runtime asks for itself.
//! 4. What can fail at start fails before the first frame, with what was being done, with what, and what to do next ([`error`]).
//! 5. The NPU is believed only when it is proved: a session that was forbidden to fall back to the CPU, or counted nodes ([`runtime`]).
//! 6. A signal never interrupts a call into the NPU: signals are blocked in all threads but one, the inference in flight ends, the
//!    session is destroyed, then the process exits ([`system::signals`]).
//! 7. All inference of a session happens on one thread (QNN's power votes are per thread). Sessions may be opened on others.
//!
//! # Stability
//!
//! Only [`message`], the types of the messages on the wire, is an interface for other programs. Everything else is public for this
//! program's own tests and benchmarks, and may change in any version.

#![deny(clippy::print_stdout, clippy::print_stderr)]

// leaves: what every room may use
pub mod backoff;
pub mod caption;
pub mod files;
pub mod npu;
pub mod printable;
pub mod terminal;
pub mod repeats;
pub mod secrets;
pub mod stats;
pub mod suggest;
pub mod error;
pub mod threads;
pub mod system;

// nouns that are handed over
pub mod frame;
pub mod tensor;
pub mod labels;
pub mod prediction;
pub mod message;
pub mod metrics;
pub mod event;

// the stations, in the order in which a frame meets them
pub mod capture;
pub mod image;
pub mod channel;
pub mod preprocess;
pub mod model;
pub mod runtime;
pub mod postprocess;

// publishers, and the engine that feeds them
pub mod publish;
pub mod engine;

// the program around them
pub mod config;
pub mod startup;
pub mod daemon;
pub mod cli;
pub mod commands;
