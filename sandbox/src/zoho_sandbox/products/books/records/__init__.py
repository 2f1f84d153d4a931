"""Records of any module: made, kept, listed, changed."""
