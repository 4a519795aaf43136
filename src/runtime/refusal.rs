//! Classifies errors of ONNX Runtime: the model is invalid (permanent), or the machine fails at this moment (transient).

use crate::error::{Cause, Error};
use ort::ErrorCode;
use std::path::Path;

/// Parts of ONNX Runtime's messages that mean an invalid model, although the error code is a general one. (Versions 1.23 to 1.32.)
const FAULTS: [&str; 11] = [
    "nvalid model",
    "INVALID_GRAPH",
    "NOT_IMPLEMENTED",
    "is not a registered function/op",
    "Type Error",
    "TypeInferenceError",
    "ShapeInferenceError",
    "xternal data",
    "External initializer",
    "external initializer",
    "Protobuf parsing failed",
];

/// Messages about a model that is newer than the library: their beginning, the text before the maximum version, and its name.
const NEWER: [(&str, &str, &str); 2] = [
    ("Unsupported model IR version", "max supported IR version: ", "IR version"),
    ("ONNX Runtime only *guarantees* support", "is till opset ", "opset"),
];

/// The error for a refusal with `code` and `text`; `what` says what was being done, `library` is ONNX Runtime's file.
///
/// An invalid model is a configuration error ([`crate::error::Kind::Config`]); all others may be transient: out of memory, a restart
/// of the NPU.
pub fn error(what: String, code: ErrorCode, text: &str, library: &Path) -> Error {
    if let Some((sentence, version, kind)) = newer(text) {
        let library = library.display();
        let most = version.map(|version| format!(", which supports {kind} up to {version}")).unwrap_or_default();
        return Error::config(format!("{what}: the model is newer than ONNX Runtime '{library}'{most}")).because(sentence).hint(
            "Use a newer ONNX Runtime (--onnxruntime), or export the model for an older one: torch.onnx.export(..., opset_version=N).",
        );
    }
    let of_the_model = matches!(
        code,
        ErrorCode::InvalidGraph
            | ErrorCode::InvalidProtobuf
            | ErrorCode::InvalidArgument
            | ErrorCode::NotImplemented
            | ErrorCode::NoSuchFile
            | ErrorCode::NoModel
    );
    if of_the_model || FAULTS.iter().any(|fault| text.contains(fault)) {
        let hint = "The model is invalid, or needs another version of ONNX Runtime; retrying does not help. Export it again, or use another model.";
        return Error::config(what).because(text).hint(hint);
    }
    Error::failed(what).because(text)
}

/// The part of ONNX Runtime's message about versions, the maximum version, and the version's name.
fn newer(text: &str) -> Option<(&str, Option<&str>, &'static str)> {
    let (begin, limit, kind) = NEWER.iter().find(|(begin, ..)| text.contains(begin))?;
    let sentence = text[text.find(begin)?..].lines().next()?;
    let version = sentence.split_once(limit).map(|(_, rest)| rest.trim_end_matches(|end: char| !end.is_ascii_digit()));
    Some((sentence, version.filter(|version| version.bytes().all(|digit| digit.is_ascii_digit())), kind))
}

/// ONNX Runtime's message as an error; `what` says what was being done.
pub fn failed(what: impl Into<String>, error: impl Into<Cause>) -> Error {
    Error::failed(what).because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_of(code: ErrorCode, text: &str) -> Error {
        error("cannot open".into(), code, text, Path::new("/lib/libonnxruntime.so.1.32.0"))
    }

    #[test]
    fn the_supported_versions_are_named() {
        let text =
            "Load model from m.onnx failed:model.cc:256 Model() Unsupported model IR version: 99, max supported IR version: 14\n";
        let error = error_of(ErrorCode::GenericFailure, text).to_string();
        assert!(error.contains("1.32.0', which supports IR version up to 14: Unsupported model IR version: 99"), "{error}");
        let text = "x.h:46 f() ONNX Runtime only *guarantees* support for released opset versions. Opset 99 is under development and \
                    support for this is limited. Current official support for domain ai.onnx is till opset 25.";
        assert!(error_of(ErrorCode::GenericFailure, text).to_string().contains("which supports opset up to 25"));
    }

    #[test]
    fn transient_errors_are_not_configuration_errors() {
        for (code, text) in [
            (ErrorCode::GenericFailure, "Exception during initialization: std::bad_alloc"),
            (ErrorCode::EngineError, "the NPU was restarted"),
            (ErrorCode::ExecutionProviderFailure, "QNN: transport layer setup failed 14001"),
            (ErrorCode::RuntimeException, "Failed to allocate memory for requested buffer of size 123"),
        ] {
            assert_eq!(error_of(code, text).exit_status(), 1, "{text}");
        }
        assert_eq!(
            error_of(ErrorCode::GenericFailure, "Fatal error: x.y:Guess(-1) is not a registered function/op").exit_status(),
            78
        );
    }
}
