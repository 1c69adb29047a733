"""What is made of reports: known failures, comparisons, shards and their merging."""
