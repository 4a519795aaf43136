//! The headings of flags in `--help`.

/// Flags of the model and of preprocessing.
pub const MODEL: &str = "Model";
/// Flags of the NPU.
pub const NPU: &str = "NPU";
/// Flags of cameras and other sources.
pub const CAMERA: &str = "Camera";
/// Flags of the state of a stream.
pub const STATE: &str = "State";
/// Flags of standard output.
pub const OUTPUT: &str = "Output";
/// Flags of the socket.
pub const SOCKET: &str = "Socket";
/// Flags of the broker.
pub const MQTT: &str = "MQTT";
/// All others.
pub const GENERAL: &str = "General";
