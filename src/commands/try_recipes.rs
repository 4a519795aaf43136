//! `glimpsed classify --try`: the usual recipes side by side, for a person who knows what is in the pictures.
//!
//! Nothing is chosen here: the wrong recipe is often the more confident one.

use super::format::format;
use super::picture;
use crate::capture;
use crate::cli::Classify;
use crate::error::{Error, Result};
use crate::model::recipe::{Given, KNOWN, Origin, Stated};
use crate::prediction::Score;
use crate::preprocess::{Colour, Preprocessor};
use crate::printable::line as on_one_line;
use crate::publish::{Format, write_all, write_text};
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

/// Tells, for each picture, what each recipe makes of it.
pub fn run(args: &Classify, mut out: File, stop: &Stop) -> Result<()> {
    let opening = stop.opening();
    let opened = startup::model(args.settings()?)?;
    let mut session = opened.session_on(opened.settings.runtime.provider)?;
    capture::start_gstreamer()?;
    drop(opening);
    let mut tried = recipes(&opened);
    let OpenModel { settings, model, labels, .. } = &opened;
    let (mut ranker, mut best) = (opened.ranker(), Vec::new());
    let (mut input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
    let json = format(&args.output, &out) == Format::Json;
    for path in args.images.iter().take_while(|_| !stop.requested()) {
        let shown = path.display().to_string();
        let told = |error: Error| Error::failed(format!("cannot classify '{shown}'")).because(error);
        let frame = picture::first(path, args.turn(), stop).map_err(told)?;
        let mut text = format!("{}\n", on_one_line(&shown));
        for recipe in &mut tried {
            let (flags, words) = (&recipe.flags, &recipe.words);
            let preprocessor = match &mut recipe.preprocessor {
                Ok(preprocessor) => preprocessor,
                Err(error) => {
                    let why = error.what();
                    // a string takes whatever is written to it
                    let _ = writeln!(text, "  {words:<24} refused: {}\n{:26} {flags}", on_one_line(&why), "");
                    if json {
                        let line = json!({"source": shown, "recipe": words, "flags": flags, "refused": why});
                        write_all(&mut out, format!("{line}\n").as_bytes())?;
                    }
                    continue;
                }
            };
            preprocessor.run(&frame, &mut input);
            session.infer(&input, &mut output)?;
            ranker.rank(&output, settings.top.min(3), &mut best)?;
            let said = |score: &Score| format!("{:.0} % {}", score.confidence * 100.0, on_one_line(labels.name(score.index)));
            let said: Vec<_> = best.iter().map(said).collect();
            let _ = writeln!(text, "  {words:<24} {}\n{:26} {flags}", said.join(", "), "");
            if json {
                let classes: Vec<_> = best
                    .iter()
                    .map(|score| json!({"index": score.index, "label": labels.name(score.index), "confidence": score.confidence}))
                    .collect();
                let line = json!({"source": shown, "recipe": words, "flags": flags, "classifications": classes});
                write_all(&mut out, format!("{line}\n").as_bytes())?;
            }
        }
        if !json {
            write_text(&mut out, &text)?;
        }
    }
    Ok(())
}

/// The recipe in force, then the usual ones that differ from it.
fn recipes(opened: &OpenModel) -> Vec<Tried> {
    let OpenModel { model, recipe, .. } = opened;
    let mut set = Stated::of_settings(&opened.settings.preprocess);
    let of = |flags: String, words: String, set: Stated| {
        let preprocessor = model.recipe(set).map(|settled| Preprocessor::new(&model.input, &settled.recipe.params()));
        Tried { flags, words, preprocessor }
    };
    let mut tried = vec![of(String::new(), "the recipe in force".into(), set.clone())];
    for known in KNOWN.iter().filter(|known| known.normalize != recipe.normalize.value) {
        set.normalize = Some(Given::new(known.normalize, Origin::Flag));
        tried.push(of(format!("--normalize {}", known.name), known.words.into(), set.clone()));
    }
    let swapped = if recipe.colour.value == Colour::Bgr { ("rgb", Colour::Rgb) } else { ("bgr", Colour::Bgr) };
    set.normalize = Some(recipe.normalize.clone());
    set.colour = Some(Given::new(swapped.1, Origin::Flag));
    tried.push(of(format!("--colour {}", swapped.0), format!("{} instead", swapped.0.to_uppercase()), set));
    tried
}
