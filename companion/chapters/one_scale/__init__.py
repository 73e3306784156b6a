"""The chapter "The study's networks on one scale": its saved losses, read as one functional."""
