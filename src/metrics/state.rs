//! How a camera is, and the stages that are timed.

/// How a camera is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has not said a word yet.
    Starting,
    /// Frames come.
    Flowing,
    /// It was lost, and is tried again.
    Lost,
    /// It gives no more frames: the film is over, or the camera was taken out.
    Ended,
}

/// The stages whose times are counted, by their names in the log.
pub const STAGES: [&str; 5] = ["age", "wait", "preprocess", "inference", "postprocess"];
