//! Opens sessions on the NPU: strict ones, and ones that may run some nodes, counted, on the CPU.
#![allow(clippy::result_large_err)] // ort's error contains the builder

use super::super::infer::Execution;
use super::super::library::Library;
use super::super::ort_log;
use super::super::placement::Coverage;
use super::super::session::Session;
use super::super::settings::Params;
use super::attempt::Attempt;
use super::libraries::{EP, Qnn};
use crate::error::{Error, Kind, Result};
use crate::model::Model;
use crate::npu;
use ort::logging::LogLevel;
use std::path::Path;

/// Whether the CPU may run nodes that the NPU does not support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fallback {
    /// Every node on the NPU, otherwise an error.
    Forbidden,
    /// Nodes that the NPU does not support run on the CPU, and are counted.
    Counted,
}

/// Opens a session with every node on the HTP.
pub fn open(library: &Library, model: &Model, params: &Params) -> Result<Session> {
    if let Some(obstacle) = model.npu_obstacle() {
        return Err(Error::config(format!("the model '{}' cannot run on the NPU", model.name)).hint(obstacle));
    }
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    session(library, &qnn, model, params, Fallback::Forbidden).map(|(session, _)| session).map_err(|error| {
        let hint = "Part of the model does not run on the NPU, or the NPU's libraries cannot be loaded; the lines above say which.\n\
                    --provider auto continues on the CPU, --provider cpu does not try the NPU.";
        // a strict session does not report which nodes failed: one with fallback does
        match session(library, &qnn, model, params, Fallback::Counted) {
            // the NPU works but does not support some operators: retrying does not help
            Ok((_, Some(coverage))) if coverage.npu > 0 => {
                error.of_kind(Kind::Config).hint(format!("{coverage}.\n--provider auto with --allow-partial accepts that; `glimpsed inspect --provider qnn` lists each operator."))
            }
            _ => error.hint(hint),
        }
    })
}

/// Opens a session with the nodes that the HTP supports on the NPU and the rest on the CPU; an error if it supports none.
pub fn open_partly(library: &Library, model: &Model, params: &Params) -> Result<Session> {
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    let (mut session, coverage) = session(library, &qnn, model, params, Fallback::Counted)?;
    let coverage = coverage.ok_or_else(|| Error::failed("ONNX Runtime does not report node placements"))?;
    if coverage.npu == 0 {
        return Err(Error::failed(format!("no node of the model '{}' runs on the NPU", model.name))
            .hint("It is a floating-point model, or the NPU's libraries cannot be loaded: -vv shows QNN's log."));
    }
    session.set_execution(Execution {
        provider: "QNN",
        detail: format!("the {}, QNN HTP, and the CPU: {coverage}", npu::NAME),
        nodes: Some((coverage.npu, coverage.cpu)),
    });
    Ok(session)
}

/// Opens a session with QNN; with fallback, also returns the node placements.
fn session(
    library: &Library,
    qnn: &Qnn,
    model: &Model,
    params: &Params,
    fallback: Fallback,
) -> Result<(Session, Option<Coverage>)> {
    let options = params.qnn.all(&qnn.backend());
    if fallback == Fallback::Forbidden {
        let attempt = Attempt { library, qnn, model, options };
        return attempt.whole(params.context_cache.as_deref()).map(|session| (session, None));
    }
    let mut attempt = Attempt { library, qnn, model, options };
    // QNN forces this if no fallback is allowed; otherwise a model with float inputs and outputs would be counted as split
    attempt.options.entry("offload_graph_io_quantization".to_owned()).or_insert("0".to_owned());
    let source = model.to_open(true)?;
    ort_log::listen();
    library.environment.set_log_level(LogLevel::Verbose);
    let opened = attempt.open(&source, |builder| builder.with_log_level(LogLevel::Verbose));
    library.environment.set_log_level(LogLevel::Warning);
    let coverage = ort_log::heard().coverage(EP, model.nodes());
    Ok((opened?, coverage))
}

/// Builds `model` into the file `graph`.
pub fn compile(library: &Library, model: &Model, params: &Params, graph: &Path) -> Result<()> {
    if let Some(obstacle) = model.npu_obstacle() {
        return Err(Error::config(format!("the model '{}' cannot run on the NPU", model.name)).hint(obstacle));
    }
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    let options = params.qnn.all(&qnn.backend());
    Attempt { library, qnn: &qnn, model, options }.keep(graph).map(drop)
}

/// The node placements of `model`: which nodes stay on the CPU.
pub fn coverage(library: &Library, model: &Model, params: &Params) -> Result<(Qnn, Coverage)> {
    let qnn = Qnn::find(library, params.qnn_dir.as_deref())?;
    let (_, coverage) = session(library, &qnn, model, params, Fallback::Counted)?;
    let coverage = coverage.ok_or_else(|| Error::failed("ONNX Runtime does not report node placements"))?;
    Ok((qnn, coverage))
}
