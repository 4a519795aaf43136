//! Runs a session on tensors in place: nothing is copied, and nothing is allocated for the result.
//!
//! None of `ort`'s own functions can do this: [`ort::session::Session::run`] allocates an output for each run, preallocated outputs exclude
//! run options that another thread may terminate, and an `IoBinding` copies a borrowed input.
#![allow(unsafe_code)]

use super::refusal::failed;
use crate::error::Result;
use crate::tensor::{Tensor, TensorSpec};
use ort::AsPointer;
use ort::session::{RunOptions, Session};
use ort::sys::{self, ONNXTensorElementDataType as Element};
use std::ffi::{CString, c_void};
use std::ptr::{NonNull, null, null_mut};

/// The state shared by all runs of a session.
pub struct ZeroCopy {
    names: [CString; 2],
    shapes: [Vec<i64>; 2],
    memory: Memory,
}

impl ZeroCopy {
    /// For a model with the given `input` and `output`.
    pub fn new(input: &TensorSpec, output: &TensorSpec) -> Result<Self> {
        let name = |spec: &TensorSpec| CString::new(spec.name.as_str()).map_err(|e| failed("a tensor's name contains a NUL", e));
        let shape = |spec: &TensorSpec| spec.shape.iter().map(|size| *size as i64).collect();
        Ok(Self { names: [name(input)?, name(output)?], shapes: [shape(input), shape(output)], memory: Memory::of_the_cpu()? })
    }

    /// Runs `session` on `input` and writes the result to `output`. Both have as many elements as their shapes.
    pub fn run(&self, session: &mut Session, options: Option<&RunOptions>, input: &Tensor, output: &mut Tensor) -> ort::Result<()> {
        let (from, to) = (Raw::of(input), Raw::of_mut(output));
        let values = [self.value(from, &self.shapes[0])?, self.value(to, &self.shapes[1])?];
        let (inputs, mut outputs) = ([values[0].0.as_ptr().cast_const()], [values[1].0.as_ptr()]);
        let options = options.map_or(null(), |options| options.ptr());
        let [input_name, output_name] = [[self.names[0].as_ptr()], [self.names[1].as_ptr()]];
        // SAFETY: every pointer is valid until the call returns, and ONNX Runtime keeps none of them. The session is borrowed mutably, so
        // nothing else runs it; so is `output`, the only memory written to. An output that is passed in is never replaced.
        unsafe {
            let run = ort::api().Run;
            let (inputs, outputs) = (inputs.as_ptr(), outputs.as_mut_ptr());
            let status = run(session.ptr().cast_mut(), options, input_name.as_ptr(), inputs, 1, output_name.as_ptr(), 1, outputs);
            ort::Error::result_from_status(status)
        }
    }

    /// A tensor value for the elements; an error if there are fewer than `shape` says.
    fn value(&self, raw: Raw, shape: &[i64]) -> ort::Result<Value> {
        let mut value = null_mut();
        // SAFETY: ONNX Runtime checks the size of `raw` against the shape and the type, and uses it only in `run`, where it is borrowed.
        unsafe {
            let create = ort::api().CreateTensorWithDataAsOrtValue;
            let status = create(self.memory.0.as_ptr(), raw.data, raw.bytes, shape.as_ptr(), shape.len(), raw.element, &mut value);
            ort::Error::result_from_status(status)?;
        }
        NonNull::new(value).map(Value).ok_or_else(|| ort::Error::new("no value was created"))
    }
}

/// The shape that the output called `output` has after a run on zeros; the outer error is one of the tensors' names or memory.
pub fn shape_of_output(session: &mut Session, input: &TensorSpec, output: &TensorSpec) -> Result<ort::Result<Vec<i64>>> {
    let run = ZeroCopy::new(input, output)?;
    Ok(run.shape_of_output(session, &Tensor::zeros(input)))
}

