# Two commands are enough: `make demo` and `make test`. Both make their own virtual environment.
