#!/usr/bin/env python3
"""Compares glimpsed with the authors' own preprocessing, on classifiers that other people published (setup/classifiers.txt).

    PYTHONPATH=.runtime/python python3 tests/classifiers/compare.py --photos FOLDER

Each model runs once without flags and, unless that was right, once with those of models.py. Right means: the same best class for each
photo as the authors' preprocessing gives in ONNX Runtime, and confidences within the tolerance. A model that is wrong without flags must
say so, by refusing or by a warning. Each flag that makes it right must have been named, by the run without flags or, after a refusal, by
the run with those that the refusal named; else the script fails. The table goes to standard output, in Markdown.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime
from PIL import Image

from models import MODELS

PROJECT = pathlib.Path(__file__).resolve().parent.parent.parent
FOLDER = PROJECT / ".runtime/classifiers"
HEAD = """| model | package | licence | without flags | flags | with them: same best class | largest difference of a confidence |
|---|---|---|---|---|---|---|"""


class Answers:
    """The confidences of all classes, one row per photo."""

    def __init__(self, confidences):
        self.confidences = np.array(confidences, dtype=np.float64)

    def compared(self, other):
        """How many best classes are the same, and the largest difference of a confidence."""
        same = int((self.confidences.argmax(axis=1) == other.confidences.argmax(axis=1)).sum())
        return same, float(np.abs(self.confidences - other.confidences).max())


class Run:
    """A run of glimpsed: its answers if it gave any, and all that it said."""

    def __init__(self, glimpsed, model, files, flags):
        command = [glimpsed, "classify", "--json", "--top", "1000", "--model", FOLDER / model.file, *flags.split(), *files]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [json.loads(line) for line in run.stdout.splitlines()]
        results = [line["classifications"] for line in lines if line["type"] == "classification"]
        self.said = run.stderr
        self.refused = not results
        self.answers = None
        if results:
            assert run.returncode == 0 and len(results) == len(files), f"{model.name}: {run.stderr}"
            ordered = [sorted(classes, key=lambda one: one["index"]) for classes in results]
            self.answers = Answers([[one["confidence"] for one in classes] for classes in ordered])
            self.labels = [one["label"] for one in ordered[0]]


def by_the_authors(model, photos):
    """What the model answers to the authors' preprocessing."""
    session = onnxruntime.InferenceSession(str(FOLDER / model.file), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return Answers([model.answer(session.run(None, {name: model.prepare(photo)})[0][0]) for photo in photos])


def right(model, run, reference):
    """Whether it answered as the authors' preprocessing does."""
    if run.refused:
        return False
    same, difference = run.answers.compared(reference)
    return same == len(reference.confidences) and difference <= model.tolerance and (run.labels == model.labels or not model.labels)


def named(flags, said):
    """Those of `flags`, as (flag, value), that `said` names; bars belong to the letterbox that --resize gives."""
    return [(flag, value) for flag, value in flags if flag in said or (flag == "--bars" and "--resize" in said)]


def unnamed(model, glimpsed, files, plain):
    """The flags that make it right and that nothing named."""
    words = model.flags.split()
    flags = list(zip(words[::2], words[1::2]))
    told = named(flags, plain.said)
    if plain.refused:
        told += named(flags, Run(glimpsed, model, files, " ".join(word for pair in told for word in pair)).said)
    return [flag for flag, value in flags if (flag, value) not in told]


def row(model, glimpsed, photos, folder):
    """A row of the table, and what is wrong with it."""
    files = [folder / f"{number}.png" for number in range(len(photos))]
    for photo, file in zip(photos, files):
        Image.fromarray(photo).save(file)
    reference = by_the_authors(model, photos)
    plain = run = Run(glimpsed, model, files, "")
    flags, faults = "none needed", []
    if right(model, plain, reference):
        first = "right"
    else:
        if plain.refused:
            first = "refused"
        else:
            same, difference = plain.answers.compared(reference)
            first = f"warned; {same}/{len(photos)}, {difference:.4f}"
            if "WARN" not in plain.said:
                faults.append("it is wrong in silence")
        if silent := unnamed(model, glimpsed, files, plain):
            faults.append(f"nothing names {', '.join(silent)}: {plain.said}")
        flags, run = f"`{model.flags}`", Run(glimpsed, model, files, model.flags)
        if not right(model, run, reference):
            faults.append(f"it is not right with {model.flags or 'no flags'}: {run.said}")
            if run.answers and run.labels != model.labels:
                faults.append(f"labels {run.labels[:10]}")
    same, difference = ("-", float("nan")) if run.refused else run.answers.compared(reference)
    note = f" ({model.note})" if model.note else ""
    line = [model.name, package(model), model.licence, first, flags, f"{same}/{len(photos)}", f"{difference:.4f}{note}"]
    return f"| {' | '.join(line)} |", faults


def package(model):
    """The package of its file, with the version."""
    pinned = (PROJECT / "setup/classifiers.txt").read_text().split(model.file)[0]
    return " ".join(re.findall(r"^(\S+)==(\S+) ", pinned, re.MULTILINE)[-1])


def main():
    parser = argparse.ArgumentParser(description="Compares glimpsed with the authors' own preprocessing.")
    parser.add_argument("--glimpsed", default=PROJECT / "target/debug/glimpsed", help="the program")
    parser.add_argument("--photos", type=pathlib.Path, required=True, help="a folder of PNG files")
    parser.add_argument("--only", default="", help="models whose name contains this")
    given = parser.parse_args()
    photos = [np.asarray(Image.open(file).convert("RGB")) for file in sorted(given.photos.glob("*.png"))]
    wrong = []
    print(HEAD)
    for model in MODELS:
        if given.only in model.name:
            with tempfile.TemporaryDirectory() as folder:
                line, faults = row(model, given.glimpsed, photos, pathlib.Path(folder))
            print(line, flush=True)
            wrong += [f"{model.name}: {fault}" for fault in faults]
    sys.exit("\n".join(wrong) or None)


if __name__ == "__main__":
    main()
