//! The program as a child process, and what it writes.

use super::{onnxruntime, project};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The program, not started yet, with no variables of the user's that it would read.
pub fn glimpsed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimpsed"));
    command.env_remove("ORT_DYLIB_PATH").env_remove("GLIMPSED_QNN_DIR").env_remove("GLIMPSED_LOG").stdin(Stdio::null());
    command.env("ORT_DYLIB_PATH", onnxruntime());
    // no test finds what another has built
    command.env_remove("CACHE_DIRECTORY").env_remove("HOME").env_remove("XDG_CACHE_HOME");
    command
}

/// The program, with the source that misbehaves (`faultsrc`, see tests/faults) among GStreamer's elements.
pub fn glimpsed_with_faults() -> Command {
    let mut command = glimpsed();
    command.env("GST_PLUGIN_PATH", fault_plugin().parent().unwrap());
    // a registry of the tests' own: the user's would keep an element that is not there later
    command.env("GST_REGISTRY", Path::new(env!("CARGO_TARGET_TMPDIR")).join("gst-registry.bin"));
    command
}

/// The plugin that tests/faults is built into: an example of the package, which `cargo test` and `cargo nextest run` build too.
pub fn fault_plugin() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let plugin = test.parent().unwrap().parent().unwrap().join("examples/libfaults.so");
    assert!(plugin.is_file(), "'{}' is not there: run `cargo build --example faults` first", plugin.display());
    plugin
}

/// Runs the program with `args` to its end.
pub fn run(args: &[&str]) -> Output {
    glimpsed().args(args).output().unwrap()
}

/// Whether this process runs only `test` (its full name). If not, runs it in such a process, whatever the test runner: for tests that
/// measure their process.
pub fn in_own_process(test: &str) -> bool {
    const ALONE: &str = "GLIMPSED_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(ALONE, "1").output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && told.contains("1 passed"), "{told}{}", stderr(&output));
    false
}

/// Standard output as JSON, line by line.
pub fn json_lines(output: &Output) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("not JSON ({e}): {line}"))).collect()
}

/// Standard error as text.
pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `message` without what differs from run to run: times.
pub fn without_times(mut message: serde_json::Value) -> serde_json::Value {
    let fields = message.as_object_mut().unwrap();
    fields.remove("timestamp");
    fields.remove("timing");
    message
}
