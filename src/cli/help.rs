//! What `--help` says beside the flags: its headings, the examples, the environment.

pub use crate::settings::heading::*;

/// Below the subcommands.
pub const EXAMPLES: &str = "\
Examples:
  glimpsed demo                                            labels in seconds, nothing to set up
  glimpsed classify --model m.onnx --labels l.txt *.jpg    pictures and films
  glimpsed run --model m.onnx --pipeline pipelines/usb-mjpeg.launch --var DEVICE=/dev/video2
  glimpsed run --model m.onnx -- videotestsrc is-live=true ! appsink name=frames
  glimpsed run                                             the service, as /etc/glimpsed/glimpsed.toml says
  glimpsed check                                           what is wrong with that file
  glimpsed doctor                                          what is wrong with this machine
  glimpsed subscribe                                       what the service sees, live
  glimpsed mqtt --broker mqtts://hub.local                 what the service sees, for Home Assistant and others
  glimpsed evaluate --model m.onnx photos/                 how often it is right, one folder for each class
  glimpsed compare m.onnx *.jpg                            CPU beside NPU
  glimpsed compile m.onnx --htp-arch 68 --folder m-v68     for the NPU, ahead of time
  glimpsed bench --model m.onnx                            how fast it is here
  glimpsed inspect m.onnx                                  what the file says
  glimpsed completions bash                                completions for a shell

Environment:
  GLIMPSED_LOG         what is logged: error, warn, info, debug or trace, also for one module (glimpsed::capture=debug)
  ORT_DYLIB_PATH       libonnxruntime.so, where --onnxruntime is not given
  LD_LIBRARY_PATH      folders that may hold it, before the system's
  GLIMPSED_QNN_DIR     the folder of the QNN libraries, where --qnn-dir is not given
  ADSP_LIBRARY_PATH    where the DSP looks for its libraries; set by glimpsed where it is not set
  CACHE_DIRECTORY, XDG_CACHE_HOME, HOME
                       the first that is set holds what was built for the NPU, where --context-cache is not given
  CREDENTIALS_DIRECTORY
                       set by systemd: its mqtt-username and mqtt-password are those of the broker
  NO_COLOR, CLICOLOR   NO_COLOR=1 or CLICOLOR=0: no colours
  TERM                 dumb: no colours and no live view
  LC_ALL, LC_CTYPE, LANG
                       the first that is set names the encoding of the terminal; a live view needs UTF-8
  GST_DEBUG, GST_DEBUG_FILE, GST_PLUGIN_PATH
                       GStreamer's own: its log, the file of its log, folders with more elements
  NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS, LISTEN_PID, JOURNAL_STREAM
                       set by systemd for a service
  Any other name may be a variable of a .launch file (${NAME}).

Exit status: 0 done, 1 failed, 2 usage, 78 configuration.";
