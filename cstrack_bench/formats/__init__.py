"""How files are read and written: MOT rows, frames, sequences, JDE's lists."""
