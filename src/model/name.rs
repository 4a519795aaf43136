//! The name of a model in results: from the path that the user gave, not from the target of a symbolic link.

use std::ffi::OsStr;
use std::path::{Component, Path};

/// The name of the model at `path`, without following links: the file name without its extension. A file called `model.onnx` is named
/// after its folder, or after the parent folder if the folder is called `onnx`. In Hugging Face's cache,
/// `models--OWNER--NAME/snapshots/REVISION/model.onnx`, the name is NAME.
pub fn of(path: &Path) -> String {
    let stem = text(path.file_stem());
    if stem != "model" {
        return stem;
    }
    // a path that ends in `..` has no file name: only then is it resolved
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = absolute.parent().unwrap_or(Path::new(""));
    let up = folder.components().any(|part| part == Component::ParentDir);
    let folder = if up { folder.canonicalize().unwrap_or_else(|_| folder.to_owned()) } else { folder.to_owned() };
    let mut names = folder.ancestors().map(|folder| text(folder.file_name()));
    repository(&folder).or_else(|| names.find(|name| name != "onnx")).filter(|name| !name.is_empty()).unwrap_or(stem)
}

/// NAME, if `folder` is somewhere in `models--OWNER--NAME/snapshots/REVISION`.
fn repository(folder: &Path) -> Option<String> {
    let snapshots = folder.ancestors().find(|folder| folder.file_name() == Some(OsStr::new("snapshots")))?;
    let repository = text(snapshots.parent()?.file_name());
    let name = repository.strip_prefix("models--")?;
    Some(name.split_once("--").map_or(name, |(_, name)| name).to_owned())
}

fn text(part: Option<&OsStr>) -> String {
    part.map(|part| part.to_string_lossy().into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(path: &str) -> String {
        of(Path::new(path))
    }

    #[test]
    fn a_model_is_named_after_its_file_or_its_folder() {
        assert_eq!(named("/m/squeezenet.onnx"), "squeezenet");
        assert_eq!(named("/m/resnet/model.onnx"), "resnet");
        assert_eq!(named("/m/resnet/onnx/model.onnx"), "resnet");
        assert_eq!(named("/model.onnx"), "model");
        assert_eq!(named("model.onnx"), std::env::current_dir().unwrap().file_name().unwrap().to_str().unwrap());
        assert_eq!(named("src/../src/model.onnx"), "src");
    }

    #[test]
    fn in_hugging_faces_cache_it_is_named_after_the_repository() {
        let snapshot = "/c/hub/models--google--mobilenet_v2_1.0_224/snapshots/8d8a5f";
        assert_eq!(named(&format!("{snapshot}/model.onnx")), "mobilenet_v2_1.0_224");
        assert_eq!(named(&format!("{snapshot}/onnx/model.onnx")), "mobilenet_v2_1.0_224");
        assert_eq!(named(&format!("{snapshot}/onnx/model_int8.onnx")), "model_int8");
        assert_eq!(named("/c/models--gpt2/snapshots/1/model.onnx"), "gpt2");
        assert_eq!(named("/c/snapshots/cats/model.onnx"), "cats");
    }
}
