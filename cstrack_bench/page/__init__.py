"""One self-contained HTML page of the results, its figures and its pictures."""
