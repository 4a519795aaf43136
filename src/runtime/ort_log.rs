//! Forwards ONNX Runtime's log to ours. The last errors are kept, because the error that it returns often does not name the cause; and
//! between `listen` and `heard`, the placement of each node is recorded.

use super::placement::Placements;
use ort::logging::{LogLevel, LoggerFunction};
use std::sync::{Arc, Mutex, PoisonError};

/// How many errors are kept.
const KEPT: usize = 8;

static ERRORS: Mutex<Vec<String>> = Mutex::new(Vec::new());
static PLACEMENTS: Mutex<Option<Placements>> = Mutex::new(None);

/// The function that ONNX Runtime calls for each line of its log.
pub fn logger() -> LoggerFunction {
    Arc::new(|level, _category, _id, _location, message| match level {
        LogLevel::Error | LogLevel::Fatal => {
            tracing::debug!(target: "onnxruntime", "{message}");
            let mut errors = ERRORS.lock().unwrap_or_else(PoisonError::into_inner);
            if errors.len() == KEPT {
                errors.remove(0);
            }
            errors.push(message.trim().to_owned());
        }
        // the library's warnings are not actionable (CPU features, weights that are not prepacked)
        LogLevel::Warning => tracing::debug!(target: "onnxruntime", "{message}"),
        LogLevel::Info | LogLevel::Verbose => {
            tracing::trace!(target: "onnxruntime", "{message}");
            if let Some(placements) = PLACEMENTS.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                placements.hear(message);
            }
        }
    })
}

/// The errors since the last call, without duplicates.
pub fn take_errors() -> Vec<String> {
    let mut errors = std::mem::take(&mut *ERRORS.lock().unwrap_or_else(PoisonError::into_inner));
    errors.dedup();
    errors
}

/// Begins to record node placements.
pub fn listen() {
    *PLACEMENTS.lock().unwrap_or_else(PoisonError::into_inner) = Some(Placements::default());
}

/// The node placements since [`listen`].
pub fn heard() -> Placements {
    PLACEMENTS.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default()
}
