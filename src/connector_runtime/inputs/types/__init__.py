"""The types of inputs, one file each: how a value is read, drawn, bounded and told of."""
