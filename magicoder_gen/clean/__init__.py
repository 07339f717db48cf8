"""Stage 3: replies to samples and rejections."""
