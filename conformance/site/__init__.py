"""The public page: what the bundles in a folder prove, as a static site that needs no server and no script."""
