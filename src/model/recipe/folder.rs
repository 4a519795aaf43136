//! The files next to a model as sources of its recipe and of its labels.
//!
//! A file that is not of the expected form, or that cannot be read, is a note and not an error.

use super::given::{Given, Origin};
use super::stated::Stated;
use super::{hugging_face, modelinfo};
use crate::files;
use crate::labels;
use crate::tensor::InputSpec;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// The maximum size of a file: `config.json` contains the names of all classes twice, about 40 bytes each.
const LIMIT: u64 = 64 << 20;

/// The files of Hugging Face, for preprocessing and for the classes.
const PREPROCESSOR: &str = "preprocessor_config.json";
const CONFIG: &str = "config.json";

/// Files with names of classes in JSON or YAML.
const NAMES: [&str; 6] = ["class_indices.json", "labels.json", "classes.json", "class_names.json", "names.yaml", "data.yaml"];

/// The content of the files next to a model.
#[derive(Debug, Clone, Default)]
pub struct Beside {
    /// Its `.modelinfo`, which takes precedence over the graph.
    pub modelinfo: Stated,
    /// The other files; the graph takes precedence over them.
    pub folder: Stated,
    /// Notes on files that could not be read and on invalid values.
    pub notes: Vec<String>,
}

/// The result of parsing a file, with notes.
type Read = Result<(Stated, Vec<String>), String>;

/// Reads the files next to the model at `path`, whose input is `input`.
pub fn read(path: &Path, input: &InputSpec) -> Beside {
    let mut beside = Beside::default();
    for file in modelinfo_paths(path) {
        if let Some(stated) = beside.one(&file, |text| modelinfo::read(text, &file, input)) {
            beside.modelinfo = stated;
            break;
        }
    }
    let mut folder = Stated::default();
    for place in places(path) {
        let at = |name: &str| place.join(name);
        let file = at(PREPROCESSOR);
        let pixels = beside.one(&file, |text| plain(hugging_face::preprocessor(text, &file, Some((input.width, input.height)))));
        let file = at(CONFIG);
        let config = beside.one(&file, |text| plain(hugging_face::config(text, &file)));
        let stated = pixels.unwrap_or_default().over(config.unwrap_or_default());
        folder = folder.over(stated);
        for name in NAMES {
            let file = at(name);
            if folder.labels.is_none() {
                folder = folder.over(beside.one(&file, |text| plain(named(text, &file))).unwrap_or_default());
            }
        }
    }
    beside.folder = folder;
    beside
}

/// The paths of all these files for the model at `path`.
pub fn paths(path: &Path) -> Vec<PathBuf> {
    let in_folder = |place: PathBuf| [PREPROCESSOR, CONFIG].into_iter().chain(NAMES).map(move |name| place.join(name));
    modelinfo_paths(path).into_iter().chain(places(path).into_iter().flat_map(in_folder)).collect()
}

/// The possible paths of the `.modelinfo` of the model at `path`: GStreamer appends to the name, people replace the extension. The
/// first is written.
pub fn modelinfo_paths(path: &Path) -> [PathBuf; 2] {
    let mut whole = path.as_os_str().to_owned();
    whole.push(".modelinfo");
    [whole.into(), path.with_extension("modelinfo")]
}

/// The model's folder; if it is called `onnx`, as in Hugging Face repositories, its parent too.
fn places(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    let above = folder.parent().filter(|_| folder.file_name().is_some_and(|name| name == "onnx")).map(Path::to_owned);
    [folder].into_iter().chain(above).collect()
}

impl Beside {
    /// Parses the file at `path`, if there is one, with `reader`; errors become notes.
    fn one(&mut self, path: &Path, reader: impl FnOnce(&str) -> Read) -> Option<Stated> {
        let read = match files::read_text(path, LIMIT) {
            Ok(text) => reader(&text),
            Err(e) if e.kind() == ErrorKind::NotFound => return None,
            Err(e) => Err(e.to_string()),
        };
        let shown = path.display();
        match read {
            Ok((stated, notes)) => {
                self.notes.extend(notes.into_iter().map(|note| format!("'{shown}': {note}")));
                Some(stated)
            }
            Err(why) => {
                self.notes.push(format!("'{shown}' was not used: {why}"));
                None
            }
        }
    }
}

