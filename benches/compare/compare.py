#!/usr/bin/env python3
"""Compares glimpsed with a Python script (script.py) on the same raw frames, with the same model and one thread each.

    make compare
    make compare ARGS="--model m.onnx --pictures FOLDER --out FOLDER"

They run in turn (A B A B ...), and the medians of all rounds are compared, so that other load on the machine affects both. The table is
printed, and written to compare.md and compare.json.
"""

import argparse
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version

import cv2
import numpy as np
from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parent.parent
SIZES = [(640, 480), (1280, 720), (1920, 1080)]
FORMATS = ["RGB", "NV12"]
LINE = ("NV12", (1280, 720))
FRAMES = 12


def say(text):
    print(f"compare: {text}", file=sys.stderr, flush=True)


def pictures(folder):
    """Photos from a folder; without one, synthetic pictures: gradients with noise and some hard edges."""
    if folder:
        files = sorted(file for file in pathlib.Path(folder).iterdir() if file.suffix.lower() in (".jpg", ".jpeg", ".png"))
        if len(files) < FRAMES:
            sys.exit(f"compare: '{folder}' has {len(files)} pictures, {FRAMES} are needed")
        step = len(files) / FRAMES
        return [Image.open(files[int(n * step)]).convert("RGB") for n in range(FRAMES)]
    random = np.random.default_rng(1)
    made = []
    for _ in range(FRAMES):
        base = Image.fromarray(random.integers(0, 256, (6, 8, 3), dtype=np.uint8)).resize((1920, 1080))
        picture = np.asarray(base).astype(np.int16) + random.normal(0, 12, (1080, 1920, 1)).astype(np.int16)
        left, top = random.integers(0, 1400), random.integers(0, 700)
        picture[top : top + 300, left : left + 400] = random.integers(0, 256, 3)
        made.append(Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8)))
    return made


def nv12(rgb):
    """BT.601, limited range: OpenCV's interpretation of NV12."""
    height, width, _ = rgb.shape
    planes = cv2.cvtColor(rgb, cv2.COLOR_RGB2YUV_I420).reshape(-1)
    luma, chroma = planes[: width * height], planes[width * height :].reshape(2, -1)
    return np.concatenate([luma, chroma.T.reshape(-1)])


class Frames:
    """Writes the same frames twice: one file for the script, and one file per frame for GStreamer."""

    def __init__(self, folder, form, size, photos):
        (self.width, self.height), self.form, self.folder = size, form, folder / f"{form}-{size[1]}"
        self.folder.mkdir()
        frames = [np.asarray(photo.resize(size, Image.Resampling.LANCZOS)) for photo in photos]
        frames = [nv12(frame) if form == "NV12" else frame.reshape(-1) for frame in frames]
        self.file = self.folder / "all"
        np.concatenate(frames).tofile(self.file)
        for number, frame in enumerate(frames):
            frame.tofile(self.folder / f"{number:02}")

    def pipeline(self, loop):
        colours = "colorimetry=bt601" if self.form == "NV12" else "colorimetry=sRGB"
        caps = f"video/x-raw,format={self.form},width={self.width},height={self.height},framerate=30/1,{colours}"
        names = f"location={self.folder}/%02d stop-index={FRAMES - 1} loop={str(loop).lower()}"
        return f"multifilesrc {names} caps={caps} ! appsink name=frames".split(" ")


class Glimpsed:
    def __init__(self, program, model):
        self.program, self.model = program, model

    def call(self, *words):
        done = subprocess.run([self.program, *map(str, words)], capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"compare: '{' '.join(map(str, words))}' failed:\n{done.stderr}")
        return done.stdout

    def inspect(self):
        return json.loads(self.call("inspect", "--json", self.model))

    def speed(self, frames, seconds):
        return json.loads(self.call("bench", "--json", "--model", self.model, "--time", f"{seconds}s", "--", *frames.pipeline(True)))

    def answers(self, frames):
        lines = self.call("-q", "run", "--json", "--model", self.model, "--", *frames.pipeline(False)).splitlines()
        return [[(best["index"], best["confidence"]) for best in json.loads(line)["classifications"]] for line in lines]

    def first(self, frames):
        return [self.program, "-q", "run", "--json", "--frames", "1", "--model", self.model, "--", *frames.pipeline(True)]


class Script:
    def __init__(self, model, about):
        spec = {side: about[side]["quantization"] for side in ("input", "output")}
        kinds = [about[side]["type"] for side in ("input", "output")]
        if kinds != ["uint8", "uint8"] or about["input"]["layout"] != "NCHW" or about["output"]["softmax"]:
            sys.exit("compare: the script needs a model with uint8 input and output, NCHW, and logits")
        self.model = model
        self.flags = [f"--{side}={quant['scale']!r},{quant['zero_point']}" for side, quant in spec.items()]

    def words(self, what, frames, seconds):
        size = ["--format", frames.form, "--width", str(frames.width), "--height", str(frames.height)]
        model = ["--model", str(self.model), "--frames", str(frames.file), "--seconds", str(seconds)]
        return [sys.executable, str(HERE / "script.py"), what, *model, *size, *self.flags]

    def call(self, what, frames, seconds=0):
        return json.loads(subprocess.run(self.words(what, frames, seconds), stdout=subprocess.PIPE, check=True).stdout)

    def speed(self, frames, seconds):
        return self.call("speed", frames, seconds)

    def answers(self, frames):
        return self.call("answers", frames)

    def first(self, frames):
        return self.words("first", frames, 0)


