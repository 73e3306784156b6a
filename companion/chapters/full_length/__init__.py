"""What the study's recipe reaches at its full length, and how much sooner the same is reached."""
