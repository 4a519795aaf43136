//! `unchanged`: the last answer stands while the model's input stays nearly the same.

use crate::preprocess::is_similar;
use crate::tensor::Tensor;

/// The input and the output of a stream's latest run of the model. It is not compared with the frame before: a slow change adds up.
pub struct Still {
    /// By how much of its range the input may differ.
    share: f64,
    /// The picture that was run, before quantization: RGB RGB.
    pixels: Vec<u8>,
    output: Option<Tensor>,
}

impl Still {
    /// The answer stands while the input differs by less than `share` of its range.
    pub fn new(share: f64) -> Self {
        Self { share, pixels: Vec::new(), output: None }
    }

    /// The output of the latest run, if the input `pixels`, of `width` columns, is nearly the same as then.
    pub fn output(&self, pixels: &[u8], width: usize) -> Option<&Tensor> {
        self.output.as_ref().filter(|_| is_similar(&self.pixels, pixels, width, self.share))
    }

    /// Records a run of the model. Its memory is reused.
    pub fn ran(&mut self, pixels: &[u8], output: &Tensor) {
        self.pixels.clear();
        self.pixels.extend_from_slice(pixels);
        match &mut self.output {
            Some(kept) => kept.copy_from(output),
            None => self.output = Some(output.clone()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Classifier;
    use crate::error::Result;
    use crate::frame::{Frame, OwnedPixels, Picture, PixelFormat};
    use crate::labels::Labels;
    use crate::model::builtin;
    use crate::preprocess;
    use crate::runtime::{Execution, Infer};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU8, Ordering};

    /// Whose best class is the number of its runs.
    struct Counting(Arc<AtomicU8>, Execution);

    impl Infer for Counting {
        fn infer(&mut self, _: &Tensor, output: &mut Tensor) -> Result<()> {
            let runs = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            let Tensor::U8(logits) = output else { unreachable!("the built-in model gives uint8") };
            logits.fill(0);
            logits[usize::from(runs)] = 255;
            Ok(())
        }

        fn execution(&self) -> &Execution {
            &self.1
        }
    }

    fn gray(level: u8) -> Frame {
        Frame::new(Picture::new(PixelFormat::Gray8, 64, 48), OwnedPixels(vec![(vec![level; 64 * 48], 64)])).unwrap()
    }

    #[test]
    fn the_answer_of_a_stream_stands_until_its_input_has_changed_since_that_run() {
        let (model, runs) = (builtin().unwrap(), Arc::new(AtomicU8::new(0)));
        let counting = Counting(runs.clone(), Execution { provider: "CPU", detail: "a fake".into(), nodes: None });
        let labels = Labels::numbered(model.output.classes);
        let mut classifier = Classifier::new(&model, labels, Box::new(counting), &preprocess::Params::default(), 1);
        let (mut front, mut back) = (Still::new(0.01), Still::new(0.01));
        let mut prediction = classifier.blank("test");
        let mut answer = |still: Option<&mut Still>, level| {
            classifier.slot().prepare(&gray(level), None).unwrap();
            classifier.finish(still, &mut prediction).unwrap();
            (prediction.top[0].index, prediction.reused, prediction.timing.inference.is_zero())
        };
        assert_eq!(answer(Some(&mut front), 100), (1, false, false), "nothing to reuse");
        assert_eq!(answer(Some(&mut back), 100), (2, false, false), "another stream");
        assert_eq!(answer(Some(&mut front), 102), (1, true, true));
        assert_eq!(answer(Some(&mut front), 103), (3, false, false), "a slow change adds up");
        assert_eq!(answer(Some(&mut front), 101), (3, true, true));
        assert_eq!(answer(Some(&mut back), 101), (2, true, true));
        assert_eq!(answer(None, 101), (4, false, false), "without the setting");
        assert_eq!(runs.load(Ordering::Relaxed), 4);
    }
}
