"""From findings to ranked causes with proof."""
