"""``python -m cstrack_bench``, also the form that torchrun starts."""

from cstrack_bench.cli.app import main

if __name__ == "__main__":
    main()
