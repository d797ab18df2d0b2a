# What oliver006/redis_exporter is upstream, around the binary that servers/redis_exporter builds; busybox stands in for
# Alpine.
FROM busybox:1.35.0-glibc
COPY redis_exporter /
USER 59000:59000
EXPOSE 9121
ENTRYPOINT ["/redis_exporter"]
