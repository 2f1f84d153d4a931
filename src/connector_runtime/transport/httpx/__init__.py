"""The wire of httpx: its transports, over sockets of our own or given as they are."""
