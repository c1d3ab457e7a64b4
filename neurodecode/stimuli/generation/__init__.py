"""From latents to pictures: generators behind one narrow interface."""
