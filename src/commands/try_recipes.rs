//! `glimpsed classify --try`: the usual recipes side by side, for a person who knows what is in the pictures.
//!
//! Nothing is chosen here: the wrong recipe is often the more confident one.

use super::format::format;
use super::{classify, picture, recipes};
use crate::capture;
use crate::cli::Classify;
use crate::error::{Error, Result};
use crate::frame::Frame;
use crate::prediction::Score;
use crate::preprocess::Preprocessor;
use crate::printable::line as on_one_line;
use crate::publish::{Format, write_all, write_text};
use crate::runtime::Infer;
use crate::startup::{self, OpenModel};
use crate::system::signals::Stop;
use crate::tensor::Tensor;
use serde_json::json;
use std::fmt::Write;
use std::fs::File;

/// One recipe: its flags, and what it makes of a picture.
struct Tried {
    flags: String,
    words: String,
    /// Why it cannot be, or how a picture becomes the input.
    preprocessor: Result<Preprocessor>,
}

impl Tried {
    fn new(tried: recipes::Tried, opened: &OpenModel) -> Self {
        let recipes::Tried { flags, words, params } = tried;
        Self { flags, words, preprocessor: params.map(|params| Preprocessor::new(&opened.model.input, &params)) }
    }
}

/// Tells, for each picture, what each recipe makes of it. One that cannot be read is reported and left out; the exit status says so at the
/// end.
pub fn run(args: &Classify, mut out: File, stop: &Stop) -> Result<()> {
    let opening = stop.opening();
    let opened = startup::model(args.settings()?)?;
    let mut session = opened.session_on(opened.settings.runtime.provider)?;
    capture::start_gstreamer()?;
    drop(opening);
    let mut tried: Vec<_> = recipes::usual(&opened).into_iter().map(|tried| Tried::new(tried, &opened)).collect();
    let format = format(&args.output, &out);
    let (mut failed, mut begun) = (0, 0);
    for path in args.images.iter().take_while(|_| !stop.requested()) {
        begun += 1;
        let shown = path.display().to_string();
        let told = |error: Error| Error::failed(format!("cannot classify '{shown}'")).because(error);
        match picture::first(path, args.turn(), stop).map_err(told) {
            Ok(frame) => side_by_side(&shown, &frame, &mut tried, &opened, session.as_mut(), format, &mut out)?,
            Err(error) if args.images.len() == 1 => return Err(error),
            Err(error) => {
                tracing::error!("{error}");
                failed += 1;
            }
        }
    }
    classify::ended(args.images.len(), failed, args.images.len() - begun)
}

/// Writes what each recipe makes of `frame`, which messages call `shown`.
fn side_by_side(
    shown: &str,
    frame: &Frame,
    tried: &mut [Tried],
    opened: &OpenModel,
    session: &mut dyn Infer,
    format: Format,
    out: &mut File,
) -> Result<()> {
    let OpenModel { settings, model, labels, .. } = opened;
    let (mut ranker, mut best) = (opened.ranker(), Vec::new());
    let (mut input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    let (mut text, mut lines) = (format!("{}\n", on_one_line(shown)), String::new());
    for Tried { flags, words, preprocessor } in tried {
        let said = match preprocessor {
            Ok(preprocessor) => {
                preprocessor.run(frame, &mut input);
                session.infer(&input, &mut output)?;
                ranker.rank(&output, settings.top.min(3), &mut best)?;
                let classes: Vec<_> = best
                    .iter()
                    .map(|score| json!({"index": score.index, "label": labels.name(score.index), "confidence": score.confidence}))
                    .collect();
                let line = json!({"source": shown, "recipe": words, "flags": flags, "classifications": classes});
                // a string takes whatever is written to it
                let _ = writeln!(lines, "{line}");
                let said = |score: &Score| format!("{:.0} % {}", score.confidence * 100.0, on_one_line(labels.name(score.index)));
                best.iter().map(said).collect::<Vec<_>>().join(", ")
            }
            Err(error) => {
                let why = error.what();
                let _ = writeln!(lines, "{}", json!({"source": shown, "recipe": words, "flags": flags, "refused": why}));
                format!("refused: {}", on_one_line(&why))
            }
        };
        let _ = writeln!(text, "  {words:<24} {said}\n{:26} {flags}", "");
    }
    match format {
        Format::Json => write_all(out, lines.as_bytes()),
        Format::Text => write_text(out, &text),
    }
}
