"""The wire's nouns, each declared once: fields, limits, patterns, ids, times, samples.

No Django here. The service's bodies and answers are these structs, the client decodes
into them, forms and files are checked by their limits, and the API's description is
made from them. Sections named in docstrings are those of docs/contract.md.
"""
