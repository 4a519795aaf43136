//! Constants of the graph: initializers (raw data, typed fields or external files) and `Constant` nodes.

use super::onnx::{EXTERNAL, Graph, Tensor, data_type};
use crate::error::{Error, Result};
use crate::files;
use half::f16;
use std::collections::{BTreeMap, HashMap};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

/// Operators that keep the numbers of a constant and their order.
const KEEPING: [&str; 4] = ["Identity", "Cast", "Unsqueeze", "Squeeze"];

/// The constants of a graph, by name.
pub struct Weights<'a> {
    by_name: HashMap<&'a str, &'a Tensor>,
    /// The folder of external data files: the model's own. `None` for a model in memory.
    folder: Option<&'a Path>,
}

/// The location of an external tensor's data.
struct External {
    location: String,
    offset: u64,
    length: Option<u64>,
}

impl<'a> Weights<'a> {
    /// The constants of `graph`, whose file is in `folder`.
    pub fn new(graph: &'a Graph, folder: Option<&'a Path>) -> Self {
        let constants = graph.node.iter().filter(|node| node.op_type == "Constant").filter_map(|node| {
            let value = node.attribute.iter().find(|attribute| attribute.name == "value")?;
            Some((node.output.first()?.as_str(), value.t.as_ref()?))
        });
        let initializers = graph.initializer.iter().map(|tensor| (tensor.name.as_str(), tensor));
        let mut by_name: HashMap<&str, &Tensor> = initializers.chain(constants).collect();
        // exporters pass constants through nodes that keep their numbers; nodes are sorted topologically
        for node in graph.node.iter().filter(|node| KEEPING.contains(&node.op_type.as_str())) {
            if let ([input, ..], [output]) = (&node.input[..], &node.output[..])
                && let Some(tensor) = by_name.get(input.as_str()).copied()
            {
                by_name.entry(output).or_insert(tensor);
            }
        }
        Self { by_name, folder }
    }

    /// Whether `name` is a constant.
    pub fn contains(&self, name: &str) -> bool {
        self.by_name.contains_key(name)
    }

    /// The dimensions of the constant `name`.
    pub fn dimensions(&self, name: &str) -> Option<&[i64]> {
        self.by_name.get(name).map(|tensor| &tensor.dims[..])
    }

    /// Whether the constant `name` holds the number 1, and nothing else.
    pub fn is_one(&self, name: &str) -> bool {
        self.scalar(name).is_ok_and(|number| number == Some(1.0))
    }

    /// The value of the scalar constant `name`; `None` if it has no element or several.
    pub fn scalar(&self, name: &str) -> Result<Option<f64>> {
        let Some(tensor) = self.by_name.get(name) else { return Ok(None) };
        if elements(tensor) != Some(1) {
            return Ok(None);
        }
        if let Some(value) = tensor.float_data.first() {
            return Ok(Some(f64::from(*value)));
        }
        if let Some(value) = tensor.int32_data.first() {
            let bits = |value: i32| f16::from_bits(value as u16).to_f64();
            return Ok(Some(if tensor.data_type == data_type::FLOAT16 { bits(*value) } else { f64::from(*value) }));
        }
        let bytes = if tensor.data_location == EXTERNAL { self.read(tensor)? } else { tensor.raw_data.to_vec() };
        Ok(number(tensor.data_type, &bytes))
    }

    /// An error if a constant declares a size larger than its file, which has `size` bytes.
    pub fn check_sizes(&self, model: &str, size: u64) -> Result<()> {
        for tensor in self.by_name.values().filter(|tensor| tensor.data_location != EXTERNAL) {
            if bytes_of(tensor).is_none_or(|bytes| bytes > size) {
                return Err(Error::config(format!("the model '{model}' is damaged"))
                    .because(format!("the weights '{}' of shape {:?} are larger than the file", tensor.name, tensor.dims))
                    .hint("Compare its size and checksum with the original, and download it again."));
            }
        }
        Ok(())
    }

    /// Checks that every external file exists, is a regular file, and is long enough; returns their paths.
    pub fn check_files(&self, model: &str) -> Result<Vec<PathBuf>> {
        let mut sizes: BTreeMap<PathBuf, u64> = BTreeMap::new();
        for tensor in self.by_name.values().filter(|tensor| tensor.data_location == EXTERNAL) {
            let external = external(tensor).map_err(|why| {
                Error::config(format!("the model '{model}' has an invalid location for the weights '{}'", tensor.name)).because(why)
            })?;
            let Some(folder) = self.folder else {
                return Err(Error::config(format!("the model '{model}' stores weights in an external file"))
                    .because("a model in memory cannot have external files"));
            };
            let path = folder.join(&external.location);
            let have = match sizes.get(&path) {
                Some(size) => *size,
                None => {
                    let meta = std::fs::metadata(&path).and_then(|meta| files::regular(meta.file_type()).map(|()| meta.len()));
                    meta.map_err(|e| missing(model, &external.location, folder).because(e))?
                }
            };
            let needed = external.length.or(bytes_of(tensor)).and_then(|length| external.offset.checked_add(length));
            if needed.is_none_or(|needed| have < needed) {
                let needed = needed.map_or("more than a file can contain".to_owned(), |needed| needed.to_string());
                return Err(Error::config(format!("the weights '{}' of the model '{model}' are truncated", path.display()))
                    .because(format!("{have} bytes, the model needs {needed}"))
                    .hint("Download the file again; the .onnx and its data file must be from the same export."));
            }
            sizes.insert(path, have);
        }
        Ok(sizes.into_keys().collect())
    }

