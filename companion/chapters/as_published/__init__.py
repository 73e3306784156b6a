"""The study's protocol run again: its losses and samples beside ours, and both beside the exact floors."""
