"""Trains, quantizes and measures the built-in model, which classifies videotestsrc's pictures.

Writes testcard.onnx (w8a8: uint8 NCHW in behind a DequantizeLinear, uint8 out of a QuantizeLinear), testcard_float.onnx (the same
before quantization), labels.txt and accuracy.json.
"""

import argparse
import json
import multiprocessing
import pathlib
import sys
import tempfile
import time

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

import frames

LAYERS = [(16, 2), (24, 2), (32, 2), (48, 2), (64, 2), (64, 1)]  # output channels, stride; 3x3, ReLU
TRAIN_SEED, CALIBRATION_SEED, TEST_SEED = 1, 2, 3


def make(sizes, per_class, seed):
    tasks = [(index, sizes, per_class, seed) for index in range(len(frames.CLASSES))]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        parts = pool.map(frames.make_class, tasks, chunksize=1)
    pictures = np.concatenate([p for p, _ in parts]).transpose(0, 3, 1, 2)
    classes = np.concatenate([np.full(len(p), index) for p, index in parts])
    return np.ascontiguousarray(pictures), classes


def train(pictures, classes, epochs):
    """Weights [(kernel OIHW, bias)], the last one 1x1 to the classes; Adam, cosine decay, cross entropy."""
    import jax
    import jax.numpy as jnp
    import optax

    random = np.random.default_rng(TRAIN_SEED)
    shapes, inputs = [], 3
    for outputs, _ in LAYERS:
        shapes.append((outputs, inputs, 3, 3))
        inputs = outputs
    shapes.append((len(frames.CLASSES), inputs, 1, 1))
    weights = [(jnp.asarray(random.normal(0, (2 / np.prod(s[1:])) ** 0.5, s), jnp.float32), jnp.zeros(s[0])) for s in shapes]

    def forward(weights, x):
        for (kernel, bias), (_, stride) in zip(weights, LAYERS):
            x = jax.lax.conv_general_dilated(x, kernel, (stride, stride), [(1, 1), (1, 1)])
            x = jax.nn.relu(x + bias[:, None, None])
        kernel, bias = weights[-1]
        x = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID") + bias[:, None, None]
        return x.mean((2, 3))

    batch = 32
    steps = epochs * (len(pictures) // batch)
    optimizer = optax.adam(optax.cosine_decay_schedule(1.5e-3, steps))
    state = optimizer.init(weights)

    @jax.jit
    def step(weights, state, x, y):
        def loss(weights):
            # smoothed labels keep the logits small, and so their 8-bit steps fine
            wanted = optax.smooth_labels(jax.nn.one_hot(y, len(frames.CLASSES)), 0.05)
            return optax.softmax_cross_entropy(forward(weights, x.astype(jnp.float32) / 255), wanted).mean()

        value, gradient = jax.value_and_grad(loss)(weights)
        updates, state = optimizer.update(gradient, state)
        return optax.apply_updates(weights, updates), state, value

    start = time.monotonic()
    for epoch in range(epochs):
        order, losses = random.permutation(len(pictures)), []
        for at in range(0, len(order) - batch + 1, batch):
            picked = np.sort(order[at : at + batch])
            weights, state, value = step(weights, state, pictures[picked], classes[picked])
            losses.append(value)
        print(f"epoch {epoch + 1}/{epochs}: loss {np.mean(losses):.4f}, {time.monotonic() - start:.0f} s", flush=True)
    return [(np.asarray(kernel), np.asarray(bias)) for kernel, bias in weights]


def float_model(weights):
    """The network as ONNX, opset 17: float32 [1, 3, 224, 224] in 0..1 to float32 [1, classes]."""
    nodes, tensors, x = [], [], "image"
    for n, (kernel, bias) in enumerate(weights):
        tensors += [numpy_helper.from_array(kernel, f"conv{n}.weight"), numpy_helper.from_array(bias, f"conv{n}.bias")]
        last = n == len(LAYERS)
        nodes.append(helper.make_node(
            "Conv", [x, f"conv{n}.weight", f"conv{n}.bias"], [f"conv{n}"], f"conv{n}", kernel_shape=list(kernel.shape[2:]),
            strides=[1, 1] if last else [LAYERS[n][1]] * 2, pads=[0] * 4 if last else [1] * 4))
        x = f"conv{n}"
        if not last:
            nodes.append(helper.make_node("Relu", [x], [f"relu{n}"], f"relu{n}"))
            x = f"relu{n}"
    nodes.append(helper.make_node("GlobalAveragePool", [x], ["pooled"], "pool"))
    nodes.append(helper.make_node("Flatten", ["pooled"], ["class_logits"], "flatten"))
    graph = helper.make_graph(
        nodes, "testcard",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, frames.SIDE, frames.SIDE])],
        [helper.make_tensor_value_info("class_logits", TensorProto.FLOAT, [1, len(frames.CLASSES)])], tensors)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="glimpsed models/testcard")
    model.ir_version = 8
    onnx.checker.check_model(model)
    return model


