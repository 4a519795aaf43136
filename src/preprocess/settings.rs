//! What the user can set of preprocessing.

use super::filter::Filter;
use super::geometry::Fit;
use super::quantize::Normalize;

/// Parameters of preprocessing.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Params {
    /// Stretch, crop or letterbox.
    pub fit: Fit,
    /// The resampling filter.
    pub filter: Filter,
    /// Mean and standard deviation, for models that do not contain them.
    pub normalize: Normalize,
}
