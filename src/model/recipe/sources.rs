//! All that is said of a model's recipe, but for flags and settings.

use super::arithmetic;
use super::folder;
use super::given::Given;
use super::properties;
use super::range::Range;
use super::settle::{Recipe, Settled};
use super::stated::Stated;
use crate::error::Result;
use crate::model::onnx::{self, Graph};
use crate::model::weights::Weights;
use crate::tensor::{InputSpec, Scores};
use std::path::Path;

/// What the model file, and the files beside it, say.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    modelinfo: Stated,
    /// The graph's properties.
    properties: Stated,
    first: arithmetic::FirstNodes,
    folder: Stated,
    /// Qualcomm AI Hub's metadata beside the model.
    pub metadata: Stated,
    /// What could not be read, and what makes no sense.
    pub notes: Vec<String>,
}

impl Sources {
    /// What the model file says, whose input is called `input`.
    pub fn of_graph(model: &onnx::Model, graph: &Graph, weights: &Weights, input: &str) -> Self {
        let pairs = model.metadata_props.iter().map(|pair| (pair.key.as_str(), pair.value.as_str()));
        let (properties, notes) = properties::read(pairs);
        Self { properties, first: arithmetic::read(graph, weights, input), notes, ..Self::default() }
    }

    /// Adds what the files beside the model at `path` say, which takes `input`.
    pub fn read_beside(&mut self, path: &Path, input: &InputSpec) {
        let folder::Beside { modelinfo, folder, notes } = folder::read(path, input);
        self.modelinfo = modelinfo;
        self.folder = folder;
        self.notes.extend(notes);
    }

    /// Width and height of the picture, where the file leaves them free.
    pub fn size(&self) -> Option<(u32, u32)> {
        let sources = [&self.modelinfo, &self.properties, &self.folder];
        sources.into_iter().find_map(|source| source.size.as_ref()).map(|size| size.value)
    }

    /// The names of the classes, as many as `classes`.
    pub fn labels(&self, classes: usize) -> Option<&Given<Vec<String>>> {
        self.all_labels().find(|labels| labels.value.len() == classes)
    }

    /// How many names of classes each source has.
    pub fn counts_of_labels(&self) -> Vec<usize> {
        self.all_labels().map(|labels| labels.value.len()).collect()
    }

    fn all_labels(&self) -> impl Iterator<Item = &Given<Vec<String>>> {
        [&self.properties, &self.folder].into_iter().filter_map(|source| source.labels.as_ref())
    }

    /// What the numbers of the output are, where the `.modelinfo` says it.
    pub fn activation(&self) -> Option<Scores> {
        self.modelinfo.activation.as_ref().map(|activation| activation.value)
    }

    /// The recipe for `input` of the model called `model`: what is `set` by the user counts first.
    pub fn settle(&self, set: Stated, input: &InputSpec, model: &str) -> Result<Settled> {
        let range = Range::of(input).or(self.first.range);
        let by_range = range.map(|range| range.stated()).unwrap_or_default();
        let graph = self.properties.clone().over(by_range).over(self.first.stated.clone());
        let stated = set.over(self.modelinfo.clone()).over(graph).over(self.folder.clone()).over(self.metadata.clone());
        Recipe::settle(stated, input, range.as_ref(), model)
    }
}
