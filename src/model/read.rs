//! Reads a model with the files beside it: its description and its labels.

use super::classifier::{Model, Source};
use super::{builtin, limits, metadata, name};
use crate::error::{Error, Result};
use crate::files;
use crate::labels::Labels;
use bytes::Bytes;
use std::path::Path;

impl Model {
    /// Reads the model at `path`, and the `metadata.yaml` or `.json` beside it, which must agree.
    pub fn read(path: &Path) -> Result<Self> {
        let shown = path.display().to_string();
        let cannot = |e: std::io::Error| {
            Error::config(format!("cannot read the model '{shown}'"))
                .because(e)
                .hint("--model FILE names an ONNX file; --model testcard is the built-in one.")
        };
        let bytes = Bytes::from(files::read(path, limits::FILE).map_err(cannot)?);
        let mut model = Self::parse(bytes, name::of(path), &shown, Source::File(path.to_owned()))?;
        metadata::check(path, &mut model)?;
        let size = (model.input.width, model.input.height);
        model.sources.read_beside(path, &model.input.tensor.name, Some(size));
        Ok(model)
    }

    /// Reads `labels`, or else those beside the model, or else those that the model file or another file beside it names, or else
    /// numbers the classes; holds them to the model's count.
    pub fn labels(&self, labels: Option<&Path>) -> Result<Labels> {
        let beside = self.labels_beside();
        let labels = match (labels.or(beside.as_deref()), &self.source) {
            (Some(path), _) => Labels::read(path)?,
            (None, Source::Memory(_)) => builtin::labels()?,
            (None, Source::File(_)) => match self.sources.labels(self.output.classes) {
                Some(named) => Labels::parse(named.value.join("\n").as_bytes(), &named.origin.to_string())?,
                None => Labels::numbered(self.output.classes),
            },
        };
        labels.check(self.output.classes, &self.name)?;
        Ok(labels)
    }
}
