//! The NPU: QNN with the HTP backend, as a plugin library (onnxruntime-qnn 2.x) or built into libonnxruntime (1.x).
//!
//! "Session created" proves nothing, for QNN falls back to the CPU in silence. The proof is a session that was forbidden to
//! (`session.disable_cpu_ep_fallback`) on a device that the plugin itself has named, or the nodes that were counted.

mod attempt;
mod libraries;
mod profile;
mod session;

pub use libraries::{BOARD_PARTS, Qnn, usual_folders};
pub use profile::slowest;
pub use session::{compile, coverage, open, open_partly};
