"""`python -m pslidx` is the `pslidx` command."""

from pslidx.main import main

if __name__ == "__main__":
    main()
