"""The image pipeline's linear baseline and retrieval against the common libraries."""
