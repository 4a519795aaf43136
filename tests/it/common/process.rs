//! The program as a child process, and its output.

use super::{onnxruntime, project};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The command of the program, without environment variables of the user that it would read.
pub fn glimpsed() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_glimpsed"));
    command.env_remove("ORT_DYLIB_PATH").env_remove("GLIMPSED_QNN_DIR").env_remove("GLIMPSED_LOG").stdin(Stdio::null());
    command.env("ORT_DYLIB_PATH", onnxruntime());
    // tests do not share the context cache
    command.env_remove("CACHE_DIRECTORY").env_remove("HOME").env_remove("XDG_CACHE_HOME");
    command
}

/// The command of the program, with the fault-injecting source (`faultsrc`, see tests/faults) available.
pub fn glimpsed_with_faults() -> Command {
    let mut command = glimpsed();
    command.env("GST_PLUGIN_PATH", fault_plugin().parent().unwrap());
    // the tests' own registry: the user's would keep a plugin that is removed later
    command.env("GST_REGISTRY", Path::new(env!("CARGO_TARGET_TMPDIR")).join("gst-registry.bin"));
    command
}

/// The plugin built from tests/faults: an example of the package, which `cargo test` and `cargo nextest run` build too.
pub fn fault_plugin() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let plugin = test.parent().unwrap().parent().unwrap().join("examples/libfaults.so");
    assert!(plugin.is_file(), "'{}' is missing: run `cargo build --example faults` first", plugin.display());
    plugin
}

/// Runs the program with `args` to its end.
pub fn run(args: &[&str]) -> Output {
    glimpsed().args(args).output().unwrap()
}

/// Whether this process runs only `test` (its full name). If not, runs it in a new process, with any test runner: for tests that
/// measure their process.
pub fn in_own_process(test: &str) -> bool {
    const ALONE: &str = "GLIMPSED_TEST_ALONE";
    if std::env::var_os(ALONE).is_some() {
        return true;
    }
    let output = Command::new(std::env::current_exe().unwrap()).args(["--exact", test]).env(ALONE, "1").output().unwrap();
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && out.contains("1 passed"), "{out}{}", stderr(&output));
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

/// `message` without its times, which differ between runs.
pub fn without_times(mut message: serde_json::Value) -> serde_json::Value {
    let fields = message.as_object_mut().unwrap();
    fields.remove("timestamp");
    fields.remove("timing");
    if let Some(stable) = fields.get_mut("stable").and_then(|stable| stable.as_object_mut()) {
        stable.remove("since");
    }
    message
}
