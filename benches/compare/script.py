"""A typical script without glimpsed: Pillow and NumPy prepare the model's input, onnxruntime runs it on the CPU.

It reads raw frames of one size from a file. RGB goes directly to Pillow; NV12 is converted by OpenCV first. `compare.py` calls it.

    script.py first   --model M ... one frame, one answer: the time to the first result
    script.py answers --model M ... the answers of all frames
    script.py speed   --model M ... the time of each part, and the number of frames per second
"""

import argparse
import json
import resource
import time

import numpy as np
import onnxruntime
from PIL import Image


class Script:
    def __init__(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(args.model, options, providers=["CPUExecutionProvider"])
        model_input = self.session.get_inputs()[0]
        self.name, (_, _, self.height, self.width) = model_input.name, model_input.shape
        self.input_scale, self.input_zero = args.input
        self.output_scale, self.output_zero = args.output
        self.frame_size = args.width, args.height
        self.to_rgb = self.nv12_to_rgb if args.format == "NV12" else self.rgb_to_rgb

    def rgb_to_rgb(self, frame):
        width, height = self.frame_size
        return frame.reshape(height, width, 3)

    def nv12_to_rgb(self, frame):
        import cv2

        cv2.setNumThreads(1)
        width, height = self.frame_size
        return cv2.cvtColor(frame.reshape(height * 3 // 2, width), cv2.COLOR_YUV2RGB_NV12)

    def preprocess(self, frame):
        """uint8, [1, 3, height, width], quantized according to the model."""
        picture = Image.fromarray(self.to_rgb(frame)).convert("RGB").resize((self.width, self.height))
        values = np.asarray(picture, dtype=np.float32) / 255.0
        values = np.expand_dims(values.transpose(2, 0, 1), 0)
        return np.clip(np.round(values / self.input_scale) + self.input_zero, 0, 255).astype(np.uint8)

    def infer(self, tensor):
        return self.session.run(None, {self.name: tensor})[0].reshape(-1)

    def rank(self, output):
        """The five best: class and confidence."""
        logits = (output.astype(np.float32) - self.output_zero) * self.output_scale
        powers = np.exp(logits - logits.max())
        confidences = powers / powers.sum()
        return [(int(index), float(confidences[index])) for index in np.argsort(-confidences, kind="stable")[:5]]

    def answer(self, frame):
        return self.rank(self.infer(self.preprocess(frame)))


def milliseconds(times):
    return {f"p{percent}": float(np.percentile(times, percent)) * 1e3 for percent in (50, 95, 99)}


def speed(script, frames, seconds):
    """The time of each part and of the whole, after a warm-up round."""
    for frame in frames:
        script.answer(frame)
    parts, count, start, used = {"preprocess": [], "inference": [], "rank": []}, 0, time.perf_counter(), time.process_time()
    while time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        tensor = script.preprocess(frames[count % len(frames)])
        prepared = time.perf_counter()
        output = script.infer(tensor)
        inferred = time.perf_counter()
        script.rank(output)
        ends = [begin, prepared, inferred, time.perf_counter()]
        for part, (one, two) in zip(parts.values(), zip(ends, ends[1:])):
            part.append(two - one)
        count += 1
    spent = time.perf_counter() - start
    return {
        **{f"{name}_ms": milliseconds(times) for name, times in parts.items()},
        "per_second": count / spent,
        "cpu_ms_per_frame": (time.process_time() - used) / count * 1e3,
        "peak_rss_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def quantization(text):
    scale, zero_point = text.split(",")
    return float(scale), int(zero_point)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["first", "answers", "speed"])
    parser.add_argument("--model", required=True)
    parser.add_argument("--frames", required=True, help="file of raw frames, one after the other")
    parser.add_argument("--format", choices=["RGB", "NV12"], required=True)
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--height", type=int, required=True)
    parser.add_argument("--input", type=quantization, required=True, metavar="SCALE,ZERO")
    parser.add_argument("--output", type=quantization, required=True, metavar="SCALE,ZERO")
    parser.add_argument("--seconds", type=float, default=1.0)
    args = parser.parse_args()
    size = args.width * args.height * 3 // (2 if args.format == "NV12" else 1)
    frames = np.fromfile(args.frames, dtype=np.uint8).reshape(-1, size)
    script = Script(args)
    if args.what == "speed":
        said = speed(script, frames, args.seconds)
    else:
        said = [script.answer(frame) for frame in (frames if args.what == "answers" else frames[:1])]
    print(json.dumps(said), flush=True)


if __name__ == "__main__":
    main()
