//! Resource usage of this process, and information about the machine.

use crate::error::{Error, Result};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;
use serde_json::{Value, json};

/// Processor time of this process so far, in seconds.
pub fn cpu() -> Result<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF).map_err(|e| Error::failed("cannot read the processor's time").because(e))?;
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    Ok(seconds(usage.user_time()) + seconds(usage.system_time()))
}

/// The peak memory in MiB.
pub fn peak_rss() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}

/// The name of the processor.
pub fn machine() -> Value {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let named = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ").map(|(_, name)| name.to_owned()));
    // Linux does not name ARM processors there; the device tree has the board's name
    let board = || std::fs::read_to_string("/proc/device-tree/model").ok().map(|name| name.trim_end_matches('\0').to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let name = named.or_else(board).unwrap_or_else(|| "a processor without a name".into());
    json!({"processor": name, "cores": cores, "architecture": std::env::consts::ARCH})
}
