//! Programs beside the daemon that carry its results further: other modes of the same binary, in processes of their own.
//!
//! A bridge is a subscriber of the daemon's socket, like any other program: it knows [`crate::message`] and none of the stations. So the
//! process with the camera and the NPU listens on no network, and a bridge that crashes, hangs or is attacked costs no frame.

pub mod client;
pub mod mqtt;
