"""One module a benchmark: `TITLE`, and `rows(context)`, which measures and yields `Row`s."""
