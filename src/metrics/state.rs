//! The state of a camera, and the timed stages.

/// The state of a camera.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It has reported nothing yet.
    Starting,
    /// Frames are arriving.
    Flowing,
    /// It was lost and is being retried.
    Lost,
    /// It delivers no more frames: the film is over, or the camera was removed.
    Ended,
}

/// The names of the timed stages in the log.
pub const STAGES: [&str; 5] = ["age", "wait", "preprocess", "inference", "postprocess"];
