//! An ONNX Runtime session that implements [`Infer`].

use super::deadline::Deadline;
use super::infer::{Execution, Infer};
use super::library::Library;
use super::ort_log;
use super::refusal::{self, failed};
use super::zero_copy::{self, ZeroCopy};
use crate::error::{Error, Result};
use crate::model::{Model, Source};
use crate::tensor::{ElementType, Tensor, TensorSpec};
use ort::session::Session as OrtSession;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, TensorElementType, ValueType};
use std::time::Duration;

/// ONNX Runtime's key for the folder of a model in memory.
const WEIGHTS_FOLDER: &str = "session.model_external_initializers_file_folder_path";

/// One model on one provider.
pub struct Session {
    session: OrtSession,
    zero_copy: ZeroCopy,
    execution: Execution,
    deadline: Option<Deadline>,
}

/// Opens a session on the CPU with `threads` threads, which do not spin between frames.
pub fn cpu(library: &Library, model: &Model, threads: usize) -> Result<Session> {
    let threads = threads.max(1);
    let detail = format!("the CPU, {threads} thread{}", if threads == 1 { "" } else { "s" });
    let execution = Execution { provider: "CPU", detail, nodes: None };
    open(library, model, &*model.to_open(false)?, |builder| on_cpu(library, builder, threads), execution)
}

/// Sets `builder` up for the CPU.
fn on_cpu(library: &Library, builder: SessionBuilder, threads: usize) -> Result<SessionBuilder> {
    // By name: once a plugin is registered, any other way of choosing may select it.
    let devices: Vec<_> =
        library.environment.devices().filter(|device| device.ep().is_ok_and(|ep| ep == "CPUExecutionProvider")).collect();
    let quant = if saturates() { "1" } else { "0" };
    let error = |e: ort::Error<SessionBuilder>| failed("cannot set up a session on the CPU", ort::Error::<()>::from(e));
    let builder = builder.with_devices(devices, None).map_err(error)?;
    let builder = builder.with_intra_threads(threads).map_err(error)?;
    let builder = builder.with_intra_op_spinning(false).map_err(error)?.with_inter_op_spinning(false).map_err(error)?;
    builder.with_config_entry("session.x64quantprecision", quant).map_err(error)
}

/// The shape of the output of `model`, whose file does not declare it: as ONNX Runtime infers it, or else as one run computes it.
pub fn shape_of_output(library: &Library, model: &Model) -> Result<Vec<usize>> {
    let configure = |builder| on_cpu(library, builder, 1);
    let mut session = commit(library, model, &*model.to_open(false)?, configure, "the CPU")?;
    let known = session.outputs().iter().find(|outlet| outlet.name() == model.output.tensor.name).map(Outlet::dtype);
    let inferred = match known {
        Some(ValueType::Tensor { shape, .. }) if shape.iter().all(|size| *size > 0) && !shape.is_empty() => Some(shape.to_vec()),
        _ => None,
    };
    let shape = match inferred {
        Some(shape) => shape,
        None => {
            let computed = zero_copy::shape_of_output(&mut session, &model.input.tensor, &model.output.tensor)?;
            computed.map_err(|e| refused_picture(model, failed("the model does not run on an empty picture", e)))?
        }
    };
    Ok(shape.into_iter().map(|size| usize::try_from(size).unwrap_or(0)).collect())
}

/// Whether ONNX Runtime saturates products of uint8 and int8 on this CPU by default: x86-64 without VNNI. (Not on ARM.)
fn saturates() -> bool {
    #[cfg(target_arch = "x86_64")]
    return !(std::arch::is_x86_feature_detected!("avx512vnni") || std::arch::is_x86_feature_detected!("avxvnni"));
    #[cfg(not(target_arch = "x86_64"))]
    return false;
}

/// Opens a session that `configure` sets up.
pub fn open(
    library: &Library,
    model: &Model,
    source: &Source,
    configure: impl FnOnce(SessionBuilder) -> Result<SessionBuilder>,
    execution: Execution,
) -> Result<Session> {
    let session = commit(library, model, source, configure, &execution.detail)?;
    let (input, output) = (&model.input.tensor, &model.output.tensor);
    let as_declared = check(session.inputs(), input)? & check(session.outputs(), output)?;
    let session = Session { session, zero_copy: ZeroCopy::new(input, output)?, execution, deadline: None };
    // ONNX Runtime accepts a file whose declared shapes differ from the computed ones, and fails at each run
    if as_declared {
        return Ok(session);
    }
    session.probed(model).map_err(|error| refused_picture(model, error))
}

