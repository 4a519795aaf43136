//! Constants of the graph: initializers inline, as typed fields or in a second file, and `Constant` nodes.

use super::onnx::{EXTERNAL, Graph, StringStringEntry, Tensor, data_type};
use crate::error::{Error, Result};
use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// The constants of a graph, by name.
pub struct Weights<'a> {
    by_name: HashMap<&'a str, &'a Tensor>,
    /// Where the files of external data lie: beside the model. `None` for a model in memory.
    folder: Option<&'a Path>,
}

/// Where the data of an external tensor lies.
struct External {
    location: String,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Weights<'a> {
    /// The constants of `graph`, whose file lies in `folder`.
    pub fn new(graph: &'a Graph, folder: Option<&'a Path>) -> Self {
        let constants = graph.node.iter().filter(|node| node.op_type == "Constant").filter_map(|node| {
            let value = node.attribute.iter().find(|attribute| attribute.name == "value")?;
            Some((node.output.first()?.as_str(), value.t.as_ref()?))
        });
        let initializers = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor));
        Self { by_name: initializers.chain(constants).collect(), folder }
    }

    /// Whether `name` is a constant.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The one number that the constant `name` holds; `None` where it holds none or several.
    pub fn scalar(&self, name: &str) -> Result<Option<f64>> {
        let Some(tensor) = self.by_name.get(name) else { return Ok(None) };
        let count: i64 = tensor.dims.iter().product();
        if count != 1 {
            return Ok(None);
        }
        if let Some(value) = tensor.float_data.first() {
            return Ok(Some(f64::from(*value)));
        }
        if let Some(value) = tensor.int32_data.first() {
            return Ok(Some(f64::from(*value)));
        }
        let bytes = if tensor.data_location == EXTERNAL { self.read(tensor)? } else { tensor.raw_data.to_vec() };
        Ok(number(tensor.data_type, &bytes))
    }

    /// Checks that every external file is there and long enough; gives their names.
    pub fn check_files(&self, model: &str) -> Result<Vec<PathBuf>> {
        let mut files: Vec<PathBuf> = Vec::new();
        for tensor in self.by_name.values().filter(|tensor| tensor.data_location == EXTERNAL) {
            let external = external(&tensor.external_data);
            let Some(folder) = self.folder else {
                return Err(Error::config(format!("the model '{model}' keeps weights in a second file"))
                    .because("a model in memory cannot have one"));
            };
            let path = folder.join(&external.location);
            let have = std::fs::metadata(&path).map_err(|e| missing(model, &external.location, folder).because(e))?.len();
            let want = external.offset.saturating_add(external.length.unwrap_or(0));
            if have < want {
                return Err(Error::config(format!("the weights '{}' of the model '{model}' are cut short", path.display()))
                    .because(format!("{have} bytes, the model needs {want}"))
                    .hint("Fetch the file again; the .onnx and its data file must be of the same export."));
            }
            if !files.contains(&path) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }

    /// The first bytes of an external tensor: enough for a number.
    fn read(&self, tensor: &Tensor) -> Result<Vec<u8>> {
        let external = external(&tensor.external_data);
        let folder = self.folder.unwrap_or(Path::new("."));
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = File::open(folder.join(&external.location))?;
            file.seek(SeekFrom::Start(external.offset))?;
            let mut bytes = Vec::new();
            file.take(8.min(external.length.unwrap_or(8))).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|e| missing(&tensor.name, &external.location, folder).because(e))
    }
}

fn missing(model: &str, location: &str, folder: &Path) -> Error {
    Error::config(format!("the model '{model}' keeps its weights in '{location}', which cannot be read"))
        .hint(format!("Put it beside the model, under just that name: {}", folder.join(location).display()))
}

fn external(entries: &[StringStringEntry]) -> External {
    let entry = |key: &str| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let number = |key: &str| entry(key).and_then(|value| value.parse().ok());
    External {
        location: entry("location").unwrap_or_default().to_owned(),
        offset: number("offset").unwrap_or(0),
        length: number("length"),
    }
}

/// The number that `bytes` (little endian, as ONNX stores raw data) hold.
fn number(kind: i32, bytes: &[u8]) -> Option<f64> {
    Some(match kind {
        data_type::FLOAT => f64::from(f32::from_le_bytes(bytes.get(..4)?.try_into().ok()?)),
        data_type::INT32 => f64::from(i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?)),
        data_type::UINT16 => f64::from(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?)),
        data_type::INT16 => f64::from(i16::from_le_bytes(bytes.get(..2)?.try_into().ok()?)),
        data_type::UINT8 => f64::from(*bytes.first()?),
        data_type::INT8 => f64::from(*bytes.first()? as i8),
        _ => return None,
    })
}
