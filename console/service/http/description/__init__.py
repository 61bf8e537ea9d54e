"""The service described by itself, as OpenAPI 3.1.

Each view names in one decorator what it takes and answers (`operation`); the nouns of
console/contract are the schemas. `document` goes through the routes and tells it all.
"""
