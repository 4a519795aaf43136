//! A session of ONNX Runtime behind [`Infer`].

use super::deadline::Deadline;
use super::library::Library;
use super::{Execution, Infer, failed, log};
use crate::error::{Error, Result};
use crate::model::{Model, Source};
use crate::tensor::Tensor;
use ort::session::builder::SessionBuilder;
use ort::session::{Session as OrtSession, SessionInputValue};
use ort::value::TensorRef;
use std::time::Duration;

/// One model on one provider.
pub struct Session {
    session: OrtSession,
    shape: Vec<i64>,
    execution: Execution,
    deadline: Option<Deadline>,
}

/// Opens a session on the CPU with so many `threads`, which do not spin between frames.
pub fn cpu(library: &Library, model: &Model, threads: usize) -> Result<Session> {
    let threads = threads.max(1);
    // By name: once a plugin is registered, any other choice may hand the model to it.
    let cpu = |builder: SessionBuilder| {
        let devices: Vec<_> =
            library.environment.devices().filter(|device| device.ep().is_ok_and(|ep| ep == "CPUExecutionProvider")).collect();
        let quant = if saturates() { "1" } else { "0" };
        let told = |e: ort::Error<SessionBuilder>| failed("cannot set up a session on the CPU", e);
        let builder = builder.with_devices(devices, None).map_err(told)?;
        let builder = builder.with_intra_threads(threads).map_err(told)?;
        let builder = builder.with_intra_op_spinning(false).map_err(told)?.with_inter_op_spinning(false).map_err(told)?;
        builder.with_config_entry("session.x64quantprecision", quant).map_err(told)
    };
    let detail = format!("the CPU, {threads} thread{}", if threads == 1 { "" } else { "s" });
    let execution = Execution { provider: "CPU", detail, nodes: None };
    open(library, model, &model.source, cpu, execution)
}

/// Whether this CPU saturates products of uint8 and int8 unless told not to: x86-64 without VNNI. (ARM has no such trap.)
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
    log::take_errors();
    let builder = OrtSession::builder(&library.environment).map_err(|e| failed(what(), e))?;
    let mut builder = configure(builder).map_err(|e| failed(what(), e))?;
    let session = match source {
        Source::File(path) => builder.commit_from_file(path),
        Source::Memory(bytes) => builder.commit_from_memory(bytes),
    };
    let session = session.map_err(|e| {
        let mut cause = vec![e.to_string()];
        cause.extend(log::take_errors().into_iter().filter(|line| !e.to_string().contains(line)));
        failed(what(), cause.join("\n  "))
    })?;
    let shape = model.input.tensor.shape.iter().map(|size| *size as i64).collect();
    Ok(Session { session, shape, execution, deadline: None })
}

impl Session {
    /// The same session, none of whose runs takes longer than `limit`.
    pub fn within(mut self, limit: Option<Duration>) -> Result<Self> {
        self.deadline = limit.map(Deadline::new).transpose().map_err(|e| failed("cannot watch over the inferences", e))?;
        Ok(self)
    }

    /// The session, if an inference on an empty picture works.
    pub fn probed(mut self, model: &Model) -> Result<Self> {
        let (input, mut output) = (Tensor::zeros(&model.input.tensor), Tensor::zeros(&model.output.tensor));
        self.infer(&input, &mut output)?;
        Ok(self)
    }

    /// What is known of where it runs, once it is open.
    pub fn set_execution(&mut self, execution: Execution) {
        self.execution = execution;
    }
}

impl Infer for Session {
    fn infer(&mut self, input: &Tensor, output: &mut Tensor) -> Result<()> {
        let value = view(input, &self.shape).map_err(|e| failed("cannot hand the picture to the model", e))?;
        let outputs = match &self.deadline {
            None => self.session.run([value]),
            Some(deadline) => {
                deadline.begin();
                let outputs = self.session.run_with_options([value], deadline.options());
                deadline.end().map_err(|why| failed("the inference was ended", why))?;
                outputs
            }
        };
        let outputs = outputs.map_err(|e| failed("the inference failed", e))?;
        let given = &outputs[0];
        let wrong = |e: ort::Error| failed("the model gave something else than its file says", e);
        match output {
            Tensor::U8(to) => fill(to, given.try_extract_tensor::<u8>().map_err(wrong)?.1),
            Tensor::I8(to) => fill(to, given.try_extract_tensor::<i8>().map_err(wrong)?.1),
            Tensor::U16(to) => fill(to, given.try_extract_tensor::<u16>().map_err(wrong)?.1),
            Tensor::F32(to) => fill(to, given.try_extract_tensor::<f32>().map_err(wrong)?.1),
        }
    }

    fn execution(&self) -> &Execution {
        &self.execution
    }
}

/// The tensor as ONNX Runtime sees it, without a copy.
fn view<'a>(input: &'a Tensor, shape: &[i64]) -> ort::Result<SessionInputValue<'a>> {
    let shape = shape.to_vec();
    Ok(match input {
        Tensor::U8(data) => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
        Tensor::I8(data) => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
        Tensor::U16(data) => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
        Tensor::F32(data) => TensorRef::from_array_view((shape, data.as_slice()))?.into(),
    })
}

fn fill<T: Copy>(to: &mut [T], from: &[T]) -> Result<()> {
    if to.len() != from.len() {
        return Err(Error::failed(format!("the model gave {} numbers, its file promises {}", from.len(), to.len())));
    }
    to.copy_from_slice(from);
    Ok(())
}
