//! Files that are given as models but are not ONNX: each is named, with what to do instead.

use crate::error::Error;
use std::fs;
use std::path::Path;

/// A kind of file that is not an ONNX model.
struct Kind {
    /// The bytes that identify it.
    mark: &'static [u8],
    /// Their offset in the file.
    at: usize,
    /// What it is.
    what: &'static str,
    /// What to do.
    hint: &'static str,
}

const fn kind(at: usize, mark: &'static [u8], what: &'static str, hint: &'static str) -> Kind {
    Kind { mark, at, what, hint }
}

/// For files that are obviously no model.
const WANTED: &str = "--model FILE names an ONNX file.";

const PYTORCH: (&str, &str) = (
    "a PyTorch file: weights, or a model without an ONNX graph",
    "Export the model in Python with torch.onnx.export(model, torch.zeros(1, 3, 224, 224), \"MODEL.onnx\"); Ultralytics: yolo export model=MODEL.pt format=onnx.",
);

const KERAS: (&str, &str) = (
    "a Keras model",
    "Export it in Python with model.export(\"MODEL.onnx\", format=\"onnx\") (Keras 3.8 or newer), or save it as a SavedModel and convert that with tf2onnx.",
);

const SAVED_MODEL: (&str, &str) = (
    "a TensorFlow SavedModel",
    "Export the folder to ONNX with tf2onnx: python3 -m tf2onnx.convert --saved-model FOLDER --output MODEL.onnx",
);

const FROZEN: (&str, &str) = (
    "a TensorFlow graph (GraphDef)",
    "Export it to ONNX with tf2onnx: python3 -m tf2onnx.convert --graphdef MODEL.pb --inputs INPUT:0 --outputs OUTPUT:0 --output MODEL.onnx",
);

const ENGINE: &str = "It runs on one type of NVIDIA GPU only. The .onnx file that it was built from is what glimpsed reads.";

const CORE_ML: (&str, &str) = ("a Core ML model", "It runs on Apple's systems only. Export the model that it was made of to ONNX.");

/// Zip archives that are models: text that stands in their first entries, and what they are.
const ARCHIVES: [(&[u8], (&str, &str)); 5] = [
    (b"/data.pkl", PYTORCH),
    (b"/version", PYTORCH),
    (b"model.weights.h5", KERAS),
    (b"keras_version", KERAS),
    (
        b"dlc.metadata",
        ("a Qualcomm DLC", "It holds no ONNX graph. Download or export the same model as ONNX; Qualcomm AI Hub offers both."),
    ),
];

const KINDS: [Kind; 17] = [
    kind(0, b"version https://git-lfs", "a Git LFS pointer, not the model itself", "In the repository's folder: git lfs pull"),
    kind(
        4,
        b"TFL3",
        "a TensorFlow Lite model",
        "Export the model to ONNX, for instance with tf2onnx (python3 -m tf2onnx.convert --tflite MODEL --output MODEL.onnx).",
    ),
    kind(4, b"ORTM", "a model in ONNX Runtime's own format (.ort)", "glimpsed reads the .onnx file that it was made of."),
    kind(0, b"PK\x03\x04", "a zip archive", "Unpack it, and name the .onnx file inside."),
    kind(0, b"\x1f\x8b", "a gzip archive", "Unpack it, and name the .onnx file inside."),
    kind(0, b"\x80\x02", PYTORCH.0, PYTORCH.1),
    kind(0, b"\x80\x04", "a Python pickle", "Export the model to ONNX in Python."),
    kind(0, b"\x89HDF", "an HDF5 file (.h5), as Keras writes it", KERAS.1),
    kind(0, b"ftrt", "a TensorRT engine", ENGINE),
    kind(0, b"ptrt", "a TensorRT engine", ENGINE),
    kind(4, b"{\"", "a TensorRT engine with Ultralytics' metadata", ENGINE),
    kind(0, b"GGUF", "a GGUF file", "An image classifier in ONNX is wanted."),
    kind(
        8,
        b"{\"",
        "a file of safetensors: weights without a graph",
        "Export the model to ONNX, for instance with optimum-cli export onnx.",
    ),
    kind(0, b"\xff\xd8\xff", "a JPEG picture", WANTED),
    kind(0, b"\x89PNG", "a PNG picture", WANTED),
    kind(8, b"WEBP", "a WebP picture", WANTED),
    kind(0, b"\x7fELF", "a program or library", WANTED),
];