def quantize(float_path, out_path, pictures):
    """w8a8 with onnxruntime's QNN configuration, with uint8 input and output: the float operators at the boundary are removed."""
    from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize as ort_quantize
    from onnxruntime.quantization.execution_providers.qnn import get_qnn_qdq_config

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(pictures)

        def get_next(self):
            picture = next(self.rest, None)
            return None if picture is None else {"image": picture[None].astype(np.float32) / 255}

    config = get_qnn_qdq_config(str(float_path), Reader(), activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8)
    ort_quantize(str(float_path), str(out_path), config)

    model = onnx.load(str(out_path))
    graph = model.graph
    for rim, inner, kind in ((graph.input[0], "QuantizeLinear", 0), (graph.output[0], "DequantizeLinear", 1)):
        if kind == 0:
            node = next(n for n in graph.node if n.op_type == inner and n.input[0] == rim.name)
            for reader in graph.node:
                reader.input[:] = [rim.name if name == node.output[0] else name for name in reader.input]
        else:
            node = next(n for n in graph.node if n.op_type == inner and n.output[0] == rim.name)
            writer = next(n for n in graph.node if n.output[0] == node.input[0])
            writer.output[0] = rim.name
        graph.node.remove(node)
        rim.type.tensor_type.elem_type = TensorProto.UINT8
    del graph.value_info[:]
    onnx.checker.check_model(model)
    onnx.save(model, str(out_path))


def run(path, pictures, provider):
    """uint8 or float logits [n, classes] of the model at `path`; every node on the HTP if `provider` is "QNN"."""
    import onnxruntime as ort

    options = ort.SessionOptions()
    if provider == "QNN":
        import onnxruntime_qnn

        if not any(d.ep_name == "QNNExecutionProvider" for d in ort.get_ep_devices()):
            ort.register_execution_provider_library("QNNExecutionProvider", onnxruntime_qnn.get_library_path())
        devices = [d for d in ort.get_ep_devices() if d.ep_name == "QNNExecutionProvider"][:1]
        options.add_provider_for_devices(devices, {"backend_path": onnxruntime_qnn.get_qnn_htp_path()})
        options.add_session_config_entry("session.disable_cpu_ep_fallback", "1")
        session = ort.InferenceSession(str(path), options)
    else:
        session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    uint8 = session.get_inputs()[0].type == "tensor(uint8)"
    return np.concatenate([
        session.run(None, {"image": p[None] if uint8 else p[None].astype(np.float32) / 255})[0] for p in pictures])


def main():
    here = pathlib.Path(__file__).parent
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=pathlib.Path, default=here)
    arguments.add_argument("--per-class", type=int, default=400)
    arguments.add_argument("--epochs", type=int, default=10)
    arguments.add_argument("--without-npu", action="store_true", help="do not measure on the HTP (emulator)")
    arguments = arguments.parse_args()
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)

    print("making frames", flush=True)
    pictures, classes = make(frames.TRAIN_SIZES, arguments.per_class, TRAIN_SEED)
    calibration, _ = make(frames.TRAIN_SIZES, 12, CALIBRATION_SEED)
    weights = train(pictures, classes, arguments.epochs)

    float_path, quantized_path = out / "testcard_float.onnx", out / "testcard.onnx"
    onnx.save(float_model(weights), str(float_path))
    with tempfile.TemporaryDirectory() as folder:
        rough = pathlib.Path(folder) / "testcard.onnx"
        quantize(float_path, rough, calibration)
        quantized_path.write_bytes(rough.read_bytes())
    (out / "labels.txt").write_text("".join(f"{label}\n" for label in frames.CLASSES))

    print("measuring", flush=True)
    pictures, classes = make(frames.TEST_SIZES, 60, TEST_SEED)
    results = {"frames": len(pictures), "sizes": frames.TEST_SIZES, "bytes": quantized_path.stat().st_size}
    runs = {"float, CPU": (float_path, "CPU"), "w8a8, CPU": (quantized_path, "CPU")}
    if not arguments.without_npu:
        runs["w8a8, QNN HTP"] = (quantized_path, "QNN")
    for name, (path, provider) in runs.items():
        best = run(path, pictures, provider).argmax(1)
        results[name] = round(float((best == classes).mean()), 4)
        wrong = [f"{list(frames.CLASSES)[c]} taken for {list(frames.CLASSES)[b]}" for c, b in zip(classes, best) if c != b]
        print(f"{name}: {results[name]:.2%}", *sorted(set(wrong)), sep="\n  ")
    (out / "accuracy.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
