"""Small images: handwritten digits of 8 x 8 pixels."""