impl ZeroCopy {
    fn shape_of_output(&self, session: &mut Session, input: &Tensor) -> ort::Result<Vec<i64>> {
        let value = self.value(Raw::of(input), &self.shapes[0])?;
        let (inputs, mut outputs) = ([value.0.as_ptr().cast_const()], [null_mut()]);
        let [input_name, output_name] = [[self.names[0].as_ptr()], [self.names[1].as_ptr()]];
        // SAFETY: as in `run`; ONNX Runtime allocates the output itself.
        unsafe {
            let run = ort::api().Run;
            let (inputs, outputs) = (inputs.as_ptr(), outputs.as_mut_ptr());
            let status = run(session.ptr().cast_mut(), null(), input_name.as_ptr(), inputs, 1, output_name.as_ptr(), 1, outputs);
            ort::Error::result_from_status(status)?;
        }
        let output = NonNull::new(outputs[0]).map(Value).ok_or_else(|| ort::Error::new("the run gave no output"))?;
        let (mut info, mut count) = (null_mut(), 0);
        // SAFETY: the output lives until the end of the function; the information is ours, is released once, and is read into a vector of
        // the length that it names.
        unsafe {
            ort::Error::result_from_status((ort::api().GetTensorTypeAndShape)(output.0.as_ptr(), &mut info))?;
            let shape = (|| {
                ort::Error::result_from_status((ort::api().GetDimensionsCount)(info, &mut count))?;
                let mut shape = vec![0; count];
                ort::Error::result_from_status((ort::api().GetDimensions)(info, shape.as_mut_ptr(), count))?;
                Ok(shape)
            })();
            (ort::api().ReleaseTensorTypeAndShapeInfo)(info);
            shape
        }
    }
}

/// A tensor's memory.
#[derive(Clone, Copy)]
struct Raw {
    data: *mut c_void,
    bytes: usize,
    element: Element,
}

impl Raw {
    /// Read-only memory.
    fn of(tensor: &Tensor) -> Self {
        let (data, bytes, element) = match tensor {
            Tensor::U8(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT8),
            Tensor::I8(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT8),
            Tensor::U16(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_UINT16),
            Tensor::I16(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT16),
            Tensor::I32(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_INT32),
            Tensor::F16(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT16),
            Tensor::F32(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT),
            Tensor::F64(data) => raw(data, Element::ONNX_TENSOR_ELEMENT_DATA_TYPE_DOUBLE),
        };
        Self { data: data.cast_mut(), bytes, element }
    }

    /// Writable memory.
    fn of_mut(tensor: &mut Tensor) -> Self {
        let data = match tensor {
            Tensor::U8(data) => data.as_mut_ptr().cast::<c_void>(),
            Tensor::I8(data) => data.as_mut_ptr().cast(),
            Tensor::U16(data) => data.as_mut_ptr().cast(),
            Tensor::I16(data) => data.as_mut_ptr().cast(),
            Tensor::I32(data) => data.as_mut_ptr().cast(),
            Tensor::F16(data) => data.as_mut_ptr().cast(),
            Tensor::F64(data) => data.as_mut_ptr().cast(),
            Tensor::F32(data) => data.as_mut_ptr().cast(),
        };
        Self { data, ..Self::of(tensor) }
    }
}

/// Address, size in bytes and ONNX Runtime's element type of `data`.
fn raw<T>(data: &[T], element: Element) -> (*const c_void, usize, Element) {
    (data.as_ptr().cast(), size_of_val(data), element)
}

/// An ONNX Runtime value that borrows its memory.
struct Value(NonNull<sys::OrtValue>);

impl Drop for Value {
    fn drop(&mut self) {
        // SAFETY: it was created by ONNX Runtime, and is released once.
        unsafe { (ort::api().ReleaseValue)(self.0.as_ptr()) }
    }
}

/// Describes the CPU's memory to ONNX Runtime.
struct Memory(NonNull<sys::OrtMemoryInfo>);

// SAFETY: it is never written to after its creation.
unsafe impl Send for Memory {}

impl Memory {
    fn of_the_cpu() -> Result<Self> {
        let mut memory = null_mut();
        // SAFETY: it writes one pointer.
        let made = unsafe {
            let create = ort::api().CreateCpuMemoryInfo;
            let status = create(sys::OrtAllocatorType::OrtArenaAllocator, sys::OrtMemType::OrtMemTypeDefault, &mut memory);
            ort::Error::result_from_status(status)
        };
        made.map_err(|e| failed("cannot describe the CPU's memory", e))?;
        NonNull::new(memory).map(Self).ok_or_else(|| failed("cannot describe the CPU's memory", "nothing was created"))
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        // SAFETY: it was created by ONNX Runtime, and is released once.
        unsafe { (ort::api().ReleaseMemoryInfo)(self.0.as_ptr()) }
    }
}