/// A session of ONNX Runtime for `source`; `place` is where it runs, in words.
fn commit(
    library: &Library,
    model: &Model,
    source: &Source,
    configure: impl FnOnce(SessionBuilder) -> Result<SessionBuilder>,
    place: &str,
) -> Result<OrtSession> {
    let what = || format!("cannot open a session for the model '{}' on {place}", model.name);
    ort_log::take_errors();
    let builder = OrtSession::builder(&library.environment).map_err(|e| failed(what(), e))?;
    let mut builder = configure(builder).map_err(|e| failed(what(), e))?;
    let session = match source {
        Source::File(path) => builder.commit_from_file(path),
        Source::Memory(bytes) => builder.commit_from_memory(bytes),
        Source::Changed { bytes, folder } => {
            let error = |e: ort::Error<SessionBuilder>| failed(what(), ort::Error::<()>::from(e));
            builder = builder.with_config_entry(WEIGHTS_FOLDER, folder.display().to_string()).map_err(error)?;
            builder.commit_from_memory(bytes)
        }
    };
    session.map_err(|e| {
        let mut cause = vec![e.to_string()];
        cause.extend(ort_log::take_errors().into_iter().filter(|line| !e.to_string().contains(line)));
        refusal::error(what(), e.code(), &e.to_string(), &library.path).because(cause.join("\n  "))
    })
}

/// Why a model does not run on an empty picture.
fn refused_picture(model: &Model, error: Error) -> Error {
    let said =
        Error::config(format!("the model '{}' does not compute the shape that its file declares", model.name)).because(error);
    match model.free {
        true => said.hint(format!(
            "It may not take pictures of {} x {} pixels: give the size that it was trained with.",
            model.input.width, model.input.height
        )),
        false => said.hint("Export it again."),
    }
}

/// Whether ONNX Runtime reports the shape read from the model's file; an error if it reports another kind of tensor.
fn check(seen: &[Outlet], read: &TensorSpec) -> Result<bool> {
    let wanted = match read.element {
        ElementType::U8 => TensorElementType::Uint8,
        ElementType::I8 => TensorElementType::Int8,
        ElementType::U16 => TensorElementType::Uint16,
        ElementType::I16 => TensorElementType::Int16,
        ElementType::I32 => TensorElementType::Int32,
        ElementType::F16 => TensorElementType::Float16,
        ElementType::F32 => TensorElementType::Float32,
        ElementType::F64 => TensorElementType::Float64,
    };
    let named = seen.iter().find(|outlet| outlet.name() == read.name).map(Outlet::dtype);
    match named {
        Some(ValueType::Tensor { ty, shape, .. }) if ty == &wanted => {
            Ok(shape.iter().copied().eq(read.shape.iter().map(|size| *size as i64)))
        }
        other => Err(Error::config(format!("ONNX Runtime reports {other:?} where the model's file has '{}', {wanted}", read.name))),
    }
}

impl Session {
    /// The same session with a time limit for each run.
    pub fn within(mut self, limit: Option<Duration>) -> Result<Self> {
        self.deadline = limit.map(Deadline::new).transpose().map_err(|e| failed("cannot limit the time of inferences", e))?;
        Ok(self)
    }

    /// The session, if an inference on a zero input succeeds.
    pub fn probed(mut self, model: &Model) -> Result<Self> {
        let (input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
        self.infer(&input, &mut output)?;
        Ok(self)
    }

    /// Sets the description of where it runs.
    pub fn set_execution(&mut self, execution: Execution) {
        self.execution = execution;
    }
}

impl Infer for Session {
    fn infer(&mut self, input: &Tensor, output: &mut Tensor) -> Result<()> {
        let Some(deadline) = &self.deadline else {
            return self.zero_copy.run(&mut self.session, None, input, output).map_err(|e| failed("the inference failed", e));
        };
        deadline.begin();
        let done = self.zero_copy.run(&mut self.session, Some(deadline.options()), input, output);
        deadline.end().map_err(|why| failed("the inference was terminated", why))?;
        done.map_err(|e| failed("the inference failed", e))
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}
