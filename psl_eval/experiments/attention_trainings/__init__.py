"""What has to be trained to test attention: networks that differ by seed, adversaries, and MLPs that weights guide."""
