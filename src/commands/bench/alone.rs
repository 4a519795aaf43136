//! Separate measurements: the inference, each stage on one frame, and the source.

use super::usage::cpu;
use crate::capture::{self, drain};
use crate::commands::line;
use crate::error::{Error, Result};
use crate::event::{Event, Publisher};
use crate::frame::Frame;
use crate::model::Model;
use crate::preprocess::Preprocessor;
use crate::publish::{Format, Stdout};
use crate::runtime::{Execution, Infer};
use crate::startup::OpenModel;
use crate::stats::Durations;
use crate::system::signals::Stop;
use crate::tensor::Tensor;
use std::fs::File;
use std::time::{Duration, Instant};

/// A model that only sleeps, which simulates an NPU from the CPU's point of view.
pub struct Sleeping {
    time: Duration,
    execution: Execution,
}

impl Sleeping {
    pub fn new(time: Duration) -> Self {
        Self { time, execution: Execution { provider: "CPU", detail: format!("nothing: {time:?} of sleep"), nodes: None } }
    }
}

impl Infer for Sleeping {
    fn infer(&mut self, _: &Tensor, _: &mut Tensor) -> Result<()> {
        std::thread::sleep(self.time);
        Ok(())
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

/// Runs the session repeatedly on a prepared tensor.
pub struct Floor {
    pub times: Durations,
    pub rate: f64,
    /// Processor time of one run.
    pub cpu_ms: f64,
}

impl Floor {
    pub fn measure(model: &Model, session: &mut dyn Infer, time: Duration) -> Result<Self> {
        let (input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
        // the first runs are the warm-up
        (0..3).try_for_each(|_| session.infer(&input, &mut output))?;
        let (mut times, start, before) = (Durations::default(), Instant::now(), cpu()?);
        while start.elapsed() < time {
            let begin = Instant::now();
            session.infer(&input, &mut output)?;
            times.record(begin.elapsed());
        }
        let (runs, used) = (times.count() as f64, cpu()? - before);
        Ok(Self { rate: runs / start.elapsed().as_secs_f64(), cpu_ms: used / runs * 1e3, times })
    }
}

/// The stages other than the inference, each repeated on the same frame.
#[derive(Default)]
pub struct Stages {
    pub preprocess: Durations,
    pub rank: Durations,
    /// Writes a JSON line to /dev/null.
    pub publish: Durations,
}

impl Stages {
    pub fn measure(frame: &Frame, opened: &OpenModel, time: Duration) -> Result<Self> {
        let OpenModel { model, settings, recipe, .. } = opened;
        let mut preprocessor = Preprocessor::new(&model.input, &recipe.params());
        let mut ranker = opened.ranker();
        let (mut input, output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
        let mut result = opened.classifier_of(Box::new(Sleeping::new(Duration::ZERO))).blank("camera0");
        let (mut stages, mut nowhere, start) = (Self::default(), nowhere()?, Instant::now());
        preprocessor.run(frame, &mut input);
        while start.elapsed() < time {
            timed(&mut stages.preprocess, || preprocessor.run(frame, &mut input));
            timed(&mut stages.rank, || ranker.rank(&output, settings.top, &mut result.top))?;
            timed(&mut stages.publish, || nowhere.handle(&Event::result(&result)))?;
        }
        Ok(stages)
    }
}

fn timed<T>(durations: &mut Durations, work: impl FnOnce() -> T) -> T {
    let begin = Instant::now();
    let done = work();
    durations.record(begin.elapsed());
    done
}

/// One frame of `source`.
pub fn frame_of(source: &str, stop: &Stop) -> Result<Frame> {
    line::first(&capture::Params::new(source), stop)?.ok_or_else(|| Error::failed("the source delivered no frame"))
}

/// Output to /dev/null.
pub fn nowhere() -> Result<Stdout> {
    let null = File::options().write(true).open("/dev/null");
    Ok(Stdout::new(null.map_err(|e| Error::failed("cannot open /dev/null").because(e))?, Format::Json))
}

/// The processor time per frame of live sources whose frames are discarded, in milliseconds.
pub fn source_cpu_ms(source: &str, cameras: usize, time: Duration) -> Result<f64> {
    let mut before = Ok(0.0);
    let frames = drain(source, cameras, time, || before = cpu())?;
    Ok((cpu()? - before?) / frames.max(1) as f64 * 1e3)
}
