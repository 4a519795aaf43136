//! The name of the NPU. Where QNN's libraries hold an emulator of it, that is said wherever the NPU is named as what runs a model.

/// Whether an emulator stands in for the NPU. Qualcomm's HTP is driven by aarch64 libraries; those of QNN for any other processor hold
/// its emulator, and a process only loads libraries of its own processor.
pub const IS_EMULATED: bool = cfg!(not(target_arch = "aarch64"));

/// What runs a model with QNN.
pub const NAME: &str = if IS_EMULATED { "NPU (emulated)" } else { "NPU" };

/// An execution provider (`CPU`, `QNN`), as people are told of it.
pub fn shown(provider: &str) -> &str {
    if provider == "QNN" { NAME } else { provider }
}
