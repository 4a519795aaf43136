"""How other programs resize and normalize pictures, written anew in numpy; pictures are uint8 arrays, rows x columns x RGB."""

import io

import numpy as np
from PIL import Image

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def pillow(picture, size, filter):
    """Pillow's resize to size (columns, rows)."""
    return np.asarray(Image.fromarray(picture).resize(size, filter))


def opencv(picture, size, taps, weight):
    """OpenCV's resize to size (columns, rows) with a window of fixed size, not antialiased: `taps` pixels around the middle of the new
    pixel, weighted by their distance from it; what lies outside repeats the border."""
    for axis, length in ((0, size[1]), (1, size[0])):
        have = picture.shape[axis]
        middle = (np.arange(length) + 0.5) * have / length - 0.5
        pixels = np.floor(middle).astype(int)[:, None] + np.arange(1 - taps // 2, taps // 2 + 1)
        weights = weight(pixels - middle[:, None])
        weights /= weights.sum(axis=1, keepdims=True)
        matrix = np.zeros((length, have))
        np.add.at(matrix, (np.arange(length)[:, None], pixels.clip(0, have - 1)), weights)
        picture = np.moveaxis(np.tensordot(matrix, picture, (1, axis)), 0, axis)
    return np.floor(picture + 0.5).clip(0, 255).astype(np.uint8)


def linear(picture, size):
    """cv2.INTER_LINEAR, its default."""
    return opencv(picture, size, 2, lambda x: 1 - np.abs(x))


def lanczos4(picture, size):
    """cv2.INTER_LANCZOS4."""
    return opencv(picture, size, 8, lambda x: np.sinc(x) * np.sinc(x / 4))


def shortest(picture, side):
    """The size (columns, rows) with the same aspect ratio whose shorter side is `side`."""
    rows, columns = picture.shape[:2]
    scale = side / min(rows, columns)
    return round(columns * scale), round(rows * scale)


def middle(picture, size):
    """The middle of it, size (columns, rows)."""
    top, left = (picture.shape[0] - size[1]) // 2, (picture.shape[1] - size[0]) // 2
    return picture[top : top + size[1], left : left + size[0]]


def jpeg(picture):
    """What Pillow's JPEG of usual quality leaves of it."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="JPEG")
    return np.asarray(Image.open(file))


def normalize(picture, mean, std):
    """(pixel / 255 - mean) / std, as float32."""
    return (picture.astype(np.float32) / np.float32(255) - np.float32(mean)) / np.float32(std)


def planes(pixels):
    """Channels first, and a batch of one."""
    return np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
