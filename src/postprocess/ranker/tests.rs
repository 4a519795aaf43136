//! The ranking of a model's numbers.

use super::*;
use crate::tensor::{ElementType, Quantization, TensorSpec};

fn spec(len: usize, quantization: Option<(f32, i32)>, scores: Scores) -> OutputSpec {
    let quantization = quantization.map(|(scale, zero_point)| Quantization { scale, zero_point });
    let tensor = TensorSpec { name: "y".into(), element: ElementType::F32, shape: vec![1, len], quantization };
    OutputSpec { scores, certain: true, ..OutputSpec::logits(tensor, len) }
}

fn best_of(spec: &OutputSpec, output: &Tensor, top: usize) -> Result<Vec<(usize, f32)>> {
    let mut best = vec![Score { index: 9, confidence: 1.0 }];
    let ranked = Ranker::new(spec).rank(output, top, &mut best);
    assert!(ranked.is_ok() || best.is_empty(), "an unusable output leaves no classes of an earlier frame");
    ranked.map(|()| best.into_iter().map(|score| (score.index, score.confidence)).collect())
}

fn try_rank(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Result<Vec<(usize, f32)>> {
    let scores = if softmax { Scores::Probabilities } else { Scores::Logits };
    best_of(&spec(output.len(), quantization, scores), &output, top)
}

fn ranked(output: Tensor, quantization: Option<(f32, i32)>, softmax: bool, top: usize) -> Vec<(usize, f32)> {
    try_rank(output, quantization, softmax, top).unwrap()
}

#[test]
fn each_kind_of_scores_has_its_own_confidences() {
    let of = |scores, values: &[f32]| best_of(&spec(values.len(), None, scores), &Tensor::F32(values.to_vec()), 3).unwrap();
    let logarithms = [0.5_f32.ln(), 0.25_f32.ln(), f32::NEG_INFINITY];
    let near = |got: Vec<(usize, f32)>, wanted: &[(usize, f32)]| {
        assert_eq!(got.len(), wanted.len());
        assert!(got.iter().zip(wanted).all(|(got, wanted)| got.0 == wanted.0 && (got.1 - wanted.1).abs() < 1e-6), "{got:?}");
    };
    near(of(Scores::LogProbabilities, &logarithms), &[(0, 0.5), (1, 0.25), (2, 0.0)]);
    near(of(Scores::Independent, &[0.9, 0.8, 0.1]), &[(0, 0.9), (1, 0.8), (2, 0.1)]);
    near(of(Scores::IndependentLogits, &[0.0, 3.0_f32.ln(), -200.0]), &[(1, 0.75), (0, 0.5), (2, 0.0)]);
    let per_cent = OutputSpec { divisor: 100.0, ..spec(2, None, Scores::Probabilities) };
    near(best_of(&per_cent, &Tensor::F32(vec![25.0, 75.0]), 2).unwrap(), &[(1, 0.75), (0, 0.25)]);
}

#[test]
fn one_probability_stands_for_two_classes() {
    let binary = OutputSpec { classes: 2, values: 1, ..spec(1, None, Scores::Independent) };
    for (positive, wanted) in [(0, [(0, 0.75), (1, 0.25)]), (1, [(1, 0.75), (0, 0.25)])] {
        let mut best = Vec::new();
        Ranker::new(&binary).with_positive(positive).rank(&Tensor::F32(vec![0.75]), 2, &mut best).unwrap();
        assert_eq!(best.iter().map(|score| (score.index, score.confidence)).collect::<Vec<_>>(), wanted);
    }
}

#[test]
fn classes_that_do_not_count_are_left_out_and_the_others_keep_their_probabilities() {
    let spec = spec(3, None, Scores::Probabilities);
    for top in [2, PICKED + 1] {
        let mut best = Vec::new();
        let mut ranker = Ranker::new(&spec).with_mask(Some(vec![true, false, true]));
        ranker.rank(&Tensor::F32(vec![0.125, 0.625, 0.25]), top, &mut best).unwrap();
        assert_eq!(best.iter().map(|score| (score.index, score.confidence)).collect::<Vec<_>>(), [(2, 0.25), (0, 0.125)]);
        assert_eq!(ranker.probabilities(), [0.125, 0.625, 0.25]);
    }
}

#[test]
fn of_a_batch_the_first_row_is_read() {
    let first = OutputSpec { classes: 2, values: 2, ..spec(4, None, Scores::Probabilities) };
    assert_eq!(best_of(&first, &Tensor::F32(vec![0.25, 0.75, 1.0, 0.0]), 5).unwrap(), [(1, 0.75), (0, 0.25)]);
}

#[test]
fn a_first_output_that_sums_to_1_settles_that_it_is_probabilities() {
    let unsaid = OutputSpec { certain: false, ..spec(3, None, Scores::Logits) };
    let (mut ranker, mut best) = (Ranker::new(&unsaid), Vec::new());
    let mut confidence = |values: [f32; 3]| {
        ranker.rank(&Tensor::F32(values.to_vec()), 1, &mut best).unwrap();
        best[0].confidence
    };
    assert_eq!(confidence([0.1, 0.7, 0.2004]), 0.7);
    assert_eq!(confidence([0.0, 0.9, 0.0]), 0.9, "it stays settled");
    // and so are logits, whatever later ones sum to
    let mut ranker = Ranker::new(&unsaid);
    for values in [[2.0, -1.0, 0.0], [0.1, 0.7, 0.2]] {
        ranker.rank(&Tensor::F32(values.to_vec()), 1, &mut best).unwrap();
    }
    assert!(best[0].confidence < 0.5, "{best:?}");
    // what the file or the user says is not questioned, and logits stay logits
    assert!(ranked(Tensor::F32(vec![0.1, 0.7, 0.2]), None, false, 1)[0].1 < 0.5);
    for values in [[0.1, 0.7, 0.3], [-0.1, 0.7, 0.4], [2.0, -1.0, 0.0]] {
        assert!(best_of(&unsaid, &Tensor::F32(values.to_vec()), 1).unwrap()[0].1 != 0.7, "{values:?}");
    }
}

#[test]
fn every_element_type_is_read() {
    use half::f16;
    let halves = Tensor::F16([0.25, 0.75].map(f16::from_f32).to_vec());
    assert_eq!(ranked(halves, None, true, 2), [(1, 0.75), (0, 0.25)]);
    assert_eq!(ranked(Tensor::F64(vec![0.25, 0.75]), None, true, 2), [(1, 0.75), (0, 0.25)]);
    assert_eq!(ranked(Tensor::I16(vec![-64, 64]), Some((1.0 / 256.0, -128)), true, 2), [(1, 0.75), (0, 0.25)]);
    assert_eq!(ranked(Tensor::I32(vec![64, 192]), Some((1.0 / 256.0, 0)), true, 2), [(1, 0.75), (0, 0.25)]);
}

#[test]
fn logits_become_probabilities() {
    let two = ranked(Tensor::F32(vec![0.0, 2.0f32.ln(), 0.0]), None, false, 2);
    assert_eq!((two[0].0, two[1].0), (1, 0));
    assert!((two[0].1 - 0.5).abs() < 1e-6 && (two[1].1 - 0.25).abs() < 1e-6, "{two:?}");
}

#[test]
fn quantized_logits_are_dequantized_first() {
    let unsigned = ranked(Tensor::U8(vec![10, 12]), Some((std::f32::consts::LN_2, 10)), false, 2);
    assert_eq!(unsigned[0].0, 1);
    assert!((unsigned[0].1 - 0.8).abs() < 1e-6, "{unsigned:?}");
    assert_eq!(ranked(Tensor::I8(vec![-128, -126]), Some((std::f32::consts::LN_2, -128)), false, 2), unsigned);
}

#[test]
fn probabilities_of_the_model_stay_as_they_are() {
    assert_eq!(ranked(Tensor::U8(vec![64, 128, 0]), Some((1.0 / 256.0, 0)), true, 2), [(1, 0.5), (0, 0.25)]);
}

#[test]
fn equal_ones_are_ordered_by_index() {
    let best = ranked(Tensor::U8(vec![7, 9, 7, 9, 9, 1]), None, false, 4);
    assert_eq!(best.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 3, 4, 0]);
}

