//! The grammar of `glimpsed evaluate`.

use super::flag_sets::{Evaluated, Orientation};
use super::flags::{FlagArgs, Reader};
use super::help;
use crate::capture::Turn;
use crate::config::{self, ModelSettings};
use crate::error::{Error, Result};
use crate::runtime::Provider;
use clap::Args;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// `glimpsed evaluate`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  glimpsed evaluate --model m.onnx photos/                         photos/cat/1.jpg, photos/dog/2.jpg, ...
  glimpsed evaluate --model m.onnx --labels l.txt val.csv          cat/1.jpg,cat on each line
  glimpsed evaluate --model m.onnx --try photos/                   which recipe is right?
  glimpsed evaluate --model m.onnx --provider cpu,qnn photos/      is the NPU as good as the CPU?

A folder has the name of its class (case does not count, _ stands for a space), its number, or its WordNet id if the labels are a
synset_words.txt. A list has path and label on each line: CSV, also with titles, tabs or semicolons, or JSON lines. Paths are relative
to the list. Of a film the first picture counts.

Calibration error: by how much confidence and accuracy differ, on average over ten ranges of confidence (ECE); 0 is best.

Pictures that cannot be read are told and left out, and the exit status is 1 then; the report comes all the same, also after Ctrl-C.")]
pub struct Evaluate {
    /// A folder with one folder for each class, or a CSV or JSON-lines file of path and label
    #[arg(value_name = "FOLDER")]
    pub data: PathBuf,
    /// The model
    #[command(flatten)]
    pub model: FlagArgs<Evaluated>,
    /// Evaluates the usual recipes side by side, with the flags of each
    #[arg(long = "try", help_heading = help::MODEL)]
    pub try_recipes: bool,
    /// Where the model runs; several are evaluated side by side: cpu,qnn [default: cpu]
    #[arg(long = "provider", value_name = "PROVIDER,...", value_delimiter = ',', value_parser = Reader::of("execution", "provider"), help_heading = help::NPU)]
    provider: Vec<OsString>,
    /// How pictures are made upright
    #[command(flatten)]
    pub turn: FlagArgs<Orientation>,
    /// One JSON object instead of text
    #[arg(long, help_heading = help::OUTPUT)]
    pub json: bool,
}

impl Evaluate {
    /// The settings of the model; its provider is the first that is named.
    pub fn settings(&self) -> Result<ModelSettings> {
        match self.provider.first() {
            Some(first) => self.on(first),
            None => config::model_of_flags(&self.model.flags),
        }
    }

    fn on(&self, provider: &OsStr) -> Result<ModelSettings> {
        config::model_of_flags(&self.model.flags.clone().with("execution", "provider", "--provider", provider))
    }

    /// What the model runs on: one, or several to compare.
    pub fn providers(&self) -> Result<Vec<Provider>> {
        let mut providers = Vec::new();
        for name in &self.provider {
            let provider = self.on(name)?.runtime.provider;
            if providers.contains(&provider) {
                return Err(Error::usage(format!("--provider names {} twice", name.display())));
            }
            providers.push(provider);
        }
        match providers.len() {
            0 => Ok(vec![self.settings()?.runtime.provider]),
            1 => Ok(providers),
            _ if self.try_recipes => Err(Error::usage("--try compares recipes on one provider, and --provider names several")),
            _ => Ok(providers),
        }
    }

    /// The orientation of pictures.
    pub fn turn(&self) -> Turn {
        config::turn_of_flags(&self.turn.flags)
    }
}
