//! What the user can set of preprocessing.

use super::filter::Filter;
use super::geometry::Fit;
use super::quantize::Normalize;

/// What the user may choose.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Params {
    /// Stretch, crop or letterbox.
    pub fit: Fit,
    /// How pixels are weighted.
    pub filter: Filter,
    /// Mean and standard deviation, for models that want them from outside.
    pub normalize: Normalize,
}
