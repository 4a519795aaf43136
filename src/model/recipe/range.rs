//! The range of real values of a quantized input.

use super::given::{Given, Origin};
use super::stated::Stated;
use super::values;
use crate::preprocess::Normalize;
use crate::tensor::{ElementType, InputSpec, Quantization};
use std::fmt;

/// The range of real values of an input.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The least.
    pub least: f64,
    /// The greatest.
    pub most: f64,
    /// Whether signed integers are quantized symmetrically: the limit of greater magnitude was measured, and the other is its
    /// negative.
    pub symmetric: bool,
}

impl Range {
    /// The range of the integers of `element`; `None` for floats, and for int32, whose range says nothing.
    pub fn new(element: ElementType, Quantization { scale, zero_point }: Quantization) -> Option<Self> {
        let (least, most) = element.bounds().filter(|_| element != ElementType::I32)?;
        let real = |element: i32| f64::from(element - zero_point) * f64::from(scale);
        Some(Self { least: real(least), most: real(most), symmetric: least < 0 && zero_point == 0 })
    }

    /// The range of `input`; `None` if it has floats, or integers of unknown meaning. Unsigned bytes without a
    /// scale are pixels as they are.
    pub fn of(input: &InputSpec) -> Option<Self> {
        let element = input.tensor.element;
        let pixels = || (element == ElementType::U8).then_some(Quantization { scale: 1.0, zero_point: 0 });
        Self::new(element, input.tensor.quantization.or_else(pixels)?)
    }

    /// The difference between the values of `normalize` and this range, as a share of its width. For a symmetric one only the
    /// greater limit counts.
    pub fn missed_by(&self, normalize: &Normalize) -> f64 {
        let (least, most) = values::reach(normalize);
        if self.symmetric {
            let (wanted, held) = (least.abs().max(most.abs()), self.most.max(-self.least));
            return (wanted - held).abs() / wanted;
        }
        (least - self.least).abs().max((most - self.most).abs()) / (most - least)
    }

    /// The normalization for this range, if exactly one of the known ones fits.
    pub fn stated(&self) -> Stated {
        let mut fitting = self.fitting(0.05);
        let one = fitting.next().filter(|_| fitting.next().is_none());
        let origin = Origin::Graph(format!("its input holds {self}"));
        Stated { normalize: one.map(|known| Given::new(known.normalize, origin)), ..Stated::default() }
    }

    /// The known normalizations that fit within `share`.
    pub fn fitting(&self, share: f64) -> impl Iterator<Item = &'static values::Known> {
        values::KNOWN.iter().filter(move |known| self.missed_by(&known.normalize) <= share)
    }
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let two = |value: f64| values::short((value * 100.0).round() / 100.0);
        write!(f, "{}..{}", two(self.least), two(self.most))
    }
}
