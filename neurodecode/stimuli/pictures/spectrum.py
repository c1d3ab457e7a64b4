"""Two-dimensional Fourier transform of a picture, as real numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import ConfigFault, unknown
from neurodecode.stimuli.pictures.engineered import EngineeredEncoder

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FORMS = ("real_imaginary", "log_psd_angle")
_EPS = 1e-12  # keeps the logarithm of an absent frequency finite


class Fourier2D(EngineeredEncoder):
    r"""Fourier coefficients of the mean of the three channels, scaled to 0-1.

    .. math:: F_{uv} = \sum_{y,x} g_{yx} e^{-2 \pi i (uy + vx) / N}, \qquad
              -K \le u < K,\; 0 \le v \le K

    Coefficients of negative v are the conjugates of those kept. "real_imaginary" holds
    :math:`\mathrm{Re}\,F, \mathrm{Im}\,F` side by side; "log_psd_angle" holds
    :math:`\ln(|F|^2 + 10^{-12})` of all coefficients in a row of u, then their angles in radians.

    Parameters
    ----------
    form : {"real_imaginary", "log_psd_angle"}, default="real_imaginary"
        The first is the article's "FFT-2D (as real)".
    n_frequencies : int, default None
        K in cycles per picture, at most half of ``size``, the default: all.
    size : int, default=64
        N, pixels of the square the picture is brought to first, an even number.

    Raises
    ------
    ConfigFault
        If a setting is not one of these.

    References
    ----------
    Benchetrit et al. 2024, ICLR, section 2.3.
    """

    name = "fft2d"

    def __init__(
        self, form: str = "real_imaginary", n_frequencies: int | None = None, size: int = 64
    ) -> None:
        super().__init__(size)
        if form not in _FORMS:
            raise ConfigFault(unknown("form of spectrum", form, _FORMS))
        n_frequencies = size // 2 if n_frequencies is None else n_frequencies
        if size % 2 or not 1 <= n_frequencies <= size // 2:
            what = f"{n_frequencies} frequencies of pictures of {size} pixels"
            raise ConfigFault(what, fix="give an even size, and 1 to half of it")
        self.form, self.n_frequencies = form, int(n_frequencies)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of an embedding: (4 K (K + 1),)."""
        return (4 * self.n_frequencies * (self.n_frequencies + 1),)

    def features(self, picture: NDArray[np.uint8]) -> NDArray[Any]:
        """Return the coefficients of one picture."""
        grey = picture.astype(np.float64).mean(axis=2) / 255
        rows = np.arange(-self.n_frequencies, self.n_frequencies)
        spectrum = np.fft.rfft2(grey)[rows, : self.n_frequencies + 1]
        if self.form == "real_imaginary":
            return np.stack([spectrum.real, spectrum.imag], axis=-1).ravel()
        log_psd = np.log(np.abs(spectrum) ** 2 + _EPS)
        return np.concatenate([log_psd, np.angle(spectrum)], axis=1).ravel()
