//! The dimensions of an input or output, fixed or free.

use super::onnx::{Dimension, ValueInfo};
use std::fmt;

/// No tensor at the boundary of a classifier has more elements than this; it keeps products within bounds.
const ELEMENTS: usize = 1 << 31;

/// One dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dim {
    /// So many.
    Fixed(usize),
    /// As many as there are; the name, which may be empty.
    Free(String),
}

/// All dimensions of a tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dims(pub Vec<Dim>);

impl Dim {
    fn of(dim: &Dimension) -> Self {
        match dim.value.and_then(|size| usize::try_from(size).ok()) {
            Some(size) if size > 0 => Self::Fixed(size),
            _ => Self::Free(dim.param.clone()),
        }
    }

    /// The size, where it is fixed.
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Self::Fixed(size) => Some(*size),
            Self::Free(_) => None,
        }
    }
}

impl Dims {
    /// Those of `value`; `None` where the file does not even say how many there are.
    pub fn of(value: &ValueInfo) -> Option<Self> {
        let shape = value.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
        Some(Self(shape.dim.iter().map(Dim::of).collect()))
    }

    /// All sizes; `None` where one is free, or where there are more elements than any tensor of a classifier has.
    pub fn fixed(&self) -> Option<Vec<usize>> {
        let sizes: Vec<_> = self.0.iter().map(Dim::fixed).collect::<Option<_>>()?;
        elements(&sizes).is_some().then_some(sizes)
    }

    /// The same with a free first dimension of `batch`.
    pub fn with_batch(mut self, batch: usize) -> Self {
        if let Some(first @ Dim::Free(_)) = self.0.first_mut() {
            *first = Dim::Fixed(batch);
        }
        self
    }
}

/// How many elements a tensor of these `sizes` has; `None` where that is too many.
pub fn elements(sizes: &[usize]) -> Option<usize> {
    let count = sizes.iter().try_fold(1_usize, |product, size| product.checked_mul(*size));
    count.filter(|count| *count < ELEMENTS)
}

/// The type of the elements of `value`, as ONNX numbers them; 0 where it is no tensor.
pub fn elem_type(value: &ValueInfo) -> i32 {
    value.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref()).map_or(0, |tensor| tensor.elem_type)
}

impl fmt::Display for Dims {
    /// As in `[batch, 3, ?, 224]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[")?;
        for (n, dim) in self.0.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            match dim {
                Dim::Fixed(size) => write!(f, "{comma}{size}")?,
                Dim::Free(name) if name.is_empty() => write!(f, "{comma}?")?,
                Dim::Free(name) => write!(f, "{comma}{name}")?,
            }
        }
        f.write_str("]")
    }
}
