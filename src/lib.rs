//! glimpsed classifies live camera images.
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
//! A daemon ([`daemon`]) has any number of cameras and one engine for each model. What goes from one camera to one engine is a *stream*,
//! with a channel and counters of its own. The engines share a frame's pixels:
//!
//! ```text
//! capture ──▶ frame ─┬─▶ channel ──▶ engine of a model ──┬─▶ hub ──▶ publishers
//!                    └─▶ channel ──▶ engine of another ──┘
//! ```
//!
//! Programs beside the daemon take its results further. They are subscribers of its socket, in processes of their own ([`bridge`]).
//!
//! A frame passes the modules from top to bottom; they exchange plain values: [`frame::Frame`], [`tensor::Tensor`],
//! [`prediction::Prediction`]. `use` goes up the list below and never down, which `tests/it/layers.rs` checks.
//!
//! # Threads
//!
//! | thread | work | ends |
//! |---|---|---|
//! | `main` | opens the model and the session, starts the other threads, then waits for events: signals, steps of a reload, the service manager; it waits for other threads only at shutdown | last |
//! | `engine` | one for each model, with all of its inference: takes frames from its streams in turn, prepares those that are not prefetched, publishes results | when its streams have ended, on request, or when another one fails |
//! | `preprocess` | prefetch: prepares the next frame while the model runs, if one is waiting | with the engine |
//! | `capture` | one per camera: watches the pipeline's bus, rebuilds the pipeline when the camera is lost | with the source, or on request |
//! | `teardown` | stops one pipeline; a driver that hangs is abandoned after 3 s | with the pipeline |
//! | `publish` | runs one publisher that may block on its reader (standard output), behind a bounded queue ([`event`]) | when its queue is empty at the end, or 1 s after a signal |
//! | GStreamer's | produce frames and put them into the channel | with the pipeline |
//! | `view` | draws the live view twice a second, and reads keys | with the publisher |
//! | `socket` | serves all subscribers with non-blocking I/O | with the publisher; queued lines are sent for at most 0.5 s |
//! | `reload`, `retire` | read a new configuration and open its model; close the old session | when done |
//! | `deadline` | terminates an inference that takes too long | with its session |
//! | `npu` | tries to reopen the NPU while the CPU runs the model | when it succeeds |
//! | `signals` | handles signals, which are blocked in all other threads | with the process |
//! | `log` | writes the log, so that no other thread blocks on its reader | with the process |
//! | `on_stuck` | runs the command of a camera that stays lost | with the command |
//! | `decode` | `evaluate`: makes inputs of pictures while the model runs, one for each core | with the command |
//! | `leave` | exits if a signal arrives while a session is being opened | with the process |
//! | `timer` | `--for`: requests shutdown | when the time is over |
//! | `connect` | `glimpsed mqtt`: resolves the broker's name and connects, which may block | with the attempt |
//! | `end` | ends a command other than the daemon that does not react to a signal in time | with the process |
//!
//! The long-lived ones are started by [`threads`], so that their end is observed: a panic in one ends the daemon with exit status 1.
//!
//! # Invariants
//!
//! 1. Standard output has results only. Native libraries print there too, so the program keeps a private duplicate of it and
//!    points descriptor 1 at standard error before any of them is loaded ([`publish::claim_stdout`]).
//! 2. A frame is dropped in one place, the [`channel`], and is counted there. Every queue has a documented bound.
//! 3. In the steady state nothing is allocated per frame from [`preprocess`] to [`postprocess`], except by ONNX Runtime itself.
//! 4. Anything that can fail at start fails before the first frame, and the error says what was being done, with what, and what to do
//!    next ([`error`]).
//! 5. That the NPU is used must be proved: by a session that may not fall back to the CPU, or by counting nodes ([`runtime`]).
//! 6. A signal never interrupts a call into the NPU: signals are blocked in all threads but one, the inference in flight ends, the
//!    session is destroyed, then the process exits ([`system::signals`]).
//! 7. All inference of a session happens on one thread (QNN's power votes are per thread). Sessions may be opened on others.
//!
//! # Stability
//!
//! Only [`message`], the types of the messages on the wire, is a public interface. Everything else is public only for this program's
//! own tests and benchmarks, and may change in any version.

#![deny(clippy::print_stdout, clippy::print_stderr)]

// leaves: every module may use them
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
pub mod settings;
pub mod threads;
pub mod system;

// values that are passed between modules
pub mod frame;
pub mod tensor;
pub mod labels;
pub mod prediction;
pub mod message;
pub mod metrics;
pub mod event;

// the stages, in the order in which a frame passes them
pub mod capture;
pub mod image;
pub mod channel;
pub mod preprocess;
pub mod model;
pub mod runtime;
pub mod postprocess;

// publishers, and the engine
pub mod publish;
pub mod engine;

// subscribers of the socket in processes of their own
pub mod bridge;

// the program
pub mod config;
pub mod startup;
pub mod daemon;
pub mod cli;
pub mod commands;
