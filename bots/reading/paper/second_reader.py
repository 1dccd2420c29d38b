"""Words that Tesseract read are read again by a recogniser of another kind, or are in doubt."""

from __future__ import annotations

import os
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

from bots.reading.paper.gaps import in_two, parts
from bots.reading.paper.sheet import AGREED, ALIKE, PROVABLE, Word
from bots.reading.paper.spelling import (
    MONEY,
    WELL_FORMED,
    drawn_alike,
    meant,
    merged,
    well_spelt,
)

MODEL = "models/ch_PP-OCRv4_rec_infer.onnx"
HIGH, LEAST_WIDE = 48, 48  # cells, as the model was taught
AT_ONCE = 8
AROUND = 0.15  # of a word's height: room that the model is used to
ROOMY, LARGER = 0.4, (1.5, 2.0)  # for a second look
WORTH_ANOTHER_LOOK = 0.4  # of a page's words may differ: more, and nothing there can be trusted
SURER, LIKELY, NO_IDEA = 0.9, 0.8, 30
CLEAN_AGREED, CLEAN_SURE, CLEAN_WORD = 0.97, 94, 90
AMOUNT = re.compile(MONEY)
ENDING = re.compile(rf".+\d.*{MONEY}")
SPECK = re.compile(r"[^\w$()*-]+")  # what is left of a rule is read as a bar or a dash
PLAIN = re.compile(r"[A-Za-z]?[a-z]{3,}[.,:;]?")  # no figure and no code

Reader = Callable[[Sequence[Image.Image]], list[tuple[str, float]]]
Again = Callable[[Sequence[Image.Image]], list[str]]


def doubted(
    image: Image.Image, words: list[Word], cells_a_point: float, again: Again
) -> list[Word]:
    """``words`` of a page, each as sure as two readers of different kinds make it.

    The second reader must see the same as Tesseract, but for plain words that Tesseract is sure
    of on a page of clean print. Where they differ both look ``again``, at the word alone and
    enlarged: the one text that both have seen then is sure, anything else in doubt. An amount of
    money that one of them saw each time is left for the equations to judge. Without a second reader
    on this machine a page that is not clean is in doubt as if nothing had been seen.
    """
    read, clean = _reader(), _clean(words)
    if read is None:
        return words if clean else [_in_doubt(word) for word in words]
    grey = np.asarray(image)
    judged: list[Word] = []
    asked: list[Word] = []
    for word in words:
        plain = clean and word.confidence >= CLEAN_WORD and PLAIN.fullmatch(word.text)
        if plain:
            judged.append(word)
        elif _run_together(word.text):
            asked += in_two(grey, word, cells_a_point)
        else:
            asked.append(word)
    crops = [_crop(image, word, cells_a_point) for word in asked]
    differing: list[tuple[Word, str, float]] = []
    for word, (text, sure) in zip(asked, read(crops), strict=True):
        pieces = _pieces(word, text, grey, cells_a_point)
        whole = text.replace(" ", "")
        if word.text and word.confidence == 0 and len(pieces) < len(text.split()):
            judged.append(replace(word, confidence=0))
        elif _same(word.text, whole):
            if len(pieces) == 1 and whole.isupper():
                pieces = [replace(word, text=whole)]
            agreed = max(word.confidence, AGREED)
            judged += [replace(one, text=well_spelt(one.text), confidence=agreed) for one in pieces]
        elif spelt := meant(whole, [word.text]):
            judged.append(replace(word, text=spelt, confidence=AGREED))
        elif len(pieces) > 1:
            differing += [(replace(one, text="", confidence=0), one.text, sure) for one in pieces]
        else:
            differing.append((word, whole, sure))
    if len(differing) > WORTH_ANOTHER_LOOK * len(words):
        for word, text, sure in differing:
            judged.append(_settled(word, (text, sure), set(), {word.text}))
        return judged
    views = [_crop(image, word, cells_a_point) for word, _, _ in differing]
    found = zip(differing, again(views), strict=True)
    looks = [{word.text, look} for (word, _, _), look in found]
    texts = [{text} for _, text, _ in differing]
    still = [n for n, look in enumerate(looks) if not _both(texts[n], look)]
    roomy = read([_crop(image, differing[n][0], cells_a_point, ROOMY) for n in still])
    for n, (text, _) in zip(still, roomy, strict=True):
        texts[n].add(text.replace(" ", ""))
    for larger in LARGER:
        for n, look in zip(still, again([_enlarged(views[n], larger) for n in still]), strict=True):
            looks[n].add(look)
    for (word, text, sure), seen, looked in zip(differing, texts, looks, strict=True):
        letters = any(map(str.isalnum, "".join(seen | looked)))
        if letters or not SPECK.fullmatch(word.text):
            judged.append(_settled(word, (text, sure), seen, looked))
    return judged