/// Whether `bytes` are of a kind that is named.
pub fn is_known(bytes: &[u8]) -> bool {
    look(bytes).is_some()
}

/// The error for the file `shown` with these `bytes`, which are no ONNX.
pub fn not_onnx(shown: &str, bytes: &[u8]) -> Error {
    let (what, hint) = look(bytes).unwrap_or((
        "of another kind",
        "An .onnx file is wanted. Models for other runtimes (.tflite, .dlc, .bin, .pt) do not run here; Qualcomm AI Hub offers most as ONNX too.",
    ));
    Error::config(format!("the model '{shown}' is not an ONNX file")).because(format!("it is {what}")).hint(hint)
}

/// What the folder at `path` holds, if it was given as a model.
pub fn folder(path: &Path) -> Option<Error> {
    let mut names: Vec<_> =
        fs::read_dir(path).ok()?.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let models: Vec<_> = names.iter().filter(|name| name.ends_with(".onnx")).take(4).cloned().collect();
    let error = Error::config(format!("the model '{}' is a folder, not an ONNX file", path.display()));
    let (what, hint) = match () {
        () if !models.is_empty() => return Some(error.hint(format!("Name the file in it: {}.", models.join(", ")))),
        () if names.iter().any(|name| name == "saved_model.pb") => SAVED_MODEL,
        () if names.iter().any(|name| name == "Manifest.json") => CORE_ML,
        () => return Some(error.hint(WANTED)),
    };
    Some(error.because(format!("it is {what}")).hint(hint))
}

/// What `bytes` are, and what to do.
fn look(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if bytes.is_empty() {
        return Some(("empty", "Fetch it again."));
    }
    if let Some(kind) = KINDS.iter().find(|kind| bytes.get(kind.at..).is_some_and(|rest| rest.starts_with(kind.mark))) {
        return Some(archive(bytes).unwrap_or((kind.what, kind.hint)));
    }
    let start = String::from_utf8_lossy(&bytes[..bytes.len().min(200)]).to_lowercase();
    let start = start.trim_start_matches(['\u{feff}', ' ', '\r', '\n', '\t']);
    let html = ["<!doctype html", "<html"].iter().any(|mark| start.starts_with(mark));
    match () {
        () if html => Some((
            "an HTML page",
            "A download gave a page instead of the file: an error, or a form to agree to. Open the address in a browser.",
        )),
        () if start.starts_with("<?xml") => {
            Some(("an XML file", "OpenVINO's models do not run here; the ONNX file that they were made from does."))
        }
        () => tensorflow_or_core_ml(bytes),
    }
}

/// What the zip archive in `bytes` is, by the names of its entries; `None` where it is not a known one.
fn archive(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let is_zip = bytes.starts_with(b"PK\x03\x04");
    // its first entries, and the directory at its end
    let ends = [&bytes[..bytes.len().min(4096)], &bytes[bytes.len().saturating_sub(8192)..]];
    let holds = |text: &[u8]| ends.iter().any(|part| part.windows(text.len()).any(|window| window == text));
    ARCHIVES.iter().find(|(text, _)| is_zip && holds(text)).map(|(_, what)| *what)
}

