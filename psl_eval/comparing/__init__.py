"""Methods of attribution beside each other, from the folders of their hit rates."""
