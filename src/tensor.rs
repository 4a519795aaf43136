//! Inputs and outputs of a model: element type, shape and quantization.

use half::f16;
use std::fmt;

/// The type of a tensor's elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ElementType {
    U8,
    I8,
    U16,
    I16,
    I32,
    F16,
    F32,
    F64,
}

impl ElementType {
    /// The minimum and maximum of a quantized element; `None` for floats.
    pub fn bounds(self) -> Option<(i32, i32)> {
        match self {
            Self::U8 => Some((0, 255)),
            Self::I8 => Some((-128, 127)),
            Self::U16 => Some((0, 65535)),
            Self::I16 => Some((-32768, 32767)),
            Self::I32 => Some((i32::MIN, i32::MAX)),
            Self::F16 | Self::F32 | Self::F64 => None,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::U8 => "uint8",
            Self::I8 => "int8",
            Self::U16 => "uint16",
            Self::I16 => "int16",
            Self::I32 => "int32",
            Self::F16 => "float16",
            Self::F32 => "float32",
            Self::F64 => "float64",
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
    /// All dimensions, fixed; the batch, if there is one, first.
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
    /// [batch, channels, height, width] or [channels, height, width]: a plane for each channel.
    Nchw,
    /// [batch, height, width, channels] or [height, width, channels]: interleaved.
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

/// The input of an image model, in `layout`. The picture is the first item of the batch; the other items are zero.
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

impl InputSpec {
    /// Channels of a pixel: 1 (gray), 3 (RGB) or 4 (RGB and an opaque alpha).
    pub fn channels(&self) -> usize {
        let item = match self.tensor.shape[..] {
            [_, ref item @ ..] if item.len() == 3 => item,
            ref item => item,
        };
        match (self.layout, item) {
            (Layout::Nchw, [channels, ..]) | (Layout::Nhwc, [.., channels]) => *channels,
            _ => 3,
        }
    }

    /// Pixels of the picture.
    pub fn pixels(&self) -> usize {
        self.width as usize * self.height as usize
    }
}

/// What the numbers of an output are, and so what makes confidences of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scores {
    /// Numbers whose softmax are the probabilities of classes that exclude each other.
    #[default]
    Logits,
    /// The natural logarithms of such probabilities (LogSoftmax).
    LogProbabilities,
    /// Such probabilities (Softmax).
    Probabilities,
    /// Numbers whose logistic function is each class's own probability.
    IndependentLogits,
    /// Each class's own probability (Sigmoid): several can be true of one picture.
    Independent,
}

impl Scores {
    /// What is left to do, in words: for reports.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Logits => "logits, of which glimpsed takes the softmax",
            Self::LogProbabilities => "logarithms of probabilities (LogSoftmax)",
            Self::Probabilities => "probabilities (Softmax)",
            Self::IndependentLogits => "logits of independent classes, of which glimpsed takes the sigmoid",
            Self::Independent => "an independent probability for each class (Sigmoid)",
        }
    }
}

/// The output of a classifier: one number for each class. It is read from the first item of the batch.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputSpec {
    /// Name, type, shape and quantization.
    pub tensor: TensorSpec,
    /// How many classes: as many as numbers are read, or two where that is one number behind a sigmoid.
    pub classes: usize,
    /// How many numbers are read: those of the first item of the batch.
    pub values: usize,
    /// What the numbers are.
    pub scores: Scores,
    /// Whether that was found in the file or said by the user; logits are assumed where it was not.
    pub certain: bool,
    /// What the numbers are divided by first: 100 where a model gives per cent.
    pub divisor: f32,
}

impl OutputSpec {
    /// An output of `classes` numbers of which nothing else is known: logits are assumed.
    pub fn logits(tensor: TensorSpec, classes: usize) -> Self {
        Self { tensor, classes, values: classes, scores: Scores::Logits, certain: false, divisor: 1.0 }
    }

