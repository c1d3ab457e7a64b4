"""What was seen: picture files, and what engineered and pretrained encoders say of them."""