#[test]
fn more_than_there_are_is_all_there_are() {
    assert_eq!(ranked(Tensor::F32(vec![0.25, 0.75]), None, true, 5).len(), 2);
    assert_eq!(ranked(Tensor::F32(vec![0.25, 0.75]), None, true, usize::MAX), [(1, 0.75), (0, 0.25)]);
}

#[test]
fn many_are_in_the_order_of_few() {
    let output = || Tensor::U8((0..200_u32).map(|n| (n * 37 % 50) as u8).collect());
    let (many, few) = (ranked(output(), None, false, PICKED + 1), ranked(output(), None, false, PICKED));
    assert_eq!(many.len(), PICKED + 1);
    assert_eq!(many[..PICKED], few);
}

#[test]
fn what_is_no_number_is_an_error_of_the_frame() {
    for (values, said) in [
        (vec![0.5, f32::NAN, 0.5], "NaN for class 1 (1 of 3 values"),
        (vec![f32::NAN; 3], "NaN for class 0 (3 of 3 values"),
        (vec![0.5, 0.5, f32::INFINITY], "inf for class 2 (1 of 3 values"),
        (vec![f32::NEG_INFINITY; 3], "none of the 3 values is finite"),
    ] {
        for softmax in [false, true] {
            let error = try_rank(Tensor::F32(values.clone()), None, softmax, 3).unwrap_err();
            assert_eq!(error.kind(), Kind::Passing);
            assert!(error.to_string().contains(said), "{error}");
        }
    }
    // a scale that is valid by itself, and overflows when multiplied
    assert!(try_rank(Tensor::U8(vec![0, 255]), Some((3e38, 0)), false, 2).is_err());
}

#[test]
fn an_excluded_class_has_confidence_0() {
    let best = ranked(Tensor::F32(vec![f32::NEG_INFINITY, 1.0, 300.0, f32::NEG_INFINITY]), None, false, 4);
    assert_eq!(best, [(2, 1.0), (0, 0.0), (1, 0.0), (3, 0.0)]);
    assert_eq!(ranked(Tensor::F32(vec![f32::NEG_INFINITY, 0.5]), None, true, 2), [(1, 0.5), (0, 0.0)]);
}

#[test]
fn huge_logits_do_not_overflow() {
    let best = ranked(Tensor::F32(vec![f32::MAX, f32::MIN, f32::MAX]), None, false, 3);
    assert_eq!(best, [(0, 0.5), (2, 0.5), (1, 0.0)]);
}
