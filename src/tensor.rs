//! Inputs and outputs of a model: element type, shape and quantization.

use std::fmt;

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ElementType {
    U8,
    I8,
    U16,
    F32,
}

impl ElementType {
    /// The minimum and maximum of a quantized element; `None` for floats.
    pub fn bounds(self) -> Option<(i32, i32)> {
        match self {
            Self::U8 => Some((0, 255)),
            Self::I8 => Some((-128, 127)),
            Self::U16 => Some((0, 65535)),
            Self::F32 => None,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::F32 => "float32",
        })
    }
}

/// Linear quantization as in ONNX: real = (q - zero_point) * scale.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantization {
    /// The step, above 0.
    pub scale: f32,
    /// The element that represents 0.
    pub zero_point: i32,
}

impl Quantization {
    /// `None` unless `scale` is finite and above 0, and `zero_point` fits in an element of at most 16 bits.
    pub fn new(scale: f32, zero_point: i64) -> Option<Self> {
        let held = (i64::from(i16::MIN)..=i64::from(u16::MAX)).contains(&zero_point);
        (scale.is_finite() && scale > 0.0 && held).then_some(Self { scale, zero_point: zero_point as i32 })
    }
}

/// Name, element type, shape and quantization of an input or output.
#[derive(Debug, Clone, PartialEq)]
pub struct TensorSpec {
    /// The name in the graph.
    pub name: String,
    /// The type of the elements.
    pub element: ElementType,
    /// All dimensions, fixed, with the batch (1) first.
    pub shape: Vec<usize>,
    /// The quantization of integer elements; `None` if the graph has none, and for floats.
    pub quantization: Option<Quantization>,
}

impl TensorSpec {
    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the tensor has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The memory layout of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// [1, 3, height, width]: three planes.
    Nchw,
    /// [1, height, width, 3]: interleaved.
    Nhwc,
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nchw => "NCHW",
            Self::Nhwc => "NHWC",
        })
    }
}

/// The input of an image model: RGB, in `layout`.
#[derive(Debug, Clone, PartialEq)]
pub struct InputSpec {
    /// Name, type, shape and quantization.
    pub tensor: TensorSpec,
    /// The order of the dimensions.
    pub layout: Layout,
    /// Columns of the picture.
    pub width: u32,
    /// Rows of the picture.
    pub height: u32,
}

/// The output of a classifier: one number for each class.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// Name, type, shape and quantization.
    pub tensor: TensorSpec,
    /// The number of classes, which equals the number of elements.
    pub classes: usize,
    /// Whether the model ends in a Softmax, so that its output already is probabilities.
    pub softmax: bool,
}

/// The elements of a tensor, in the order of its shape.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Tensor {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    F32(Vec<f32>),
}

impl Tensor {
    /// Zeros of the type and size of `spec`.
    pub fn zeros(spec: &TensorSpec) -> Self {
        let len = spec.len();
        match spec.element {
            ElementType::U8 => Self::U8(vec![0; len]),
            ElementType::I8 => Self::I8(vec![0; len]),
            ElementType::U16 => Self::U16(vec![0; len]),
            ElementType::F32 => Self::F32(vec![0.0; len]),
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(data) => data.len(),
            Self::I8(data) => data.len(),
            Self::U16(data) => data.len(),
            Self::F32(data) => data.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
