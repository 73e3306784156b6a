"""Forward process and posterior."""
