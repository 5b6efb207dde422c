"""Submissions: a server's zip packed and checked, and its scores brought in."""
