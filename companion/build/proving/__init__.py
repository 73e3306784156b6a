"""What `companion.build.verify` does: prove the steps of the ledger, and keep what has been proved."""
