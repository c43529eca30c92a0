"""Several tables that belong together: their order, their children and links, learned and made over the tables."""
