"""Everything of Zhundian that ships to Lambda, but for the layer that scripts live in."""
