"""Stage 5: samples to data sets that trainers load."""
