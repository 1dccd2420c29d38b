"""Words that Tesseract read are read again by a recogniser of another kind, or are in doubt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bots.reading.paper.sheet import Word

MODEL = "models/ch_PP-OCRv4_rec_infer.onnx"
HIGH, LEAST_WIDE = 48, 48  # cells, as the model was taught
AT_ONCE = 8
AROUND = 0.15  # of a word's height: room that the model is used to
AGREED = 60  # percent: two readers of different kinds saw the same
SURER, UNSURE = 0.9, 70
CLEAN_AGREED, CLEAN_SURE, CLEAN_WORD = 0.97, 94, 90
MONEY = re.compile(r"[-(]?\$?\d[\d,]*\.\d\d[-)]?")

Reader = Callable[[Sequence[Image.Image]], list[tuple[str, float]]]


def doubted(image: Image.Image, words: list[Word], cells_a_point: float) -> list[Word]:
    """``words`` of a page, each as sure as two readers of different kinds make it.

    A word that Tesseract doubts is sure when the second reader sees the same. So must it see
    every word that Tesseract is less sure of than of clean print, and all of a page that is not
    clean; an amount of money it need not, since the equations prove it. Where they differ the
    word is in doubt, whichever text it keeps. Without a second reader on this machine a page that
    is not clean is in doubt as if nothing had been seen.
    """
    read, clean = _reader(), _clean(words)
    if read is None:
        return words if clean else [_judged(word, "", 0.0) for word in words]
    least = CLEAN_WORD if clean else 101
    asked = [n for n, word in enumerate(words) if word.confidence < least]
    if not asked:
        return words
    crops = [_crop(image, words[n], cells_a_point) for n in asked]
    judged = list(words)
    for n, (text, sure) in zip(asked, read(crops), strict=True):
        judged[n] = _judged(words[n], text, sure)
    return judged


def _clean(words: Sequence[Word]) -> bool:
    said = [word for word in words if any(map(str.isalnum, word.text))]
    agreed = [word for word in said if word.confidence > 0]
    mean = sum(word.confidence for word in agreed) / max(len(agreed), 1)
    return len(agreed) >= CLEAN_AGREED * len(said) and mean >= CLEAN_SURE


def _judged(word: Word, text: str, sure: float) -> Word:
    if _same(word.text, text):
        return replace(word, confidence=max(word.confidence, AGREED))
    if word.confidence > 0 and MONEY.fullmatch(word.text):
        return word
    if text and sure >= SURER and word.confidence < UNSURE:
        return replace(word, text=text, confidence=0)
    return replace(word, confidence=0)


def _same(one: str, other: str) -> bool:
    """Whether two readings are one; large and small letters count only beside digits."""
    if any(map(str.isdigit, one)):
        return one == other
    return one.casefold() == other.casefold()


def _crop(image: Image.Image, word: Word, cells_a_point: float) -> Image.Image:
    left, top, right, bottom = (side * cells_a_point for side in word.box)
    room = AROUND * (bottom - top)
    box = (int(left - room), int(top - room), int(right + room) + 1, int(bottom + room) + 1)
    return image.crop((max(box[0], 0), max(box[1], 0), box[2], box[3]))


@cache
def _reader() -> Reader | None:
    """The model that RapidOCR's package brings, run by onnxruntime; None where it is missing."""
    if find_spec("onnxruntime") is None:
        return None
    package = find_spec("rapidocr_onnxruntime")
    if package is None or package.origin is None:
        return None
    runtime = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    session = runtime.InferenceSession(
        str(Path(package.origin).parent / MODEL), options, providers=["CPUExecutionProvider"]
    )
    letters = ["", *session.get_modelmeta().custom_metadata_map["character"].splitlines(), " "]
    entry = session.get_inputs()[0].name

    def read(crops: Sequence[Image.Image]) -> list[tuple[str, float]]:
        found: list[tuple[str, float]] = [("", 0.0)] * len(crops)
        order = sorted(range(len(crops)), key=lambda n: crops[n].width / crops[n].height)
        for at in range(0, len(order), AT_ONCE):
            some = order[at : at + AT_ONCE]
            answer = session.run(None, {entry: _stacked([crops[n] for n in some])})[0]
            for n, text in zip(some, _texts(answer, letters), strict=True):
                found[n] = text
        return found

    return read


def _stacked(crops: Sequence[Image.Image]) -> Any:
    """Crops of one height, side by side, dark at -1 and light at 1."""
    wide = [max(8, round(HIGH * one.width / one.height)) for one in crops]
    stacked = np.zeros((len(crops), 3, HIGH, max(*wide, LEAST_WIDE)), np.float32)
    for n, (one, width) in enumerate(zip(crops, wide, strict=True)):
        grey = one.convert("L").resize((width, HIGH), Image.Resampling.BILINEAR)
        stacked[n, :, :, :width] = np.asarray(grey, np.float32) / 127.5 - 1
    return stacked


def _texts(answer: Any, letters: Sequence[str]) -> Iterator[tuple[str, float]]:
    """The likeliest letter of each column, those that go on once; and the least likely of them."""
    for columns in answer:
        best, chance = columns.argmax(axis=1), columns.max(axis=1)
        kept = (best != 0) & np.concatenate(([True], best[1:] != best[:-1]))
        text = "".join(letters[n] for n in best[kept])
        sure = float(chance[kept].min()) if kept.any() else 0.0
        yield unicodedata.normalize("NFKC", text).strip(), sure
