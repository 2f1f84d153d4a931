"""The fast wire: sockets of our own under the C parser of httptools."""