    /// The first bytes of an external tensor: enough for one number.
    fn read(&self, tensor: &Tensor) -> Result<Vec<u8>> {
        let external =
            external(tensor).map_err(|why| Error::config(format!("cannot read the weights '{}'", tensor.name)).because(why))?;
        let folder = self.folder.unwrap_or(Path::new("."));
        let read = || -> std::io::Result<Vec<u8>> {
            let mut file = files::open(&folder.join(&external.location))?;
            file.seek(SeekFrom::Start(external.offset))?;
            let mut bytes = Vec::new();
            file.take(8.min(external.length.unwrap_or(8))).read_to_end(&mut bytes)?;
            Ok(bytes)
        };
        read().map_err(|e| missing(&tensor.name, &external.location, folder).because(e))
    }
}

impl Weights<'_> {
    /// The numbers that the constant `name` holds: at most `most`, in the file itself.
    pub fn numbers(&self, name: &str, most: u64) -> Option<Vec<f64>> {
        let tensor = self.by_name.get(name)?;
        let count = elements(tensor).filter(|count| (1..=most).contains(count))?;
        if count == 1 {
            return self.scalar(name).ok()?.map(|one| vec![one]);
        }
        if !tensor.float_data.is_empty() {
            return (tensor.float_data.len() as u64 == count).then(|| tensor.float_data.iter().map(|n| f64::from(*n)).collect());
        }
        let size = tensor.raw_data.len() / count as usize;
        if size == 0 {
            return None;
        }
        tensor.raw_data.chunks_exact(size).take(count as usize).map(|bytes| number(tensor.data_type, bytes)).collect()
    }

    /// The element type of the constant `name`.
    pub fn data_type(&self, name: &str) -> Option<i32> {
        self.by_name.get(name).map(|tensor| tensor.data_type)
    }
}

fn missing(model: &str, location: &str, folder: &Path) -> Error {
    Error::config(format!("the model '{model}' stores its weights in '{location}', which cannot be read"))
        .hint(format!("Put it next to the model, under exactly that name: {}", folder.join(location).display()))
}

/// The location of the data of `tensor`; the error is a message.
fn external(tensor: &Tensor) -> std::result::Result<External, String> {
    let entry = |key: &str| tensor.external_data.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
    let number = |key: &str| {
        entry(key)
            .map(|value| value.parse::<u64>().map_err(|_| format!("its {key} is '{value}', which is not a number of bytes")))
            .transpose()
    };
    let location = entry("location").unwrap_or_default().to_owned();
    // a rule of ONNX; ONNX Runtime enforces it since 1.24
    let beside = Path::new(&location).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if location.is_empty() || !beside {
        return Err(format!("'{location}' is not inside the model's folder"));
    }
    Ok(External { location, offset: number("offset")?.unwrap_or(0), length: number("length")? })
}

/// The number of elements of `tensor`; `None` if its dimensions are invalid.
fn elements(tensor: &Tensor) -> Option<u64> {
    tensor.dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(u64::try_from(*dim).ok()?))
}

/// The minimum size of `tensor` in bytes; `None` if its dimensions are invalid.
fn bytes_of(tensor: &Tensor) -> Option<u64> {
    let size = match tensor.data_type {
        data_type::DOUBLE | data_type::INT64 => 8,
        data_type::FLOAT | data_type::INT32 => 4,
        data_type::UINT16 | data_type::INT16 | data_type::FLOAT16 => 2,
        data_type::UINT8 | data_type::INT8 => 1,
        // 4-bit types, strings and others
        _ => return elements(tensor).map(|count| count / 8),
    };
    // integers in typed fields are varints: at least one byte each
    let size = if tensor.int32_data.is_empty() { size } else { 1 };
    elements(tensor)?.checked_mul(size)
}

/// The number in `bytes` (little endian, as ONNX stores raw data).
fn number(kind: i32, bytes: &[u8]) -> Option<f64> {
    Some(match kind {
        data_type::FLOAT => f64::from(f32::from_le_bytes(bytes.get(..4)?.try_into().ok()?)),
        data_type::INT32 => f64::from(i32::from_le_bytes(bytes.get(..4)?.try_into().ok()?)),
        data_type::INT64 => i64::from_le_bytes(bytes.get(..8)?.try_into().ok()?) as f64,
        data_type::DOUBLE => f64::from_le_bytes(bytes.get(..8)?.try_into().ok()?),
        data_type::FLOAT16 => f16::from_le_bytes(bytes.get(..2)?.try_into().ok()?).to_f64(),
        data_type::UINT16 => f64::from(u16::from_le_bytes(bytes.get(..2)?.try_into().ok()?)),
        data_type::INT16 => f64::from(i16::from_le_bytes(bytes.get(..2)?.try_into().ok()?)),
        data_type::UINT8 => f64::from(*bytes.first()?),
        data_type::INT8 => f64::from(*bytes.first()? as i8),
        _ => return None,
    })
}
