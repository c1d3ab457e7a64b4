"""Eight published brain decoders as real pipelines, one command each."""

__version__ = "0.1.0"
