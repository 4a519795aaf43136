//! All sources of a model's recipe except flags and settings.

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

/// The sources: the model file and the files next to it.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    modelinfo: Stated,
    /// The graph's properties.
    properties: Stated,
    first: arithmetic::FirstNodes,
    folder: Stated,
    /// Qualcomm AI Hub's metadata beside the model.
    pub metadata: Stated,
    /// Notes on files that could not be read and on invalid values.
    pub notes: Vec<String>,
}

impl Sources {
    /// The sources in the model file, whose input is called `input`.
    pub fn of_graph(model: &onnx::Model, graph: &Graph, weights: &Weights, input: &str) -> Self {
        let pairs = model.metadata_props.iter().map(|pair| (pair.key.as_str(), pair.value.as_str()));
        let (properties, mut notes) = properties::read(pairs);
        let first = arithmetic::read(graph, weights, input);
        if first.transposed {
            notes.push(
                "the graph begins by exchanging height and width: it takes pictures on their side. --rotate 90 --mirror (rotate and mirror of \
                 the camera) turn them so."
                    .into(),
            );
        }
        Self { properties, first, notes, ..Self::default() }
    }

    /// Adds the files next to the model at `path`, whose input is `input`.
    pub fn read_beside(&mut self, path: &Path, input: &InputSpec) {
        let folder::Beside { modelinfo, folder, notes } = folder::read(path, input);
        self.modelinfo = modelinfo;
        self.folder = folder;
        self.notes.extend(notes);
    }

    /// Width and height of the picture, for a file that leaves them free.
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

    /// The meaning of the output's numbers, if the `.modelinfo` contains it.
    pub fn activation(&self) -> Option<Scores> {
        self.modelinfo.activation.as_ref().map(|activation| activation.value)
    }

    /// The recipe for `input` of the model called `model`. What the user `set` takes precedence.
    pub fn settle(&self, set: Stated, input: &InputSpec, model: &str) -> Result<Settled> {
        let range = Range::of(input).or(self.first.range);
        let by_range = range.map(|range| range.stated()).unwrap_or_default();
        let graph = self.properties.clone().over(by_range).over(self.first.stated.clone());
        let stated = set.over(self.modelinfo.clone()).over(graph).over(self.folder.clone()).over(self.metadata.clone());
        Recipe::settle(stated, input, range.as_ref(), model)
    }
}
