"""Files that ``torch.save`` wrote, read without running anything that they name."""
