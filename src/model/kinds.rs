//! Files that are given as models and are none: named as what they are.

use crate::error::Error;

/// A kind of file that is no model for glimpsed.
struct Kind {
    /// The bytes by which it is known.
    mark: &'static [u8],
    /// Where they are.
    at: usize,
    /// What it is.
    what: &'static str,
    /// What to do.
    hint: &'static str,
}

const fn kind(at: usize, mark: &'static [u8], what: &'static str, hint: &'static str) -> Kind {
    Kind { mark, at, what, hint }
}

/// For files that nobody takes for a model.
const WANTED: &str = "--model FILE names an ONNX file.";

const KINDS: [Kind; 13] = [
    kind(0, b"version https://git-lfs", "a Git LFS pointer, not the model itself", "In the repository's folder: git lfs pull"),
    kind(
        4,
        b"TFL3",
        "a TensorFlow Lite model",
        "Export the model to ONNX, for instance with tf2onnx (python3 -m tf2onnx.convert --tflite MODEL --output MODEL.onnx).",
    ),
    kind(4, b"ORTM", "a model in ONNX Runtime's own format (.ort)", "glimpsed reads the .onnx file that it was made of."),
    kind(
        0,
        b"PK\x03\x04",
        "a zip archive",
        "Unpack it, and name the .onnx file inside. Where there is none, it is another runtime's model (PyTorch's .pt and .pth, Keras' .keras): export that to ONNX.",
    ),
    kind(0, b"\x1f\x8b", "a gzip archive", "Unpack it, and name the .onnx file inside."),
    kind(0, b"\x80\x02", "a Python pickle, as PyTorch wrote it", "Export the model with torch.onnx.export."),
    kind(0, b"\x89HDF", "an HDF5 file, as Keras writes it", "Export the model to ONNX with tf2onnx."),
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

/// What `bytes` are, and what to do.
fn look(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if bytes.is_empty() {
        return Some(("empty", "Fetch it again."));
    }
    if let Some(kind) = KINDS.iter().find(|kind| bytes.get(kind.at..).is_some_and(|rest| rest.starts_with(kind.mark))) {
        return Some((kind.what, kind.hint));
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
            Some(("an XML file", "OpenVINO's models do not run here: the ONNX file that they were made of does."))
        }
        () => None,
    }
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
}