fn plain(stated: Result<Stated, String>) -> Read {
    stated.map(|stated| (stated, Vec::new()))
}

/// Parses names of classes.
fn named(text: &str, path: &Path) -> Result<Stated, String> {
    let names = labels::structured(text.trim_start_matches('\u{feff}')).ok_or("it holds no names in JSON or YAML")?;
    let names = names.map_err(|(_, why)| why)?;
    Ok(Stated { labels: Some(Given::new(names, Origin::File(path.to_owned()))), ..Stated::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::recipe::values::known;
    use crate::tensor::{ElementType, Layout, TensorSpec};
    use std::fs;

    fn input() -> InputSpec {
        let tensor = TensorSpec { name: "x".into(), element: ElementType::F32, shape: vec![1, 3, 8, 8], quantization: None };
        InputSpec { tensor, layout: Layout::Nchw, width: 8, height: 8 }
    }

    const IMAGENET: &str =
        r#"{"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225], "rescale_factor": 0.00392156862745098}"#;

    #[test]
    fn each_file_says_its_part() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        let model = folder.path().join("model.onnx");
        assert!(read(&model, &input()).folder.is_empty());
        file("preprocessor_config.json", IMAGENET);
        file("config.json", r#"{"id2label": {"0": "cat", "1": "dog"}}"#);
        file("model.onnx.modelinfo", "[modelinfo]\n[x]\ndir=input\nranges=0,255\n");
        file("labels.json", r#"["other", "names"]"#);
        let beside = read(&model, &input());
        assert_eq!(known(&beside.modelinfo.normalize.unwrap().value).unwrap().name, "255");
        assert_eq!(known(&beside.folder.normalize.unwrap().value).unwrap().name, "imagenet");
        assert_eq!(beside.folder.labels.unwrap().value, ["cat", "dog"]);
        assert_eq!(beside.notes, Vec::<String>::new());
    }

    #[test]
    fn a_repository_keeps_its_models_in_onnx() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("onnx")).unwrap();
        fs::write(folder.path().join("preprocessor_config.json"), IMAGENET).unwrap();
        assert!(read(&folder.path().join("onnx/model_quantized.onnx"), &input()).folder.normalize.is_some());
        assert!(read(&folder.path().join("onnx/deeper/model.onnx"), &input()).folder.is_empty());
    }

    #[test]
    fn files_of_names() {
        for (name, text) in [
            ("class_indices.json", r#"{"cat": 0, "dog": 1}"#),
            ("labels.json", r#"["cat", "dog"]"#),
            ("names.yaml", "names:\n  0: cat\n  1: dog\n"),
            ("data.yaml", "train: images\nnc: 2\nnames: [cat, dog]\n"),
        ] {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(name), text).unwrap();
            let beside = read(&folder.path().join("m.onnx"), &input());
            assert_eq!(beside.folder.labels.unwrap().value, ["cat", "dog"], "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_a_note() {
        let folder = tempfile::tempdir().unwrap();
        let names = ["m.onnx.modelinfo", "preprocessor_config.json", "config.json", "labels.json", "names.yaml"];
        for name in names {
            fs::write(folder.path().join(name), b"\xff{{ no").unwrap();
        }
        fs::create_dir(folder.path().join("data.yaml")).unwrap();
        let beside = read(&folder.path().join("m.onnx"), &input());
        assert!(beside.modelinfo.is_empty() && beside.folder.is_empty());
        assert_eq!(beside.notes.len(), 6, "{:?}", beside.notes);
        for name in names {
            assert!(beside.notes.iter().any(|note| note.contains(name) && note.contains("was not used")), "{name}");
        }
    }
}
