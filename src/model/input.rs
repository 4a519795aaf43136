//! The input of a classifier: one picture, in a tensor of three or four dimensions.

use super::boundary::{self, Boundary, Meaning};
use super::dimensions::{Dim, Dims, elem_type, elements};
use super::onnx::{Graph, ValueInfo};
use super::weights::Weights;
use crate::error::{Error, Result};
use crate::tensor::{ElementType, InputSpec, Layout, TensorSpec};

/// The longest side of a picture.
pub const SIDE: u32 = 16384;

/// Channels that a picture can have: gray, RGB, and RGB with alpha; the usual one first.
const CHANNELS: [usize; 3] = [3, 1, 4];

/// What the graph says of its input.
pub struct Input {
    pub spec: InputSpec,
    /// Whether the file leaves a dimension free.
    pub free: bool,
    /// Whether the file does not say what the integers are.
    pub meaning_unknown: bool,
}

/// Width and height of the picture, where the file leaves them free.
pub struct Size<'a> {
    /// As the user says.
    pub said: Option<(u32, u32)>,
    /// As the model's metadata or a file beside it says; asked only where the user does not.
    pub usual: &'a dyn Fn() -> Option<(u32, u32)>,
}

/// An input called `name` whose size is still asked for: of the usual kind, so that what files say of it can be read.
pub fn unsized_one(name: &str) -> InputSpec {
    let tensor = TensorSpec { name: name.to_owned(), element: ElementType::F32, shape: vec![1, 3, 224, 224], quantization: None };
    InputSpec { tensor, layout: Layout::Nchw, width: 224, height: 224 }
}

/// Reads the input of `graph`.
pub fn read<'a>(graph: &'a Graph, boundary: &Boundary<'a>, weights: &Weights, shown: &str, size: &Size) -> Result<Input> {
    // old files list their weights among the inputs
    let inputs: Vec<_> = graph.input.iter().filter(|input| !weights.contains(&input.name)).collect();
    let [input] = inputs[..] else {
        let names: Vec<_> = inputs.iter().map(|input| input.name.as_str()).collect();
        return Err(Error::config(format!("the model '{shown}' has {} inputs: {}", inputs.len(), names.join(", ")))
            .hint("A classifier with one input, a picture, is wanted."));
    };
    let dims = Dims::of(input).unwrap_or_else(|| Dims(vec![Dim::Free(String::new()); 4]));
    let about = Picture { input, dims: &dims, shown };
    let (batch, picture) = match &dims.0[..] {
        [batch, picture @ ..] if picture.len() == 3 => (Some(batch), picture),
        picture if picture.len() == 3 => (None, picture),
        _ => return Err(about.not_a_picture()),
    };
    let (layout, channels) = about.layout(picture, boundary.first_convolution(weights, &input.name))?;
    let (height, width) = match layout {
        Layout::Nchw => (&picture[1], &picture[2]),
        Layout::Nhwc => (&picture[0], &picture[1]),
    };
    let (width, height) = about.sides(width, height, size)?;
    let batch = batch.map(|batch| batch.fixed().unwrap_or(1));
    let picture = match layout {
        Layout::Nchw => [channels, height, width],
        Layout::Nhwc => [height, width, channels],
    };
    let shape: Vec<_> = batch.into_iter().chain(picture).collect();
    if elements(&shape).is_none() {
        return Err(about.not_a_picture());
    }
    let element = boundary::element_type(elem_type(input), &format!("input '{}'", input.name))?;
    let (quantization, meaning_unknown) =
        match element.bounds().map(|_| boundary.input_meaning(weights, &input.name)).transpose()? {
            Some(Meaning::Quantized(quantization)) => (Some(quantization), false),
            // a pixel is 0 to 255
            Some(Meaning::Themselves) => (None, element == ElementType::I8),
            Some(Meaning::Unknown) => (None, true),
            None => (None, false),
        };
    let (width, height) = (width as u32, height as u32);
    let tensor = TensorSpec { name: input.name.clone(), element, shape, quantization };
    Ok(Input { spec: InputSpec { tensor, layout, width, height }, free: dims.fixed().is_none(), meaning_unknown })
}

