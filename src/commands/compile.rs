//! `glimpsed compile`: a model built for the NPU ahead of time, for machines without a compiler or without the time.

use super::modelinfo;
use crate::cli::Compile;
use crate::config::ModelSettings;
use crate::error::{Error, Result};
use crate::labels::Labels;
use crate::model::{Model, Reading, Source, metadata};
use crate::printable::line;
use crate::publish::write_text;
use crate::runtime;
use crate::startup::{self, OpenModel};
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The file that `run --model` takes.
const GRAPH: &str = "model.onnx";
const METADATA: &str = "metadata.json";
const LABELS: &str = "labels.txt";

/// Builds it into a folder of its own, with all that belongs to it.
pub fn run(args: &Compile, mut out: File) -> Result<()> {
    let opened = startup::model(args.settings()?)?;
    if let Some(file) = &args.fix_shapes {
        return fix_shapes(&opened, file, &mut out);
    }
    let OpenModel { settings, model, labels, .. } = &opened;
    let Some(folder) = &args.folder else { return Err(Error::usage("--folder names no folder")) };
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write to '{}'", folder.display())).because(e);
    fs::create_dir_all(folder).map_err(cannot)?;
    let graph = folder.join(GRAPH);
    if let Some(taken) = taken(folder) {
        return Err(Error::config(format!("'{}' is there already, and is not replaced", taken.display()))
            .hint("Choose another folder with --folder, or move that file away."));
    }
    let start = Instant::now();
    runtime::compile(model, &settings.runtime, &graph)?;
    let took = start.elapsed();
    fs::write(folder.join(METADATA), metadata::describe(model, GRAPH)).map_err(cannot)?;
    // the graph's first nodes and the files of its folder are not there any more
    fs::write(folder.join(format!("{GRAPH}.modelinfo")), modelinfo::text(&opened, false)).map_err(cannot)?;
    if labels.origin().is_some() {
        fs::write(folder.join(LABELS), as_text(labels)).map_err(cannot)?;
    }
    // what was written must be a model for us; an output from inside the graph is its only output now
    let output = settings.output.as_deref().filter(|_| !model.inner);
    Model::read_with(&graph, &Reading { output, ..Reading::default() })?;
    let output = output.map_or(String::new(), |name| format!("--output {} ", line(name)));
    let size: u64 =
        fs::read_dir(folder).map_err(cannot)?.flatten().filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum();
    let text = format!(
        "{}: all {} nodes built for the NPU in {took:.1?}, {size} bytes in '{}'\n  glimpsed run --provider qnn --model {} {output}...\n",
        line(&model.name),
        model.nodes(),
        line(&folder.display().to_string()),
        line(&graph.display().to_string())
    );
    write_text(&mut out, &text)
}

/// A file in `folder` that a compiled model would replace: it may belong to the original model.
fn taken(folder: &Path) -> Option<PathBuf> {
    let info = format!("{GRAPH}.modelinfo");
    [GRAPH, METADATA, LABELS, &info].into_iter().map(|name| folder.join(name)).find(|path| path.exists())
}

/// The names, one a line.
fn as_text(labels: &Labels) -> String {
    (0..labels.len()).map(|index| format!("{}\n", labels.name(index))).collect()
}

/// Writes the ONNX file of the model to `file`, with fixed shapes, and beside it what the files of the original's folder say of it.
fn fix_shapes(opened: &OpenModel, file: &Path, out: &mut File) -> Result<()> {
    let OpenModel { settings, model, labels, .. } = opened;
    let cannot = |e: std::io::Error| Error::failed(format!("cannot write '{}'", file.display())).because(e);
    let folder = |path: &Path| std::path::absolute(path).ok().and_then(|path| path.parent().map(Path::to_owned));
    let original = if let Source::File(path) = &model.source { folder(path) } else { None };
    if !model.files.is_empty() && original != folder(file) {
        return Err(Error::config(format!("the weights of the model '{}' are in files of their own", model.name))
            .hint("They are looked for in the folder of the ONNX file: name a file there."));
    }
    // a file that is there stays: it may be the model itself
    if file.exists() {
        return Err(cannot(ErrorKind::AlreadyExists.into()));
    }
    let info = modelinfo::free_name(file)?;
    let bytes = model.changed(true)?;
    File::create_new(file).and_then(|mut to| to.write_all(&bytes)).map_err(cannot)?;
    // an output from inside the graph is its only output now
    let output = settings.output.clone().filter(|_| !model.inner);
    let settings = ModelSettings { model: file.to_owned(), labels: None, size: None, output, ..settings.clone() };
    let mut text = format!("{}: input {} {:?}", line(&model.name), line(&model.input.tensor.name), model.input.tensor.shape);
    let mut wrote = vec![file.to_owned()];
    let same_classes = startup::model(settings.clone()).is_ok_and(|fixed| as_text(&fixed.labels) == as_text(labels));
    if labels.origin().is_some() && !same_classes {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let names = file.with_file_name(format!("{stem}_labels.txt"));
        File::create_new(&names)
            .and_then(|mut to| to.write_all(as_text(labels).as_bytes()))
            .map_err(|e| Error::failed(format!("cannot write '{}'", names.display())).because(e))?;
        wrote.push(names);
    }
    fs::write(&info, modelinfo::text(opened, false)).map_err(cannot)?;
    wrote.push(info);
    // what was written must be a model for us
    startup::model(settings)?;
    let wrote: Vec<_> = wrote.iter().map(|path| format!("'{}'", line(&path.display().to_string()))).collect();
    let _ = writeln!(text, ", in {}", wrote.join(", "));
    write_text(out, &text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_of_the_folder_is_replaced() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("squeezenet.onnx"), "").unwrap();
        assert_eq!(taken(folder.path()), None);
        for name in ["labels.txt", "metadata.json", "model.onnx", "model.onnx.modelinfo"] {
            let path = folder.path().join(name);
            fs::write(&path, "").unwrap();
            assert_eq!(taken(folder.path()), Some(path.clone()));
            fs::remove_file(path).unwrap();
        }
    }
}
