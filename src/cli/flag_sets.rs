//! Which settings each subcommand has flags of.

use super::flags::{FlagSet, FlagSpec, all_of, checked, only};
use crate::settings::heading;

/// What is said of a model that an argument names.
const MODEL: &[&str] =
    &["labels", "size", "output", "activation", "resize", "crop_share", "bars", "filter", "colour", "normalize", "mean", "std"];

macro_rules! flag_sets {
    ($($(#[$doc:meta])* $name:ident = $flags:expr;)*) => { $(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl FlagSet for $name {
            fn flags() -> Vec<FlagSpec> {
                $flags
            }
        }
    )* };
}

flag_sets! {
    /// What classifies, and what runs it.
    Model = [all_of("model"), all_of("model.classes"), all_of("execution")].concat();
    /// The same for `evaluate`, which runs several providers, and always ranks as many classes as it needs.
    Evaluated = all_of("model").into_iter().chain(all_of("execution")).filter(|spec| !spec.sets(&["top", "provider"])).collect();
    /// The cameras of `run`.
    Cameras = [all_of("camera"), all_of("camera.region"), all_of("")].concat();
    /// Those of `check` and `doctor`, which would ignore the others.
    CheckedCameras = [checked("camera"), checked("camera.region"), checked("")].concat();
    /// The one pipeline that is measured.
    OnePipeline = [only("camera", &["pipeline", "rotate", "mirror"]), all_of("")].concat();
    /// The orientation of pictures, and the part of them that is classified.
    Orientation = [only("camera", &["rotate", "mirror"]), all_of("camera.region")].concat();
    /// When an answer of `run` counts as the state.
    State = all_of("state");
    /// The subscribers of `run`.
    Subscribers = [all_of("socket"), all_of("output")].concat();
    /// Those of `check` and `doctor`.
    CheckedSubscribers = [checked("socket"), checked("output")].concat();
    /// The built-in model.
    BuiltIn = [all_of("execution"), only("model", &["top"])].concat();
    /// What the CPU and the NPU have in common.
    Compared = {
        let top = only("model", &["top"]).into_iter().map(|top| top.saying("How many of the best classes are shown", heading::OUTPUT));
        let partial = only("execution", &["allow_partial"]).into_iter().map(|partial| {
            partial.saying("Lets the model run on the NPU in part, and the rest of it on the CPU", heading::NPU)
        });
        let others = only("execution", &["context_cache", "qnn_dir", "qnn", "onnxruntime", "threads"]);
        only("model", MODEL).into_iter().chain(partial).chain(others).chain(top).collect()
    };
    /// What builds for the NPU.
    Compiler = [only("model", MODEL), only("execution", &["qnn_dir", "qnn", "onnxruntime"])].concat();
    /// What may be tried on a model.
    Inspected = {
        let provider = only("execution", &["provider"]).into_iter().map(|provider| {
            provider.saying("With qnn or auto: tries which nodes run on the NPU, and counts them", heading::NPU)
        });
        let libraries = only("execution", &["qnn_dir", "qnn", "onnxruntime"]);
        only("model", MODEL).into_iter().chain(provider).chain(libraries).collect()
    };
}
