"""What samples are about: the ten categories of the paper, by words or by meaning; TF-IDF."""
