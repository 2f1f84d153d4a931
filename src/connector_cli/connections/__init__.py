"""Connections on this machine: logged in, kept, looked over."""
