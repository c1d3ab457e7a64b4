"""The phonemes of the synthesiser: formants, sources and durations.

Formants of vowels are the means of 33 men in Peterson and Barney 1952, J. Acoust. Soc. Am. 24,
175-184, table II; those of consonants follow the loci of Klatt 1980, J. Acoust. Soc. Am. 67,
971-995, rounded. Labels are ARPAbet; AX is schwa.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

Formants = tuple[float, float, float]


class Segment(NamedTuple):
    """A stretch of a phoneme with one target.

    Amplitudes are root mean squares relative to an open vowel.

    Attributes
    ----------
    share : float
        Part of the phoneme's duration.
    formants : tuple of float
        F1 to F3 of a male voice in Hz.
    voicing, aspiration, frication : float
        Amplitude of pulses through the formants, of noise through them, and of noise in a band.
    band : tuple of float
        Centre and width (standard deviation) of the band in Hz.
    """

    share: float
    formants: Formants
    voicing: float = 0.0
    aspiration: float = 0.0
    frication: float = 0.0
    band: tuple[float, float] = (4000.0, 2000.0)


class Phoneme(NamedTuple):
    """A phoneme: seconds at normal rate, whether its steady part is voiced, and its segments."""

    duration: float
    voiced: bool
    segments: tuple[Segment, ...]


def _vowel(duration: float, *targets: Formants, voicing: float = 1.0) -> Phoneme:
    segments = [Segment(1 / len(targets), target, voicing) for target in targets]
    return Phoneme(duration, True, tuple(segments))


def _fricative(
    locus: Formants, amplitude: float, centre: float, width: float, *, voicing: float = 0.0
) -> Phoneme:
    duration = 0.07 if voicing else 0.11
    segment = Segment(1.0, locus, voicing, frication=amplitude, band=(centre, width))
    return Phoneme(duration, voicing > 0, (segment,))


def _stop(locus: Formants, centre: float, width: float, *, voiced: bool = False) -> Phoneme:
    """Closure (silence or a voice bar), burst, then aspiration or voicing."""
    band = (centre, width)
    if voiced:
        closure = Segment(0.65, (200.0, *locus[1:]), 0.12)
        burst = Segment(0.2, locus, 0.1, frication=0.3, band=band)
        return Phoneme(0.065, True, (closure, burst, Segment(0.15, locus, 0.5)))
    closure = Segment(0.55, locus)
    burst = Segment(0.2, locus, frication=0.5, band=band)
    return Phoneme(0.09, False, (closure, burst, Segment(0.25, locus, aspiration=0.25)))


def _affricate(centre: float, width: float, *, voicing: float = 0.0) -> Phoneme:
    locus = (300.0, 1840.0, 2750.0)
    hiss = Segment(0.6, locus, voicing, frication=0.3, band=(centre, width))
    return Phoneme(0.11, voicing > 0, (Segment(0.4, locus, voicing / 2), hiss))


_LABIAL: Formants = (300.0, 850.0, 2200.0)
_DENTAL: Formants = (300.0, 1400.0, 2600.0)
_ALVEOLAR: Formants = (300.0, 1750.0, 2650.0)
_PALATAL: Formants = (300.0, 1840.0, 2750.0)
_VELAR: Formants = (280.0, 2000.0, 2300.0)

PHONEMES: Mapping[str, Phoneme] = {
    "IY": _vowel(0.11, (270, 2290, 3010), voicing=0.8),
    "IH": _vowel(0.08, (390, 1990, 2550), voicing=0.9),
    "EH": _vowel(0.09, (530, 1840, 2480)),
    "AE": _vowel(0.12, (660, 1720, 2410)),
    "AA": _vowel(0.12, (730, 1090, 2440)),
    "AO": _vowel(0.12, (570, 840, 2410)),
    "UH": _vowel(0.08, (440, 1020, 2240), voicing=0.9),
    "UW": _vowel(0.11, (300, 870, 2240), voicing=0.8),
    "AH": _vowel(0.09, (640, 1190, 2390)),
    "ER": _vowel(0.10, (490, 1350, 1690), voicing=0.9),
    "AX": _vowel(0.055, (500, 1500, 2500), voicing=0.7),
    "EY": _vowel(0.13, (500, 1950, 2500), (330, 2250, 2900)),
    "AY": _vowel(0.15, (730, 1150, 2440), (380, 2050, 2600)),
    "OW": _vowel(0.13, (540, 950, 2400), (350, 800, 2250)),
    "AW": _vowel(0.15, (730, 1250, 2440), (400, 900, 2250)),
    "OY": _vowel(0.16, (560, 850, 2400), (380, 2000, 2550)),
    "M": _vowel(0.07, (250, 1050, 2150), voicing=0.4),
    "N": _vowel(0.065, (250, 1500, 2400), voicing=0.4),
    "NG": _vowel(0.075, (250, 1950, 2350), voicing=0.4),
    "L": _vowel(0.065, (360, 1200, 2750), voicing=0.6),
    "R": _vowel(0.065, (340, 1120, 1500), voicing=0.6),
    "W": _vowel(0.065, (290, 650, 2200), voicing=0.6),
    "Y": _vowel(0.06, (260, 2250, 3000), voicing=0.6),
    "HH": Phoneme(0.06, False, (Segment(1.0, (500, 1500, 2500), aspiration=0.25),)),
    "S": _fricative(_ALVEOLAR, 0.35, 5800, 1200),
    "SH": _fricative(_PALATAL, 0.35, 3300, 1000),
    "F": _fricative(_LABIAL, 0.12, 4500, 3000),
    "TH": _fricative(_DENTAL, 0.12, 5500, 2500),
    "Z": _fricative(_ALVEOLAR, 0.25, 5800, 1200, voicing=0.3),
    "ZH": _fricative(_PALATAL, 0.25, 3300, 1000, voicing=0.3),
    "V": _fricative(_LABIAL, 0.08, 4500, 3000, voicing=0.35),
    "DH": _fricative(_DENTAL, 0.08, 5500, 2500, voicing=0.35),
    "P": _stop(_LABIAL, 900, 700),
    "T": _stop(_ALVEOLAR, 4500, 1500),
    "K": _stop(_VELAR, 2000, 500),
    "B": _stop(_LABIAL, 700, 600, voiced=True),
    "D": _stop(_ALVEOLAR, 4000, 1500, voiced=True),
    "G": _stop(_VELAR, 1900, 500, voiced=True),
    "CH": _affricate(3500, 1000),
    "JH": _affricate(3200, 1000, voicing=0.25),
}
