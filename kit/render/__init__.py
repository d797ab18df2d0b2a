"""From settings to the files, arguments and environment of each server, by that server's own jsonnet template."""