    /// Whether each class has a probability of its own, so that several can be true of one picture.
    pub fn is_independent(&self) -> bool {
        matches!(self.scores, Scores::Independent | Scores::IndependentLogits) && !self.is_binary()
    }

    /// Whether one number stands for two classes, of which one is true.
    pub fn is_binary(&self) -> bool {
        (self.classes, self.values) == (2, 1)
    }
}

/// The elements of a tensor, in the order of its shape.
#[derive(Debug, Clone, PartialEq)]
#[allow(missing_docs)]
pub enum Tensor {
    U8(Vec<u8>),
    I8(Vec<i8>),
    U16(Vec<u16>),
    I16(Vec<i16>),
    I32(Vec<i32>),
    F16(Vec<f16>),
    F32(Vec<f32>),
    F64(Vec<f64>),
}

impl Tensor {
    /// Zeros of the type and size of `spec`.
    pub fn zeros(spec: &TensorSpec) -> Self {
        let len = spec.len();
        match spec.element {
            ElementType::U8 => Self::U8(vec![0; len]),
            ElementType::I8 => Self::I8(vec![0; len]),
            ElementType::U16 => Self::U16(vec![0; len]),
            ElementType::I16 => Self::I16(vec![0; len]),
            ElementType::I32 => Self::I32(vec![0; len]),
            ElementType::F16 => Self::F16(vec![f16::ZERO; len]),
            ElementType::F32 => Self::F32(vec![0.0; len]),
            ElementType::F64 => Self::F64(vec![0.0; len]),
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        match self {
            Self::U8(data) => data.len(),
            Self::I8(data) => data.len(),
            Self::U16(data) => data.len(),
            Self::I16(data) => data.len(),
            Self::I32(data) => data.len(),
            Self::F16(data) => data.len(),
            Self::F32(data) => data.len(),
            Self::F64(data) => data.len(),
        }
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Copies `other` into the existing memory; nothing is allocated if type and size are the same.
    pub fn copy_from(&mut self, other: &Self) {
        match (self, other) {
            (Self::U8(to), Self::U8(from)) => to.clone_from(from),
            (Self::I8(to), Self::I8(from)) => to.clone_from(from),
            (Self::U16(to), Self::U16(from)) => to.clone_from(from),
            (Self::I16(to), Self::I16(from)) => to.clone_from(from),
            (Self::I32(to), Self::I32(from)) => to.clone_from(from),
            (Self::F16(to), Self::F16(from)) => to.clone_from(from),
            (Self::F32(to), Self::F32(from)) => to.clone_from(from),
            (Self::F64(to), Self::F64(from)) => to.clone_from(from),
            (to, from) => *to = from.clone(),
        }
    }

    /// Writes the first `count` elements, as the real numbers that they stand for, to `reals`.
    pub fn reals(&self, quantization: Option<Quantization>, count: usize, reals: &mut Vec<f32>) {
        let Quantization { scale, zero_point } = quantization.unwrap_or(Quantization { scale: 1.0, zero_point: 0 });
        let real = |q: i32| (q - zero_point) as f32 * scale;
        reals.clear();
        match self {
            Self::U8(data) => reals.extend(data.iter().take(count).map(|&q| real(q.into()))),
            Self::I8(data) => reals.extend(data.iter().take(count).map(|&q| real(q.into()))),
            Self::U16(data) => reals.extend(data.iter().take(count).map(|&q| real(q.into()))),
            Self::I16(data) => reals.extend(data.iter().take(count).map(|&q| real(q.into()))),
            Self::I32(data) => reals.extend(data.iter().take(count).map(|&q| (q as f32 - zero_point as f32) * scale)),
            Self::F16(data) => reals.extend(data.iter().take(count).map(|x| x.to_f32())),
            Self::F32(data) => reals.extend(data.iter().take(count)),
            Self::F64(data) => reals.extend(data.iter().take(count).map(|&x| x as f32)),
        }
    }
}
