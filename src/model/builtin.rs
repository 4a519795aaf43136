//! The built-in model, which classifies GStreamer's test pictures. Its model card is `models/testcard/README.md`.

use super::classifier::{Model, Reading, Source};
use crate::error::Result;
use crate::labels::Labels;
use bytes::Bytes;

/// Its name for `--model`.
pub const BUILTIN: &str = "testcard";

const ONNX: &[u8] = include_bytes!("../../models/testcard/testcard.onnx");
const LABELS: &[u8] = include_bytes!("../../models/testcard/labels.txt");

/// The built-in model.
pub fn builtin() -> Result<Model> {
    Model::parse(Bytes::from_static(ONNX), BUILTIN.into(), BUILTIN, Source::Memory(ONNX), &Reading::default())
}

/// Its labels.
pub fn labels() -> Result<Labels> {
    Labels::parse(LABELS, BUILTIN)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::{ElementType, Layout, Quantization, Scores};

    #[test]
    fn has_the_form_of_ai_hub_models() {
        let model = builtin().unwrap();
        assert!(ONNX.len() < 300_000);
        assert_eq!((model.input.tensor.element, model.input.layout), (ElementType::U8, Layout::Nchw));
        assert_eq!(model.input.tensor.shape, [1, 3, 224, 224]);
        assert_eq!(model.input.tensor.quantization, Some(Quantization { scale: 1.0 / 255.0, zero_point: 0 }));
        assert_eq!(model.output.tensor.element, ElementType::U8);
        assert!(model.output.tensor.quantization.is_some() && model.output.scores == Scores::Logits && model.is_quantized());
    }

    #[test]
    fn has_a_label_for_each_class() {
        let labels = builtin().unwrap().labels(None).unwrap();
        assert!(labels.len() >= 16);
        assert_eq!(labels.name(0), "SMPTE color bars");
    }
}
