//! `glimpsed classify`: pictures and films, each frame one result.

use super::format::format;
use super::{line, picture};
use crate::capture;
use crate::cli::Classify;
use crate::engine::Classifier;
use crate::error::{Error, Kind, Result};
use crate::frame::{Crop, Frame};
use crate::message::{self, Borrowed, Repeated};
use crate::npu;
use crate::prediction::{Prediction, milliseconds};
use crate::printable::line as on_one_line;
use crate::publish::{Format, write_all, write_text};
use crate::startup;
use crate::stats::Durations;
use crate::system::signals::Stop;
use std::fmt::Write;
use std::fs::File;
use std::path::Path;

/// Classifies all of them. One that fails is told and left out; the exit status says so at the end.
pub fn run(args: &Classify, mut out: File, stop: &Stop) -> Result<()> {
    let crop = args.crop()?;
    let opening = stop.opening();
    let mut classifier = startup::model(args.settings()?)?.classifier()?;
    capture::start_gstreamer()?;
    drop(opening);
    let format = format(&args.output, &out);
    let (mut failed, mut begun) = (0, 0);
    for image in &args.images {
        if stop.requested() {
            break;
        }
        begun += 1;
        match classify((image, crop), args, &mut classifier, format, &mut out, stop) {
            Err(error) if error.kind() == Kind::NobodyReads || (error.kind() == Kind::Failed && args.images.len() == 1) => {
                return Err(error);
            }
            Err(error) => {
                tracing::error!("{error}");
                failed += 1;
            }
            Ok(()) => {}
        }
    }
    let (all, left) = (args.images.len(), args.images.len() - begun);
    ended(all, failed, left)
}

/// The end of a command for `all` files, of which `failed` could not be classified and `left` were not begun.
pub fn ended(all: usize, failed: usize, left: usize) -> Result<()> {
    match (failed, left) {
        (0, 0) => Ok(()),
        (_, 0) => Err(Error::failed(format!("{failed} of {all} files could not be classified"))),
        (0, _) => Err(Error::failed(format!("interrupted: {left} of {all} files were not classified"))),
        _ => Err(Error::failed(format!("interrupted: {left} of {all} files were not classified, and {failed} could not be"))),
    }
}

fn classify(
    (file, crop): (&Path, Option<Crop>),
    args: &Classify,
    classifier: &mut Classifier,
    format: Format,
    out: &mut File,
    stop: &Stop,
) -> Result<()> {
    let shown = file.display().to_string();
    let told = |error: Error| match error.kind() {
        Kind::NobodyReads => error,
        _ => Error::failed(format!("cannot classify '{shown}'")).because(error),
    };
    let turn = args.turn();
    let picture = picture::read(file, turn).map_err(told)?;
    let mut prediction = classifier.blank(&shown);
    let mut results = 0;
    let mut one = |frame: &Frame| {
        classifier.classify_part(frame, crop, &mut prediction)?;
        let inference = args.repeat.map(|times| repeat(times, classifier, &mut prediction, stop)).transpose()?;
        prediction.seq = results;
        write(&prediction, inference.as_ref(), format, out)?;
        results += 1;
        Ok(())
    };
    if let Some(frame) = picture {
        return one(&frame).map_err(told);
    }
    line::run(&picture::source(file, turn), stop, |frames| {
        while let Some(taken) = frames.recv() {
            one(&taken.frame)?;
            if stop.requested() {
                break;
            }
        }
        Ok(())
    })
    .map_err(told)?;
    if results == 0 && !stop.requested() {
        return Err(told(picture::none()));
    }
    Ok(())
}

/// Runs the model `times` times, or until `stop`, on the frame that was classified last. That run was the warm-up, and does not count.
fn repeat(times: u32, classifier: &mut Classifier, prediction: &mut Prediction, stop: &Stop) -> Result<Repeated> {
    let mut durations = Durations::default();
    for _ in (0..times).take_while(|_| !stop.requested()) {
        durations.record(classifier.repeat(&mut prediction.top)?);
    }
    let [mean, p50, p99] = [durations.mean(), durations.percentile(50.0), durations.percentile(99.0)].map(milliseconds);
    Ok(Repeated { runs: durations.count(), mean_ms: mean, p50_ms: p50, p99_ms: p99 })
}

fn write(prediction: &Prediction, inference: Option<&Repeated>, format: Format, out: &mut File) -> Result<()> {
    match format {
        Format::Json => write_all(out, &message::line(&Borrowed { inference: inference.copied(), ..Borrowed::new(prediction) })),
        Format::Text => write_text(out, &text(prediction, inference)),
    }
}

fn text(prediction: &Prediction, inference: Option<&Repeated>) -> String {
    let mut text = format!("{}\n", on_one_line(&prediction.source));
    for score in &prediction.top {
        let _ = writeln!(text, "  {:5.1} %  {}", score.confidence * 100.0, on_one_line(prediction.labels.name(score.index)));
    }
    let provider = npu::shown(prediction.execution_provider);
    let _ = match inference {
        Some(Repeated { runs, mean_ms, p50_ms, p99_ms }) => {
            writeln!(text, "  inference on {provider}, {runs} runs: mean {mean_ms:.2} ms, p50 {p50_ms:.2} ms, p99 {p99_ms:.2} ms")
        }
        None => writeln!(text, "  inference on {provider}: {:.2} ms", milliseconds(prediction.timing.inference)),
    };
    text
}