def until_first_line(words):
    """Milliseconds from the start of a program to its first line."""
    begin = time.perf_counter()
    with subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as program:
        line = program.stdout.readline()
        took = (time.perf_counter() - begin) * 1e3
        program.stdout.read()
    if not line:
        sys.exit(f"compare: no answer from {words[0]}")
    return took


def medians(measured):
    """The medians of all rounds: {what: [(script, glimpsed), ...]}."""
    return {what: [statistics.median(side) for side in zip(*rounds)] for what, rounds in measured.items()}


def is_line(frames):
    return (frames.form, (frames.width, frames.height)) == LINE


def measure(args, script, glimpsed, all_frames):
    measured = {}
    note = lambda what, one, two: measured.setdefault(what, []).append((one, two))
    for number in range(args.rounds):
        for frames in sorted(all_frames, key=is_line):
            name = f"{frames.form} {frames.width}x{frames.height}"
            say(f"round {number + 1} of {args.rounds}: {name}")
            one, two = script.speed(frames, args.seconds), glimpsed.speed(frames, args.seconds)
            note(f"preprocess {name}, ms", one["preprocess_ms"]["p50"], two["stages"]["preprocess_ms"]["p50"])
            if is_line(frames):
                whole = two["full_speed"]
                note(f"inference alone {name}, ms", one["inference_ms"]["p50"], two["inference_floor"]["ms"]["p50"])
                note(f"whole line {name}, frames/s", one["per_second"], whole["per_second"])
                note(f"processor time of a frame {name}, ms", one["cpu_ms_per_frame"], whole["cpu"]["total_ms"])
                note(f"memory at the most {name}, MiB", one["peak_rss_mib"], two["peak_rss_mib"])
                note("start to first answer, ms", until_first_line(script.first(frames)), until_first_line(glimpsed.first(frames)))
    return medians(measured)


def agreement(script, glimpsed, all_frames):
    """For each kind of frames: how many answers have the same best class, and the largest difference of confidences."""
    found = {}
    for frames in all_frames:
        theirs, ours = script.answers(frames), glimpsed.answers(frames)
        same = sum(one[0][0] == two[0][0] for one, two in zip(theirs, ours, strict=True))
        apart = max(abs(dict(map(tuple, two)).get(index, score) - score) for one, two in zip(theirs, ours) for index, score in one)
        found[f"{frames.form} {frames.width}x{frames.height}"] = {"same_best": same, "of": FRAMES, "confidence_apart": apart}
    return found


def table(report):
    machine, versions = report["machine"], report["versions"]
    lines = [
        f"Model {report['model']}, one thread each, {report['rounds']} rounds in turn, medians. {machine['processor']}, "
        f"{machine['cores']} cores. " + ", ".join(f"{name} {number}" for name, number in versions.items()) + ".",
        "",
        "| | script in Python | glimpsed | glimpsed / script |",
        "|---|---:|---:|---:|",
    ]
    for what, (one, two) in report["medians"].items():
        lines.append(f"| {what} | {one:.2f} | {two:.2f} | {two / one:.3f} |")
    lines += ["", "| answers on the same frames | same best class | confidences apart, at the most |", "|---|---:|---:|"]
    for what, found in report["agreement"].items():
        lines.append(f"| {what} | {found['same_best']} of {found['of']} | {found['confidence_apart']:.6f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=PROJECT / "models/testcard/testcard.onnx", help="uint8 input and output, NCHW")
    parser.add_argument("--pictures", help="a folder of photos for the frames; default: synthetic ones")
    parser.add_argument("--glimpsed", type=pathlib.Path, default=PROJECT / "target/release/glimpsed")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="duration of each part of a round")
    parser.add_argument("--out", type=pathlib.Path, default=PROJECT / "target/compare", help="folder for compare.md and compare.json")
    args = parser.parse_args()
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    glimpsed = Glimpsed(args.glimpsed, args.model)
    script = Script(args.model, glimpsed.inspect())
    with tempfile.TemporaryDirectory() as folder:
        photos = pictures(args.pictures)
        all_frames = [Frames(pathlib.Path(folder), form, size, photos) for form in FORMATS for size in SIZES]
        say("do the answers agree?")
        agreed = agreement(script, glimpsed, all_frames)
        found = measure(args, script, glimpsed, all_frames)
        about = glimpsed.speed(all_frames[0], 0.2)
    names = ["numpy", "onnxruntime", "opencv-python-headless", "pillow"]
    versions = {"glimpsed": about["versions"]["glimpsed"], "GStreamer": about["versions"]["gstreamer"], "Python": platform.python_version()}
    report = {
        "model": args.model.stem,
        "machine": about["machine"],
        "versions": versions | {name: version(name) for name in names},
        "rounds": args.rounds,
        "seconds": args.seconds,
        "medians": found,
        "agreement": agreed,
    }
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "compare.json").write_text(json.dumps(report, indent=1) + "\n")
    (args.out / "compare.md").write_text(table(report))
    print(table(report), end="")


if __name__ == "__main__":
    main()
