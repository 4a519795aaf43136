//! An NPU that fails during inference. Every run on the emulator takes longer than a microsecond, so the time limit terminates each.

use crate::common;
use glimpsed::error::{Kind, Result};
use glimpsed::model::Model;
use glimpsed::runtime::{self, Infer, Params, Patience, Provider};
use glimpsed::tensor::Tensor;
use std::time::Duration;

/// A session whose runs on the NPU all exceed the time limit, and which is given up after the third.
fn late(model: &Model, provider: Provider) -> Box<dyn Infer> {
    let patience = Patience { first: Duration::ZERO, most: Duration::ZERO, failures: 3, background: Duration::from_secs(3600) };
    let params = Params { run_timeout: Some(Duration::from_micros(1)), patience, ..common::runtime_params(provider) };
    runtime::open(model, &params).unwrap()
}

/// The result of one run on a zero input.
fn run(session: &mut dyn Infer, model: &Model) -> Result<Tensor> {
    let mut output = Tensor::zeros(&model.output.tensor);
    session.infer(&Tensor::zeros(&model.input.tensor), &mut output).map(|()| output)
}

#[test]
fn a_run_that_takes_too_long_costs_its_frame_and_too_many_end_the_session() {
    let Some(_) = common::qnn_dir() else { return };
    let model = glimpsed::model::builtin().unwrap();
    let mut session = late(&model, Provider::Qnn);
    for failed in [Kind::Passing, Kind::Passing, Kind::Failed] {
        let error = run(session.as_mut(), &model).unwrap_err();
        assert!(error.kind() == failed && error.to_string().contains("it took longer than"), "{error}");
    }
}

#[test]
fn the_cpu_takes_over_and_gives_its_own_answer() {
    let Some(_) = common::qnn_dir() else { return };
    let model = glimpsed::model::builtin().unwrap();
    let mut session = late(&model, Provider::Auto);
    assert_eq!(session.execution().provider, "QNN");
    for _ in 0..3 {
        assert_eq!(run(session.as_mut(), &model).unwrap_err().kind(), Kind::Passing);
    }
    let answer = run(session.as_mut(), &model).unwrap();
    assert_eq!(session.execution().provider, "CPU");
    let mut cpu = runtime::open(&model, &common::runtime_params(Provider::Cpu)).unwrap();
    assert_eq!(answer, run(cpu.as_mut(), &model).unwrap());
}
