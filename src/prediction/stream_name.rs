//! What identifies a stream to its readers.

use std::sync::Arc;

/// Identifies a stream: a camera, a region of its picture, and a model.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamName {
    /// The camera, or the file.
    pub camera: Arc<str>,
    /// The region; `None`: the whole picture.
    pub region: Option<Arc<str>>,
    /// The model.
    pub model: Arc<str>,
}
