//! `glimpsed compile`: a model built for the NPU ahead of time, for machines without a compiler or without the time.

use super::modelinfo;
use crate::cli::Compile;
use crate::error::{Error, Result};
use crate::model::{Model, Source, metadata};
use crate::printable::line;
use crate::publish::write_text;
use crate::runtime;
use crate::startup::{self, OpenModel};
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// The file that `run --model` takes.
const GRAPH: &str = "model.onnx";

/// Builds it into a folder of its own, with all that belongs to it.
pub fn run(args: &Compile, mut out: File) -> Result<()> {
    let OpenModel { settings, model, labels, recipe, .. } = startup::model(args.settings()?)?;
    if let Some(file) = &args.fix_shapes {
        return fix_shapes(&model, file, &mut out);
    }
    let Some(folder) = &args.output else { return Err(Error::usage("--output names no folder")) };
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write to '{}'", folder.display())).because(e);
    fs::create_dir_all(folder).map_err(cannot)?;
    let graph = folder.join(GRAPH);
    if graph.exists() {
        return Err(Error::config(format!("'{}' is there already", graph.display()))
            .hint("QNN does not write over a context. Take it away, or choose another folder with --output."));
    }
    let start = Instant::now();
    runtime::compile(&model, &settings.runtime, &graph)?;
    let took = start.elapsed();
    fs::write(folder.join("metadata.json"), metadata::describe(&model, GRAPH)).map_err(cannot)?;
    // the graph's first nodes and the files of its folder are not there any more
    fs::write(folder.join(format!("{GRAPH}.modelinfo")), modelinfo::text(&model, &recipe)).map_err(cannot)?;
    let names: Vec<_> = (0..labels.len()).map(|index| labels.name(index)).collect();
    if labels.origin().is_some() {
        fs::write(folder.join("labels.txt"), names.join("\n") + "\n").map_err(cannot)?;
    }
    // what was written must be a model for us
    Model::read(&graph)?;
    let size: u64 =
        fs::read_dir(folder).map_err(cannot)?.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum();
    let text = format!(
        "{}: all {} nodes built for the NPU in {took:.1?}, {size} bytes in '{}'\n  glimpsed run --provider qnn --model {} ...\n",
        line(&model.name),
        model.nodes(),
        line(&folder.display().to_string()),
        line(&graph.display().to_string())
    );
    write_text(&mut out, &text)
}

/// Writes the ONNX file of `model` to `file`, with fixed shapes.
fn fix_shapes(model: &Model, file: &Path, out: &mut File) -> Result<()> {
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write '{}'", file.display())).because(e);
    let folder = |path: &Path| std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned));
    let original = if let Source::File(path) = &model.source { folder(path) } else { None };
    if !model.files.is_empty() && original != folder(file) {
        return Err(Error::config(format!("the weights of the model '{}' are in files of their own", model.name))
            .hint("They are looked for in the folder of the ONNX file: name a file there."));
    }
    // a file that is there stays: it may be the model itself
    let mut written = File::create_new(file).map_err(cannot)?;
    written.write_all(&model.changed(true)?).map_err(cannot)?;
    // what was written must be a model for us
    let fixed = Model::read(file)?;
    let shape = &fixed.input.tensor.shape;
    let text = format!(
        "{}: input {} {shape:?}, in '{}'\n",
        line(&model.name),
        line(&fixed.input.tensor.name),
        line(&file.display().to_string())
    );
    write_text(out, &text)
}
