"""The text of a file whose encoding is not known: by its byte order mark, by what it says of itself, or by what fits.

In Shift_JIS, Big5 and GBK the second byte of a character can be a backslash or a bracket, so a file is decoded before
anything in it is looked at, and an encoding that fits badly would not only spoil names but lose moves.
"""

from __future__ import annotations

import codecs
import re

ENCODINGS = ("utf-8", "cp932", "gb18030", "big5", "cp949", "cp1252")
"""Encodings in the order in which they are taken where several fit equally well."""

_MARKS = (  # byte order marks; that of UTF-32 begins as that of UTF-16 does
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_SUPERSETS = {  # what a file may call its encoding, as Python names it -> what it is read as
    "ascii": "cp1252",
    "iso8859-1": "cp1252",
    "shift_jis": "cp932",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "big5hkscs": "big5hkscs",
    "cp950": "big5",
    "euc_kr": "cp949",
} | {
    name: name
    for name in "utf-8 utf-16 cp932 euc_jp iso2022_jp shift_jis_2004 gb18030 hz big5 cp949 johab cp1250 cp1251 cp1252 "
    "cp1253 cp1254 cp1257 iso8859-2 iso8859-5 iso8859-9 iso8859-15 koi8-r koi8-u".split()
}
_SAMPLE = 1 << 16  # bytes by which the encoding is told
_SINGLE_LETTERS = re.compile(rb"(?:[\x00-\x7f]|[\xc0-\xff](?![\x80-\xff]))*")  # as in "Müller" in Latin-1
_ODD = re.compile(  # what no name or comment is written in, Latin letters apart
    r"[^\u0000-\u00ff\u2010-\u2027\u2030\u25a0-\u266f\u3000-\u312f\u3400-\u9fff\uac00-\ud7a3\uff01-\uff60\uffe0-\uffe6]"
)
_HANZI = re.compile(r"[\u3400-\u9fff]")
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_LEAST_HANGUL = 8  # Chinese of so many characters does not look like Korean by chance


def decode(data: bytes, encodings: tuple[str, ...] = ENCODINGS, declared: str | None = None) -> str:
    """Return the text of a file. `declared` is what the file itself says of its encoding.

    A byte order mark counts before all else. Bytes that are none of the chosen encoding become U+FFFD.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data[len(mark) :].decode(encoding, errors="replace")
    if (wide := _wide(data)) is not None:
        return data.decode(wide, errors="replace")
    if declared is not None and (known := _known(declared)) is not None and _fits(data, known):
        return data.decode(known)
    if _fits(data, "utf-8"):
        return data.decode("utf-8")
    return data.decode(_likeliest(data[:_SAMPLE], encodings), errors="replace")


def _wide(data: bytes) -> str | None:
    """Return the UTF-16 of a file without a mark that begins with ASCII, None for all others."""
    head = data[:4]
    if len(head) == 4 and not any(head[1::2]) and all(head[::2]):
        return "utf-16-le"
    if len(head) == 4 and not any(head[::2]) and all(head[1::2]):
        return "utf-16-be"
    return None


def _known(name: str) -> str | None:
    """Return the encoding that a file means, None for one that is not known."""
    try:
        return _SUPERSETS.get(codecs.lookup(name.strip()).name)
    except (LookupError, ValueError):
        return None


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _likeliest(sample: bytes, encodings: tuple[str, ...]) -> str:
    """Return the encoding in which a text that is not UTF-8 reads best."""
    if "cp1252" in encodings and _SINGLE_LETTERS.fullmatch(sample):
        return "cp1252"
    return min(encodings, key=lambda encoding: _oddness(sample, encoding))  # the first of equals


def _oddness(sample: bytes, encoding: str) -> float:
    """Return how many characters are unlikely to be meant; less than 0 for what is surely Korean."""
    text = sample.decode("euc_kr" if encoding == "cp949" else encoding, errors="replace")  # only usual syllables count
    if encoding == "cp1252":
        return 0.5 * len(text.encode("utf-8")) - 0.5 * len(text) + len(_ODD.findall(text))
    odd = len(_ODD.findall(text)) + 2 * text.count("\ufffd")
    if encoding == "cp949":
        hanzi = len(_HANZI.findall(text))
        return -1 if not odd and not hanzi and len(_HANGUL.findall(text)) >= _LEAST_HANGUL else odd + hanzi
    return odd
