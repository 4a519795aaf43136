//! Reads a model with the files beside it: its description and its labels.

use super::classifier::{Model, Reading, Source};
use super::{beside, builtin, kinds, limits, metadata, name, output, recipe};
use crate::error::{Error, Result};
use crate::files;
use crate::labels::Labels;
use crate::tensor::Scores;
use bytes::Bytes;
use std::path::{Path, PathBuf};

/// More numbers than this, without a name for any of them, may be an embedding.
const EMBEDDING: usize = 64;

/// All files beside the model at `path` that are read with it, where they are there: descriptions, labels, and what says its recipe.
pub fn files_beside(path: &Path) -> Vec<PathBuf> {
    metadata::paths(path).into_iter().chain(beside::candidates(path)).chain(recipe::paths(path)).collect()
}

impl Model {
    /// Reads the model at `path`, and the `metadata.yaml` or `.json` beside it, which must agree.
    pub fn read(path: &Path) -> Result<Self> {
        Self::read_with(path, &Reading::default())
    }

    /// The same with what the user says of the model.
    pub fn read_with(path: &Path, reading: &Reading) -> Result<Self> {
        let shown = path.display().to_string();
        let cannot = |e: std::io::Error| {
            Error::config(format!("cannot read the model '{shown}'"))
                .because(e)
                .hint("--model FILE names an ONNX file; --model testcard is the built-in one.")
        };
        if let Some(error) = kinds::folder(path) {
            return Err(error);
        }
        let bytes = Bytes::from(files::read(path, limits::FILE).map_err(cannot)?);
        let mut model = Self::parse(bytes, name::of(path), &shown, Source::File(path.to_owned()), reading)?;
        metadata::check(path, &mut model)?;
        model.sources.read_beside(path, &model.input);
        if let Some(scores) = reading.scores.or(model.sources.activation()) {
            let one = model.output.values == 1 && scores == Scores::Probabilities;
            model.output.scores = if one { Scores::Independent } else { scores };
            (model.output.certain, model.output.divisor) = (true, 1.0);
        }
        output::settle_single(&mut model.output, &shown)?;
        model.check_scales(&shown)?;
        Ok(model)
    }

    /// An error where integers have no meaning: neither the graph nor a file beside it has their scale.
    fn check_scales(&self, shown: &str) -> Result<()> {
        let tensors = [&self.input.tensor, &self.output.tensor];
        let missing = tensors.into_iter().find(|tensor| tensor.quantization.is_none() && self.without_scale.contains(&tensor.name));
        let Some(tensor) = missing else { return Ok(()) };
        Err(Error::config(format!(
            "the model '{shown}' has integers ({}) in '{}', and neither it nor a metadata file beside it says their scale and zero point",
            tensor.element, tensor.name
        ))
        .hint("Export it with a QuantizeLinear or DequantizeLinear there, or with float inputs and outputs; Qualcomm AI Hub's metadata.json has them too."))
    }

    /// Reads `labels`, or else those beside the model, or else those that the model file or another file beside it names, or else
    /// numbers the classes; holds them to the model's count.
    pub fn labels(&self, labels: Option<&Path>) -> Result<Labels> {
        let beside = self.labels_beside();
        let labels = match (labels.or(beside.as_deref()), &self.source) {
            (Some(path), _) => Labels::read(path)?,
            (None, Source::Memory(_)) => builtin::labels()?,
            (None, _) if !self.class_names.is_empty() => Labels::named(&self.class_names, &format!("{} (in the graph)", self.name)),
            (None, _) => match self.sources.labels(self.output.classes) {
                Some(named) => Labels::named(&named.value, &named.origin.to_string()),
                None => {
                    self.check_for_an_embedding()?;
                    Labels::numbered(self.output.values)
                }
            },
        };
        let labels = if self.output.is_binary() { labels.of_two(&self.name)? } else { labels };
        labels.check(self.output.classes, &self.name)?;
        Ok(labels)
    }

    /// The labels beside the model: `labels.txt`, or the model's name with `.txt` or `_labels.txt`, or what its metadata names. `None`
    /// where there are none.
    pub fn labels_beside(&self) -> Option<PathBuf> {
        let Source::File(path) = &self.source else { return None };
        beside::labels(path).or_else(|| self.labels_file.clone().filter(|file| file.is_file()))
    }

    /// Files that only the model and its metadata name: weights and labels.
    pub fn files_named(&self) -> Vec<PathBuf> {
        self.files.iter().chain(&self.labels_file).cloned().collect()
    }

    /// An error where the numbers look like an embedding's: many, no Softmax, no labels, and a name that says so.
    fn check_for_an_embedding(&self) -> Result<()> {
        let name = self.output.tensor.name.to_lowercase();
        let named = ["embed", "feature", "last_hidden", "pooler", "pooled", "descriptor"].iter().any(|word| name.contains(word));
        if self.output.certain || self.output.scores != Scores::Logits || self.output.values <= EMBEDDING || !named {
            return Ok(());
        }
        Err(Error::config(format!(
            "the model '{}' seems to give an embedding, not classes: {} numbers in '{}', no Softmax, no labels",
            self.name, self.output.values, self.output.tensor.name
        ))
        .hint("Is it a classifier all the same? Then name its classes: --labels FILE, or labels.txt beside the model."))
    }
}