/// Protocol buffers of others. Like ONNX, a SavedModel and a Core ML model begin with a version (field 1); a message follows as field 2
/// where ONNX has the producer's name. A GraphDef begins with a node: its name, then its operator.
fn tensorflow_or_core_ml(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    let message = |bytes: &'_ [u8], tag: u8| -> Option<usize> {
        let length = bytes.get(1..6)?.iter().position(|byte| byte & 0x80 == 0)?;
        (bytes.first() == Some(&tag)).then_some(2 + length)
    };
    if bytes.first() == Some(&0x08) {
        let rest = bytes.get(2..)?;
        let inside = rest.get(message(rest, 0x12)?..)?;
        let inner = inside.get(message(inside, 0x0a)?..)?;
        return match inner.first()? {
            // a FeatureDescription, which begins with its name
            0x0a => Some(CORE_ML),
            // MetaInfoDef's list of operators, or its version
            0x12 | 0x1a => Some(SAVED_MODEL),
            _ => None,
        };
    }
    let node = bytes.get(message(bytes, 0x0a)?..)?;
    let (name, length) = (message(node, 0x0a)?, usize::from(*node.get(1)?));
    let kind = node.get(name + length..)?;
    let operator = kind.get(message(kind, 0x12)?..)?;
    operator.first().is_some_and(u8::is_ascii_uppercase).then_some(FROZEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_other_kinds_are_named() {
        for (bytes, said) in [
            (&b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146\nsize 12345678\n"[..], "git lfs pull"),
            (b"\x1c\0\0\0TFL3\x14\0", "TensorFlow Lite"),
            (b"\x30\0\0\0ORTM\0\0", "(.ort)"),
            (b"PK\x03\x04\x14\0", "zip"),
            (b"PK\x03\x04\0\0\x08\x08\0\0archive/data.pklFB", "torch.onnx.export"),
            (b"PK\x03\x04\x14\0\0\0metadata.json{\"keras_version\": \"3.8.0\"}", "a Keras model"),
            (b"PK\x03\x04\x14\0\0\0model.params ... dlc.metadata", "a Qualcomm DLC"),
            (b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.", "torch.onnx.export"),
            (b"\x89HDF\r\n\x1a\n", "(.h5)"),
            (b"ftrt\0\0\0\0", "a TensorRT engine"),
            (b"\x40\0\0\0{\"description\": \"Ultralytics\"}ftrt", "a TensorRT engine"),
            // schema version 1, a MetaGraphDef: its MetaInfoDef with a list of operators
            (b"\x08\x01\x12\x97\xba\x02\x0a\xe4\x17\x12\x98\x16\x0a\x38\x0a\x03Add", "--saved-model FOLDER"),
            (b"\x0a\x20\x0a\x05input\x12\x0bPlaceholder*\x0b\x0a\x05dtype", "--graphdef MODEL.pb"),
            // specification version 1, a ModelDescription: its first FeatureDescription
            (b"\x08\x01\x12\x80\x02\x0a\x20\x0a\x05image\x12\x0bInput", "a Core ML model"),
            (b"\n<!DOCTYPE html><html><head><title>404</title></head></html>", "HTML"),
            (b"\xef\xbb\xbf<html>", "HTML"),
            (b"\x40\0\0\0\0\0\0\0{\"a\":1}", "safetensors"),
            (b"RIFF\x10\0\0\0WEBPVP8 ", "a WebP picture"),
            (b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG picture"),
            (b"", "empty"),
            (b"anything else", "of another kind"),
        ] {
            let error = not_onnx("m.onnx", bytes).to_string();
            assert!(error.contains("is not an ONNX file") && error.contains(said), "{said}: {error}");
        }
    }

    #[test]
    fn folders_are_named_too() {
        let folder = tempfile::tempdir().unwrap();
        let said = || super::folder(folder.path()).unwrap().to_string();
        assert!(said().contains("is a folder, not an ONNX file"), "{}", said());
        fs::write(folder.path().join("saved_model.pb"), "").unwrap();
        assert!(said().contains("--saved-model FOLDER"), "{}", said());
        fs::write(folder.path().join("best.onnx"), "").unwrap();
        assert!(said().contains("Name the file in it: best.onnx."), "{}", said());
    }
}