/// An input as the file declares it.
struct Picture<'a> {
    input: &'a ValueInfo,
    dims: &'a Dims,
    shown: &'a str,
}

impl Picture<'_> {
    /// Which of three dimensions are the channels, and how many: by their number, by the first convolution, by their name.
    fn layout(&self, picture: &[Dim], convolution: Option<(Layout, usize)>) -> Result<(Layout, usize)> {
        let (first, last) = (&picture[0], &picture[2]);
        for channels in CHANNELS {
            if first.fixed() == Some(channels) {
                return Ok((Layout::Nchw, channels));
            }
            if last.fixed() == Some(channels) {
                return Ok((Layout::Nhwc, channels));
            }
        }
        let is_free = |layout| if layout == Layout::Nchw { first } else { last }.fixed().is_none();
        if let Some((layout, channels)) = convolution.filter(|(layout, n)| is_free(*layout) && CHANNELS.contains(n)) {
            return Ok((layout, channels));
        }
        let named = |dim: &Dim| matches!(dim, Dim::Free(name) if name.to_lowercase().contains("chan") || ["c", "C"].contains(&name.as_str()));
        match (named(first), named(last)) {
            (true, false) => Ok((Layout::Nchw, 3)),
            (false, true) => Ok((Layout::Nhwc, 3)),
            _ => Err(self.not_a_picture()),
        }
    }

    fn sides(&self, width: &Dim, height: &Dim, size: &Size) -> Result<(usize, usize)> {
        let Self { input, dims, shown } = self;
        let sides = [(width, size.said.map(|size| size.0)), (height, size.said.map(|size| size.1))];
        let open = size.said.is_none() && (width.fixed().is_none() || height.fixed().is_none());
        let usual = if open { (size.usual)() } else { None };
        let usual = [usual.map(|size| size.0), usual.map(|size| size.1)];
        let known = [0, 1].map(|n| sides[n].0.fixed().or(sides[n].1.or(usual[n]).map(|side| side as usize)));
        let [Some(width), Some(height)] = known else {
            let shown_side = |side: Option<usize>, name: &str| side.map_or(name.to_owned(), |side| side.to_string());
            let (width, height) = (shown_side(known[0], "WIDTH"), shown_side(known[1], "HEIGHT"));
            return Err(Error::config(format!(
                "the model '{shown}' takes pictures of any size, and does not say which size it was trained with: {} {dims}",
                input.name
            ))
            .hint(format!("Say it with --size {width}x{height}. Most classifiers were trained with 224x224.")));
        };
        if let Some((dim, said)) =
            sides.into_iter().find_map(|(dim, said)| dim.fixed().zip(said).filter(|(dim, said)| dim != &(*said as usize)))
        {
            return Err(Error::config(format!(
                "the model '{shown}' takes pictures of {width} x {height} pixels: its side of {dim} cannot be {said}"
            ))
            .hint("A size is for models that leave it free."));
        }
        if [width, height].iter().any(|side| !(1..=SIDE as usize).contains(side)) {
            return Err(Error::config(format!("the model '{shown}' takes a picture of {width} x {height} pixels"))
                .hint(format!("Sides of 1 to {SIDE} are taken.")));
        }
        Ok((width, height))
    }

    fn not_a_picture(&self) -> Error {
        let Self { input, dims, shown } = self;
        Error::config(format!("the model '{shown}' has an input of shape {dims}: {}", input.name)).hint(
            "A picture is wanted: [batch, channels, height, width], [batch, height, width, channels], or either without a batch; \
             with 1 (gray), 3 (RGB) or 4 channels.",
        )
    }
}
