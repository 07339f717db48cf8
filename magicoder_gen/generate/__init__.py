"""Stage 2: seeds to replies, through a teacher."""
