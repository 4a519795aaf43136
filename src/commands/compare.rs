//! `glimpsed compare`: the same pictures on the CPU and on the NPU, side by side.

use super::{line, picture as files};
use crate::capture::{self, Turn};
use crate::cli::Compare;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::labels::Labels;
use crate::npu::NAME;
use crate::postprocess::Ranker;
use crate::prediction::{Score, milliseconds};
use crate::preprocess::Preprocessor;
use crate::printable::line as on_one_line;
use crate::publish::{write_all, write_text};
use crate::runtime::{Infer, Provider};
use crate::startup::{self, OpenModel};
use crate::stats::Durations;
use crate::system::signals::Stop;
use crate::tensor::{Tensor, TensorSpec};
use crate::terminal::column;
use serde_json::{Value, json};
use std::fmt::Write;
use std::fs::File;
use std::path::Path;
use std::time::Instant;

/// What is compared where nobody gives pictures.
const TEST_PICTURES: [&str; 6] = ["smpte", "snow", "ball", "pinwheel", "blue", "gradient"];

/// Columns of a class on the CPU, before that on the NPU.
const COLUMN: usize = 36;

/// One side of it.
struct Side {
    session: Box<dyn Infer>,
    output: Tensor,
    best: Vec<Score>,
    times: Durations,
}

impl Side {
    fn open(opened: &OpenModel, provider: Provider) -> Result<Self> {
        let output = Tensor::zeros(&opened.model.output.tensor);
        Ok(Self { session: opened.session_on(provider)?, output, best: Vec::new(), times: Durations::default() })
    }

    /// Runs the model, twice: the first time is the warm-up of this picture.
    fn infer(&mut self, input: &Tensor, ranker: &mut Ranker, top: usize) -> Result<()> {
        self.session.infer(input, &mut self.output)?;
        let start = Instant::now();
        self.session.infer(input, &mut self.output)?;
        self.times.record(start.elapsed());
        let provider = self.session.execution().provider;
        ranker
            .rank(&self.output, top, &mut self.best)
            .map_err(|error| Error::failed(format!("no answer of {provider}")).because(error))
    }
}

/// Compares them; the report goes to `out`.
pub fn run(args: &Compare, mut out: File, stop: &Stop) -> Result<()> {
    let opening = stop.opening();
    let opened = startup::model(args.settings()?)?;
    let mut cpu = Side::open(&opened, Provider::Cpu)?;
    let mut npu = Side::open(&opened, opened.settings.runtime.provider)?;
    let mut ranker = opened.ranker();
    let OpenModel { settings, model, labels, recipe, .. } = opened;
    capture::start_gstreamer()?;
    drop(opening);
    if npu.session.execution().provider == "CPU" {
        return Err(Error::failed("there is nothing to compare: the model does not run on the NPU at all"));
    }
    let mut preprocessor = Preprocessor::new(&model.input, &recipe.params());
    let mut input = Tensor::zeros(&model.input.tensor);
    let (mut rows, mut largest, mut agreed) = (Vec::new(), 0.0_f32, 0);
    for (name, frame) in pictures(args, stop) {
        let frame = frame?;
        preprocessor.run(&frame, &mut input);
        cpu.infer(&input, &mut ranker, settings.top)?;
        npu.infer(&input, &mut ranker, settings.top)?;
        let difference = largest_difference(&cpu.output, &npu.output, &model.output.tensor);
        largest = largest.max(difference);
        let same = cpu.best.first().map(|score| score.index) == npu.best.first().map(|score| score.index);
        agreed += usize::from(same);
        if !args.json {
            write_text(&mut out, &picture(&name, &cpu.best, &npu.best, &labels, difference))?;
        }
        rows.push(json!({
            "picture": name, "same_top1": same, "largest_logit_difference": difference,
            "cpu": classes(&cpu.best, &labels), "npu": classes(&npu.best, &labels),
        }));
        if stop.requested() {
            break;
        }
    }
    let (count, execution) = (rows.len(), npu.session.execution());
    let times = [("cpu", &cpu.times), ("npu", &npu.times)]
        .map(|(side, times)| (side, milliseconds(times.percentile(50.0)), milliseconds(times.percentile(99.0))));
    if args.json {
        let times: Vec<_> = times.iter().map(|(side, p50, p99)| json!({"side": side, "p50_ms": p50, "p99_ms": p99})).collect();
        let report = json!({
            "model": model.name, "npu": execution.detail, "pictures": rows, "same_top1": agreed,
            "largest_logit_difference": largest, "inference": times,
        });
        write_all(&mut out, format!("{report}\n").as_bytes())
    } else {
        let [(_, cpu50, cpu99), (_, npu50, npu99)] = times;
        let text = format!(
            "{} on {}\n  the same top-1 in {agreed} of {count} pictures; largest difference of a logit {largest:.4}\n  \
             inference: CPU p50 {cpu50:.2} ms, p99 {cpu99:.2} ms; {NAME} p50 {npu50:.2} ms, p99 {npu99:.2} ms\n",
            on_one_line(&model.name),
            on_one_line(&execution.detail)
        );
        write_text(&mut out, &text)
    }
}

/// The pictures, by their names.
fn pictures<'a>(args: &'a Compare, stop: &'a Stop) -> Box<dyn Iterator<Item = (String, Result<Frame>)> + 'a> {
    if args.images.is_empty() {
        return Box::new(TEST_PICTURES.iter().map(move |pattern| {
            let caps = "video/x-raw,format=NV12,width=640,height=480";
            let text = format!("videotestsrc num-buffers=1 pattern={pattern} ! {caps} ! appsink name=frames");
            let frame = line::first(&capture::Params::new(&text), stop).and_then(|frame| frame.ok_or_else(files::none));
            ((*pattern).to_owned(), frame)
        }));
    }
    Box::new(args.images.iter().map(move |path| (path.display().to_string(), file(path, stop))))
}

fn file(path: &Path, stop: &Stop) -> Result<Frame> {
    let told = |error: Error| Error::failed(format!("cannot compare '{}'", path.display())).because(error);
    files::first(path, Turn::default(), stop).map_err(told)
}

/// The largest difference of two outputs, in the model's own units.
fn largest_difference(one: &Tensor, other: &Tensor, spec: &TensorSpec) -> f32 {
    let numbers = |tensor: &Tensor| {
        let mut numbers = Vec::new();
        tensor.reals(spec.quantization, spec.len(), &mut numbers);
        numbers
    };
    numbers(one).iter().zip(numbers(other)).map(|(one, other)| (one - other).abs()).fold(0.0, f32::max)
}

fn classes(best: &[Score], labels: &Labels) -> Vec<Value> {
    best.iter()
        .map(|score| json!({"index": score.index, "label": labels.name(score.index), "confidence": score.confidence}))
        .collect()
}

fn picture(name: &str, cpu: &[Score], npu: &[Score], labels: &Labels, difference: f32) -> String {
    let mut text =
        format!("{}  (largest difference of a logit {difference:.4})\n  {:<COLUMN$}  {}\n", on_one_line(name), "CPU", NAME);
    let said = |score: &Score| format!("{:5.1} %  {}", score.confidence * 100.0, on_one_line(labels.name(score.index)));
    for (cpu, npu) in cpu.iter().zip(npu) {
        let sign = if cpu.index == npu.index { " " } else { "≠" };
        // a string takes whatever is written to it
        let _ = writeln!(text, "{sign} {}  {}", column(&said(cpu), COLUMN), said(npu));
    }
    text
}
