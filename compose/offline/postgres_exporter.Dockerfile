# What prometheuscommunity/postgres-exporter is upstream, around the binary that servers/postgres_exporter builds.
FROM busybox:1.35.0-glibc
COPY postgres_exporter /bin/
USER nobody
EXPOSE 9187
ENTRYPOINT ["/bin/postgres_exporter"]
