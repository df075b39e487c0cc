"""Everything spatial: readers, boundaries, roads, routing, maps. Knows no solver."""
