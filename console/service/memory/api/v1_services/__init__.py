"""The older dialect, /v1/Services, on the same data. Contract section 16."""
