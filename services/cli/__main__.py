"""`python -m services.cli` is `wuxian`: how the supervisor starts its children."""

from services.cli.root import main

if __name__ == "__main__":
    main()
