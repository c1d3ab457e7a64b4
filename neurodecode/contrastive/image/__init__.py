"""Images: find, then redraw, the seen picture (Benchetrit, Banville and King 2024)."""
