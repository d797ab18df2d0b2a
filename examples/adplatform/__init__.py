"""A small ad platform: the application that the stack watches, and an example to copy from.

Six processes share one database. processes.toml lists them; each is started with
`python -m examples.adplatform.<module>`.
"""
