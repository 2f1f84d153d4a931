"""From bytes to a reply: the listening socket, HTTP, ASGI, and the way of a request."""
