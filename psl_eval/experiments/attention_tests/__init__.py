"""Whether attention explains: tests of it, one a module. Needs torch."""
