"""What is made of reports: known failures, comparisons, merged shards, signed bundles and their verification."""
