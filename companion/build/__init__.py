"""From notebooks to a book: execute, render, compare, pair, lock."""
