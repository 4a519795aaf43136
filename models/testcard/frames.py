"""Frames of GStreamer's test pictures: rendered by videotestsrc, then distorted as by a camera in front of a screen."""

import io
import subprocess

import numpy as np
from PIL import Image

SIDE = 224

# label -> the videotestsrc patterns that it covers; the order is the order of the classes
CLASSES = {
    "SMPTE color bars": ["smpte", "smpte75", "smpte100"],
    "SMPTE RP 219 bars": ["smpte-rp-219"],
    "snow": ["snow"],
    "black": ["black"],
    "white": ["white"],
    "red": ["red"],
    "green": ["green"],
    "blue": ["blue"],
    "checkers": ["checkers-8"],
    "circular": ["circular"],
    "zone plate": ["zone-plate"],
    "chroma zone plate": ["chroma-zone-plate"],
    "ball": ["ball"],
    "bar": ["bar"],
    "pinwheel": ["pinwheel"],
    "spokes": ["spokes"],
    "gradient": ["gradient"],
    "colors": ["colors"],
}

TRAIN_SIZES = [(320, 240), (352, 288), (480, 360), (640, 480), (640, 360), (800, 600), (960, 540), (1280, 720)]
# not used in training
TEST_SIZES = [(400, 300), (512, 384), (720, 576), (848, 480), (1024, 576)]

# The zone plate and the bar move only if configured to; the ball has three kinds of motion.
EXTRA = {
    "zone-plate": ["kx2=20 ky2=20 kt=1", "kx2=10 ky2=10 kt=2", "kx2=30 ky2=20 kt=1"],
    "chroma-zone-plate": ["kx2=20 ky2=20 kt=1", "kx2=10 ky2=10 kt=2", "kx2=30 ky2=20 kt=1"],
    "bar": ["horizontal-speed=3", "horizontal-speed=7"],
    "ball": ["motion=wavy", "motion=sweep", "motion=hsweep"],
}


def render(pattern, size, count, options="", pixels="RGB"):
    """`count` frames of `pattern` as uint8 [count, height, width, 3], through a YUV format as from a camera."""
    width, height = size
    text = (
        f"videotestsrc pattern={pattern} num-buffers={count} {options} "
        f"! video/x-raw,format={pixels},width={width},height={height} ! videoconvert "
        f"! video/x-raw,format=RGB,width={width},height={height} ! fdsink fd=1 sync=false"
    )
    raw = subprocess.run(["gst-launch-1.0", "-q", *text.split()], check=True, capture_output=True).stdout
    stride = (width * 3 + 3) // 4 * 4
    rows = np.frombuffer(raw, np.uint8).reshape(-1, height, stride)
    return rows[:, :, : width * 3].reshape(-1, height, width, 3)


def disturb(frame, random, keep):
    """A uint8 [224, 224, 3] picture of `frame`: cropped (at least `keep` of each side), compressed, brightened, with noise."""
    image = Image.fromarray(frame)
    width, height = image.size
    if random.random() < 0.4:
        packed = io.BytesIO()
        image.save(packed, "JPEG", quality=int(random.integers(25, 95)))
        image = Image.open(io.BytesIO(packed.getvalue())).convert("RGB")
    box = None
    if random.random() < 0.6:
        w, h = width * random.uniform(keep, 1), height * random.uniform(keep, 1)
        x, y = random.uniform(0, width - w), random.uniform(0, height - h)
        box = (x, y, x + w, y + h)
    filter = random.choice([Image.Resampling.BICUBIC, Image.Resampling.BICUBIC, Image.Resampling.BILINEAR, Image.Resampling.BOX])
    picture = np.asarray(image.resize((SIDE, SIDE), int(filter), box=box), np.float32)
    if random.random() < 0.6:
        picture = picture * random.uniform(0.7, 1.2) + random.uniform(-12, 12)
    if random.random() < 0.5:
        picture = picture + random.normal(0, random.uniform(0, 10), picture.shape)
    return np.clip(np.rint(picture), 0, 255).astype(np.uint8)


def make_class(task):
    """(pictures, class) for one class: `per_class` pictures, distributed over sizes, patterns and motions."""
    index, sizes, per_class, seed = task
    label = list(CLASSES)[index]
    random = np.random.default_rng([seed, index])
    sources = []
    for size in sizes:
        for pattern in CLASSES[label]:
            for options in EXTRA.get(pattern, [""]):
                # the ball moves over the whole picture within seconds; all others repeat sooner
                count, step = (480, 12) if pattern == "ball" else (24, 4)
                frames = render(pattern, size, count, options, random.choice(["RGB", "I420", "YUY2"]))
                sources.extend(frames[::step].copy())
    pictures = []
    for n in range(per_class * (3 if label == "ball" else 1)):
        frame = sources[int(random.integers(len(sources)))]
        pictures.append(disturb(frame, random, 0.92 if label in ("ball", "bar") else 0.75))
    return np.stack(pictures), index
