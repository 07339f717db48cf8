"""The command `push`: what an export wrote, to a data set repository on the Hugging Face Hub."""
