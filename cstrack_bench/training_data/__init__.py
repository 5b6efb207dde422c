"""Training images: decoded, augmented, cropped and batched."""
