//! Running the model: loading the library, execution providers, sessions. **The only module that uses ONNX Runtime.**
//!
//! The rest of the program uses one small trait, [`Infer`], so that a fake in a test is a few lines.

mod context_cache;
mod deadline;
mod infer;
mod library;
mod library_search;
mod open;
mod options;
mod ort_log;
mod placement;
mod qnn;
mod recovery;
mod refusal;
mod session;
mod settings;
mod zero_copy;

pub use infer::{Execution, Infer};
pub use library::{set_dsp_path, switch_telemetry_off};
pub use open::{compile, coverage, onnxruntime, open, qnn_parts, shape_of_output, slowest};
pub use options::{KEYS as QNN_KEYS, Options};
pub use placement::Coverage;
pub use qnn::{how_to_get as how_to_get_qnn, usual_folders as usual_qnn_folders};
pub use recovery::{Open, Patience, Recovering};
pub use settings::{KEYS, Params, Provider};
