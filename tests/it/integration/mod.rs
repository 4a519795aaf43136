//! Tests against other programs, which need packages that glimpsed itself does not. `make test-integration` installs these and runs the
//! tests; `make test` skips them.

mod classifiers;
#[cfg(feature = "mqtt")]
mod mqtt;
mod network;
mod quantize;
