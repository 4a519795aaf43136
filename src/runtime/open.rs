//! Opens sessions according to [`Params`], and answers queries about ONNX Runtime and QNN.

use super::infer::Infer;
use super::placement::Coverage;
use super::recovery::{Open, Recovering};
use super::settings::{Params, Provider};
use super::{library, qnn, session};
use crate::error::{Error, Result};
use crate::model::Model;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Opens a session for `model`. One on the NPU is reopened when it fails.
pub fn open(model: &Model, params: &Params) -> Result<Box<dyn Infer>> {
    if let Some(conflict) = params.qnn.conflicts().into_iter().next() {
        return Err(Error::config(conflict));
    }
    if model.is_context() && params.provider == Provider::Cpu {
        return Err(Error::config(format!("the model '{}' is built for the NPU: the CPU cannot run it", model.name))
            .hint("Use --provider qnn, or for the CPU the ONNX file that it was built from."));
    }
    let library = library::load(params.onnxruntime.as_deref())?;
    let alone = library.alone();
    let (session, npu) = match params.provider {
        Provider::Cpu => (session::cpu(library, model, params.threads)?, false),
        Provider::Qnn => (qnn::open(library, model, params)?, true),
        Provider::Auto => match on_npu(library, model, params) {
            Ok(session) => (session, true),
            Err(why) => {
                tracing::warn!("the NPU is not used: {why}\n  The model runs on the CPU. --provider cpu avoids this warning.");
                (session::cpu(library, model, params.threads)?, false)
            }
        },
    };
    tracing::info!("{} runs on {}", model.name, session.execution().detail);
    drop(alone);
    let session = session.within(params.run_timeout)?;
    if !npu {
        return Ok(Box::new(session));
    }
    let again = (model.clone(), params.clone());
    let reopen: Open = Arc::new(move || {
        let (model, params) = &again;
        let _alone = library.alone();
        let session =
            if params.provider == Provider::Qnn { qnn::open(library, model, params) } else { on_npu(library, model, params) };
        Ok(Box::new(session?.within(params.run_timeout)?))
    });
    let (model, threads) = (model.clone(), params.threads);
    let cpu: Open = Arc::new(move || {
        let _alone = library.alone();
        Ok(Box::new(session::cpu(library, &model, threads)?))
    });
    let instead = (params.provider == Provider::Auto).then_some(cpu);
    Ok(Box::new(Recovering::new(Box::new(session), reopen, instead, params.patience)))
}

/// Opens a session on the NPU with all nodes; if that fails and it is allowed, with some of them.
fn on_npu(library: &library::Library, model: &Model, params: &Params) -> Result<session::Session> {
    let why = match qnn::open(library, model, params) {
        Err(why) if params.allow_partial => why,
        strict => return strict,
    };
    tracing::warn!("not all of the model runs on the NPU: {why}");
    qnn::open_partly(library, model, params)
}

/// The shape of the output of `model`, whose file does not declare it: as a session knows it.
pub fn shape_of_output(model: &Model, params: &Params) -> Result<Vec<usize>> {
    let library = library::load(params.onnxruntime.as_deref())?;
    let _alone = library.alone();
    session::shape_of_output(library, model)
}

/// Builds `model` for the NPU, into the file `graph` and its binary in the same folder.
pub fn compile(model: &Model, params: &Params, graph: &Path) -> Result<()> {
    if model.is_context() {
        return Err(Error::config(format!("the model '{}' is already built for the NPU", model.name)));
    }
    let library = library::load(params.onnxruntime.as_deref())?;
    let _alone = library.alone();
    qnn::compile(library, model, params, graph)
}

/// Cycles of each of the model's nodes in a run on the NPU, the slowest first.
pub fn slowest(model: &Model, params: &Params) -> Result<Vec<(String, u64)>> {
    let library = library::load(params.onnxruntime.as_deref())?;
    let _alone = library.alone();
    qnn::slowest(library, model, params)
}

/// The node placement of the model on the NPU, and a description of the QNN that determined it.
pub fn coverage(model: &Model, params: &Params) -> Result<(String, Coverage)> {
    let library = library::load(params.onnxruntime.as_deref())?;
    let _alone = library.alone();
    qnn::coverage(library, model, params).map(|(qnn, coverage)| (qnn.describe(), coverage))
}

/// The path and the version of ONNX Runtime.
pub fn onnxruntime(params: &Params) -> Result<(PathBuf, String)> {
    let library = library::load(params.onnxruntime.as_deref())?;
    let path = library.path.canonicalize().unwrap_or_else(|_| library.path.clone());
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let version = name.split_once(".so.").map_or_else(|| ort::info().to_owned(), |(_, version)| version.to_owned());
    Ok((path, version))
}

/// A description of QNN (form, versions, path), and for each other required library whether it exists.
pub fn qnn_parts(params: &Params) -> Result<(String, Vec<(&'static str, bool)>)> {
    let library = library::load(params.onnxruntime.as_deref())?;
    let qnn = qnn::Qnn::find(library, params.qnn_dir.as_deref())?;
    let parts = qnn::BOARD_PARTS.iter().map(|part| (*part, qnn.folder.join(part).is_file())).collect();
    Ok((qnn.describe(), parts))
}
