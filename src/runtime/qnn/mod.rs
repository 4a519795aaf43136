//! The NPU: QNN with the HTP backend, as a plugin library (onnxruntime-qnn 2.x) or built into libonnxruntime (1.x).
//!
//! "Session created" proves nothing: QNN falls back to the CPU silently. The proof is a session without fallback
//! (`session.disable_cpu_ep_fallback`) on a device that the plugin itself reports, or the node count.

mod attempt;
mod libraries;
mod profile;
mod session;

pub use libraries::{BOARD_PARTS, Qnn, how_to_get, usual_folders};
pub use profile::slowest;
pub use session::{compile, coverage, open, open_partly};
