#!/usr/bin/env python3
"""Which quantized forms of a classifier run on the NPU alone, and whether their answers are those of the CPU.

    make build setup-qnn setup-python
    tests/classifiers/npu.py --float FLOAT.onnx --pictures FOLDER [--flags="--normalize none"] [MODEL.onnx ...]

Makes each form in which onnxruntime.quantization writes the float model, and runs these and the given models with `glimpsed inspect` and
`glimpsed classify`, strictly (--provider qnn) and on the CPU. Prints the table of docs/npu.md, in Markdown. On x86-64 the NPU is the
emulator.
"""

import argparse
import json
import logging
import pathlib
import shlex
import subprocess
import sys
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT / ".runtime" / "python"))

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from PIL import Image

CALIBRATED = 16  # pictures
FORMS = {
    "QDQ, uint8, weights uint8": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
    "QDQ, uint8, weights int8 per channel": dict(activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, per_channel=True),
    "QDQ, int8 symmetric": dict(activation_type=QuantType.QInt8, weight_type=QuantType.QInt8, extra_options=dict(ActivationSymmetric=True)),
    "QDQ, uint16, weights uint8": dict(activation_type=QuantType.QUInt16, weight_type=QuantType.QUInt8, extra_options=dict(UseQDQContribOps=True)),
    "QDQ, int16, weights int8": dict(activation_type=QuantType.QInt16, weight_type=QuantType.QInt8, extra_options=dict(UseQDQContribOps=True)),
    "QOperator, uint8": dict(quant_format=QuantFormat.QOperator, activation_type=QuantType.QUInt8, weight_type=QuantType.QUInt8),
}


class Program:
    def __init__(self, path, flags):
        self.path, self.flags = path, flags

    def run(self, *arguments):
        return subprocess.run([self.path, *map(str, arguments), *self.flags], capture_output=True, text=True)

    def inspect(self, model):
        done = self.run("inspect", "--json", model)
        if done.returncode:
            sys.exit(done.stderr)
        return json.loads(done.stdout)

    def classify(self, model, provider, pictures):
        """The classes of each picture with their confidences, the nodes on the NPU; or why it does not run."""
        done = self.run("classify", "--json", "--provider", provider, "--top", "1000", "--model", model, *pictures)
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            return None, (lines or done.stderr.splitlines())[0].removeprefix("ERROR ")
        lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
        return [{score["index"]: score["confidence"] for score in line["classifications"]} for line in lines], None


def quantize(source, target, described, pictures, options):
    """Writes one form; calibrated by the recipe that glimpsed found."""
    recipe, (height, width) = described["recipe"], described["input"]["shape"][2:]
    mean, std = (np.array(recipe[key], np.float32) for key in ("mean", "std"))

    class Reader(CalibrationDataReader):
        def __init__(self):
            self.paths = iter(pictures[:CALIBRATED])

        def get_next(self):
            path = next(self.paths, None)
            if path is None:
                return None
            pixels = np.asarray(Image.open(path).convert("RGB").resize((width, height), Image.Resampling.BICUBIC), np.float32) / 255
            return {described["input"]["name"]: ((pixels - mean) / std).transpose(2, 0, 1)[None].astype(np.float32)}

    quantize_static(str(source), str(target), Reader(), **{"quant_format": QuantFormat.QDQ, **options})


def row(name, program, model, pictures):
    coverage = program.run("inspect", "--json", "--provider", "qnn", model)
    nodes = "-"
    if coverage.returncode == 0:
        counted = json.loads(coverage.stdout)["coverage"]
        nodes = f"{counted['npu']} of {counted['npu'] + counted['cpu']}"
    npu, why = program.classify(model, "qnn", pictures)
    if npu is None:
        return f"| {name} | {nodes} | {why} | - |"
    cpu, why = program.classify(model, "cpu", pictures)
    if cpu is None:
        sys.exit(f"{model}: {why}")
    best = lambda scores: max(scores, key=scores.get)
    same = sum(best(one) == best(other) for one, other in zip(npu, cpu))
    apart = max(abs(one[index] - other.get(index, 0.0)) for one, other in zip(npu, cpu) for index in one)
    return f"| {name} | {nodes} | {same} of {len(cpu)} | {apart:.4f} |"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("models", nargs="*", type=pathlib.Path, help="quantized models")
    parser.add_argument("--float", type=pathlib.Path, help="a float model, NCHW, of which the forms are made")
    parser.add_argument("--pictures", type=pathlib.Path, required=True, help="a folder of pictures")
    parser.add_argument("--flags", default="", help="what is said of the models: flags of glimpsed")
    parser.add_argument("--glimpsed", default=str(PROJECT / "target" / "release" / "glimpsed"), metavar="PROGRAM", help="(default: the one built here)")
    arguments = parser.parse_args()
    logging.getLogger().setLevel(logging.ERROR)
    pictures = sorted(path for path in arguments.pictures.iterdir() if path.suffix.lower() in {".png", ".jpg", ".jpeg"})
    program = Program(arguments.glimpsed, shlex.split(arguments.flags))
    print("| model | nodes on the NPU | same best class as on the CPU | largest difference of a confidence |\n|---|---|---|---|")
    for model in arguments.models:
        print(row(model.stem, program, model, pictures), flush=True)
    if arguments.float:
        with tempfile.TemporaryDirectory() as folder:
            described = program.inspect(arguments.float)
            for name, options in FORMS.items():
                form = pathlib.Path(folder) / "form.onnx"
                quantize(arguments.float, form, described, pictures, options)
                print(row(name, program, form, pictures), flush=True)


if __name__ == "__main__":
    sys.exit(main())
