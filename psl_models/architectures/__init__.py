"""The networks between the residues and the pooling, each named as in `psl_models.configuration.ARCHITECTURES`."""
