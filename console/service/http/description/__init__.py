"""The service described by itself, as OpenAPI 3.1.

Each resource's module names for each of its views what it takes and answers, as the
types that the view itself reads with, and structs of the form that it answers in.
"""
