//! An ONNX Runtime session that implements [`Infer`].

use super::deadline::Deadline;
use super::infer::{Execution, Infer};
use super::library::Library;
use super::ort_log;
use super::refusal::{self, failed};
use super::zero_copy::ZeroCopy;
use crate::error::{Error, Result};
use crate::model::{Model, Source};
use crate::tensor::{ElementType, Tensor, TensorSpec};
use ort::session::Session as OrtSession;
use ort::session::builder::SessionBuilder;
use ort::value::{Outlet, TensorElementType, ValueType};
use std::time::Duration;

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
    // By name: once a plugin is registered, any other way of choosing may select it.
    let cpu = |builder: SessionBuilder| {
        let devices: Vec<_> =
            library.environment.devices().filter(|device| device.ep().is_ok_and(|ep| ep == "CPUExecutionProvider")).collect();
        let quant = if saturates() { "1" } else { "0" };
        let error = |e: ort::Error<SessionBuilder>| failed("cannot set up a session on the CPU", ort::Error::<()>::from(e));
        let builder = builder.with_devices(devices, None).map_err(error)?;
        let builder = builder.with_intra_threads(threads).map_err(error)?;
        let builder = builder.with_intra_op_spinning(false).map_err(error)?.with_inter_op_spinning(false).map_err(error)?;
        builder.with_config_entry("session.x64quantprecision", quant).map_err(error)
    };
    let detail = format!("the CPU, {threads} thread{}", if threads == 1 { "" } else { "s" });
    let execution = Execution { provider: "CPU", detail, nodes: None };
    open(library, model, &model.source, cpu, execution)
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
    let what = || format!("cannot open a session for the model '{}' on {}", model.name, execution.detail);
    ort_log::take_errors();
    let builder = OrtSession::builder(&library.environment).map_err(|e| failed(what(), e))?;
    let mut builder = configure(builder).map_err(|e| failed(what(), e))?;
    let session = match source {
        Source::File(path) => builder.commit_from_file(path),
        Source::Memory(bytes) => builder.commit_from_memory(bytes),
    };
    let session = session.map_err(|e| {
        let mut cause = vec![e.to_string()];
        cause.extend(ort_log::take_errors().into_iter().filter(|line| !e.to_string().contains(line)));
        refusal::error(what(), e.code(), &e.to_string(), &library.path).because(cause.join("\n  "))
    })?;
    let (input, output) = (&model.input.tensor, &model.output.tensor);
    let as_declared = check(session.inputs(), input)? & check(session.outputs(), output)?;
    let session = Session { session, zero_copy: ZeroCopy::new(input, output)?, execution, deadline: None };
    // ONNX Runtime accepts a file whose declared shapes differ from the computed ones, and fails at each run
    if as_declared {
        return Ok(session);
    }
    session.probed(model).map_err(|error| {
        Error::config(format!("the model '{}' does not compute the shape that its file declares", model.name))
            .because(error)
            .hint("Export it again.")
    })
}

/// Whether ONNX Runtime reports the shape read from the model's file; an error if it reports another kind of tensor.
fn check(seen: &[Outlet], read: &TensorSpec) -> Result<bool> {
    let wanted = match read.element {
        ElementType::U8 => TensorElementType::Uint8,
        ElementType::I8 => TensorElementType::Int8,
        ElementType::U16 => TensorElementType::Uint16,
        ElementType::F32 => TensorElementType::Float32,
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