def _pieces(word: Word, text: str, grey: Any, cells_a_point: float) -> list[Word]:
    """The words that Tesseract ran together in ``word`` where the second reader sees spaces."""
    seen = text.split()
    boxes = parts(grey, word, seen, cells_a_point) if len(seen) > 1 else [word.box]
    if len(boxes) == 1:
        return [word]
    return [replace(word, text=one, box=box) for one, box in zip(seen, boxes, strict=True)]


def _run_together(text: str) -> bool:
    """Whether it ends in an amount, and is none."""
    return ENDING.fullmatch(text) is not None and not WELL_FORMED.fullmatch(text)


def _clean(words: Sequence[Word]) -> bool:
    said = [word for word in words if any(map(str.isalnum, word.text))]
    agreed = [word for word in said if word.confidence > 0]
    mean = sum(word.confidence for word in agreed) / max(len(agreed), 1)
    return len(agreed) >= CLEAN_AGREED * len(said) and mean >= CLEAN_SURE


def _settled(word: Word, first: tuple[str, float], seen: set[str], looks: set[str]) -> Word:
    """A word that two readers saw differently at first, after both looked at it again."""
    both = _both(seen, looks)
    if len(both) == 1:
        return replace(word, text=well_spelt(both[0]), confidence=AGREED)
    text, sure = first
    spelt = {meant(one, looks) for one in seen} - {""}
    if not both and len(spelt) == 1:
        return replace(word, text=spelt.pop(), confidence=AGREED)
    alike = {one for one in seen | looks if len(one) == len(text) and drawn_alike(one, text)}
    if alike & looks:
        return replace(word, text=merged(alike), confidence=ALIKE)
    others = [look for look in looks if WELL_FORMED.fullmatch(look)]
    alone = seen == {text} and sure >= SURER and len(others) != 1
    if alone and AMOUNT.fullmatch(text):
        return replace(word, text=text, confidence=PROVABLE)
    if word.text and looks <= {word.text, ""} and AMOUNT.fullmatch(word.text):
        return _in_doubt(word)
    likelier = not word.text or (text and (sure >= LIKELY or word.confidence < NO_IDEA))
    return replace(word, text=text if likelier else word.text, confidence=0)


def _both(seen: set[str], looks: set[str]) -> list[str]:
    """What readers of both kinds saw, as Tesseract spells it."""
    return [look for look in looks if look and any(_same(look, text) for text in seen)]


def _enlarged(crop: Image.Image, larger: float) -> Image.Image:
    size = (round(larger * crop.width), round(larger * crop.height))
    return crop.resize(size, Image.Resampling.BICUBIC)


def _in_doubt(word: Word) -> Word:
    held = word.confidence > 0 and AMOUNT.fullmatch(word.text)
    return replace(word, confidence=PROVABLE if held else 0)


def _same(one: str, other: str) -> bool:
    """Whether two readings are one: in a plain word letters that are drawn alike are the same."""
    if not one or any(map(str.isdigit, one + other)):
        return one == other
    return one.casefold().replace("l", "i") == other.casefold().replace("l", "i")


def _crop(
    image: Image.Image, word: Word, cells_a_point: float, room: float = AROUND
) -> Image.Image:
    left, top, right, bottom = (side * cells_a_point for side in word.box)
    room *= bottom - top
    cut = (int(left - room), int(top - room), int(right + room) + 1, int(bottom + room) + 1)
    return image.crop((max(cut[0], 0), max(cut[1], 0), cut[2], cut[3]))


@cache
def _reader() -> Reader | None:
    """The model that RapidOCR's package brings, run by onnxruntime; None where it is missing."""
    if find_spec("onnxruntime") is None:
        return None
    package = find_spec("rapidocr_onnxruntime")
    if package is None or package.origin is None:
        return None
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # else it tells its makers
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
